import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadRegistry, type PluginEvent, type Registry, runPlugin } from '../../../core/index.ts';
import { drawn } from '../../support/pictures.ts';
import { eventsOf, servicesOf, tableOf, useEngine } from '../../support/services.ts';

const folder = fileURLToPath(new URL('../../fixtures/plugins-fenced', import.meta.url));
const modules = fileURLToPath(new URL('../../../node_modules/@img', import.meta.url));
const engine = useEngine();
let registry: Registry;
let place: string;
const at = (name: string): string => join(place, name);
const run = (id: string, parameters: unknown, options = {}) =>
  eventsOf(registry.find(id), parameters, servicesOf(engine, place), options);

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'lodestone-fence-'));
  registry = await loadRegistry([folder]);
  await mkdir(at('named'));
  const picture = await drawn('circle', 'red');
  for (const name of ['one.png', 'two.png', 'hidden.png', join('named', 'three.png')])
    await writeFile(at(name), picture);
  await writeFile(at('secret.mjs'), 'export const secret = 1;');
});
afterAll(() => rm(place, { recursive: true, force: true }));

/** The code, or what was given, by attempt. */
const outcomes = (events: readonly PluginEvent[], skip = 0): Record<string, unknown> =>
  Object.fromEntries(
    tableOf(events.slice(skip), /Attempts/).rows.map(([name, code, what]) => [
      name,
      code === 'done' || code === 'none' ? `${code}: ${what}` : code,
    ]),
  );

async function addon(): Promise<string> {
  const files = await readdir(modules, { recursive: true });
  return join(modules, files.find((name) => name.endsWith('.node')) ?? 'no addon is here');
}

describe('a plugin that takes matters into its own hands', () => {
  it('is refused everything but its own folder, and sees no secrets', async () => {
    vi.stubEnv('LODESTONE_SECRET', 'hush hush');
    const events = await run('prowler', { addon: await addon(), outside: place }).finally(() => vi.unstubAllEnvs());
    const denied = 'ERR_ACCESS_DENIED';
    expect(outcomes(events)).toEqual({
      'read the passwords': denied,
      'read its sibling': denied,
      'read by a roundabout way': denied,
      'read by a name in bytes': denied,
      'read its environment as a file': denied,
      'look whether a file is there': denied,
      'list a folder': denied,
      'write a file': denied,
      'move a file out': denied,
      'link to a file': denied,
      'write a report': denied,
      'write its memory': denied,
      'start a program': denied,
      'start a program and go on': denied,
      'start a thread': denied,
      'load an addon': 'ERR_DLOPEN_DISABLED',
      'require an addon': 'ERR_DLOPEN_DISABLED',
      'import a module': denied,
      'turn on a debugger': denied,
      'signal its parent': denied,
      'signal by the module': denied,
      'signal by require': denied,
      'signal from below': denied,
      "turn on its parent's debugger": denied,
      'use what Node uses': denied,
      'put it back': 'none: Cannot redefine property: kill',
    });
    expect(outcomes(events, 1)).toEqual({ 'keep in its own folder': 'done: kepttrue' });
    expect(await readdir(place)).not.toContain('stray');
    const environment = events.find((e) => e.type === 'note')?.text ?? '';
    expect(environment).toContain('"PATH"');
    expect(environment).not.toMatch(/SECRET|hush/);
  });

  it('reads its own folder when it is one, and no other', async () => {
    expect(outcomes(await run('homebody', {}))).toEqual({
      own: 'done: what lies in its folder\n',
      itself: 'done: true',
      sibling: 'ERR_ACCESS_DENIED',
      neighbour: 'ERR_ACCESS_DENIED',
      roundabout: 'ERR_ACCESS_DENIED',
    });
  });
});

const ask = (way: string, path: string): string => `${way} ${[...path].reverse().join('')}`;

describe('a plugin that asks its host', () => {
  it('for what nobody named is refused, in every way to ask', async () => {
    const ways = ['read', 'pictures', 'embed', 'image', 'stat', 'model', 'engineOf'];
    const asks = ways.map((way) => ask(way, at('hidden.png')));
    const named = { prompt: `a red heart | [picture:${at('one.png')}]`, pictures: [at('two.png')] };
    const events = await run('asker', { asks, ...named });
    expect(outcomes(events)).toEqual(Object.fromEntries(ways.map((way, i) => [`${i} ${way}`, 'PLUGIN_UNASKED'])));
    expect(tableOf(events, /Attempts/).rows[0]?.[2]).toContain(`"asker" asked for ${at('hidden.png')}`);
  });

  it('for what may not be read by anybody here is told that', async () => {
    const asks = [ask('embed', '/etc/hostname'), ask('image', '/etc/hostname')];
    expect(outcomes(await run('asker', { asks }))).toEqual({ '0 embed': 'PATH_OUTSIDE', '1 image': 'PATH_OUTSIDE' });
  });

  it('for pictures of a service, which it never said it wants, is refused', async () => {
    expect(outcomes(await run('asker', { asks: [ask('generate', 'a red heart')] }))).toEqual({
      '0 generate': 'PLUGIN_NOT_GRANTED',
    });
  });

  it('gets what the person named: in a field, in a prompt, and in a folder', async () => {
    const asks = [
      ask('pictures', at('named')),
      ask('image', at('named/three.png')),
      ask('image', at('one.png')),
      ask('read', at('two.png')),
      ask('embed', at('two.png')),
      ask('stat', at('named/three.png')),
    ];
    const named = { prompt: `a red heart | [picture:${at('one.png')}]:2`, pictures: [at('two.png'), at('named')] };
    const size = (await readFile(at('two.png'))).length;
    expect(outcomes(await run('asker', { asks, ...named }))).toEqual({
      '0 pictures': 'done: 1',
      '1 image': 'done: 96',
      '2 image': 'done: 96',
      '3 read': `done: ${size}`,
      '4 embed': 'done: 1',
      '5 stat': 'done: 1',
    });
  });
});

describe('a plugin that wants files', () => {
  it('does not run before it is granted them, and is told what to do', () => {
    const start = (options: object) => () => runPlugin(registry.find('keen'), {}, servicesOf(engine, place), options);
    const refusal = expect.objectContaining({
      code: 'PLUGIN_NOT_GRANTED',
      message: expect.stringMatching(/"keen" wants .*files: read any picture.*lodestone plugins grant keen/),
    });
    expect(start({})).toThrowError(refusal);
    expect(start({ granted: ['network', 'native'] })).toThrowError(refusal);
  });

  it('may ask its host for any file that may be read here once it is granted them, and for no other', async () => {
    const asks = [ask('read', at('hidden.png')), ask('image', at('hidden.png')), ask('image', '/etc/hostname')];
    const events = await run('keen', { asks }, { granted: ['files'] });
    expect(outcomes(events)).toMatchObject({
      '0 read': expect.stringMatching(/^done: \d+$/),
      '1 image': 'done: 96',
      '2 image': 'PATH_OUTSIDE',
    });
  });
});

describe('a plugin that throws', () => {
  it('is told of with its TypeScript file and the line in it', async () => {
    const source = await readFile(join(folder, 'stumbler.ts'), 'utf8');
    const line = 1 + source.split('\n').findIndex((text) => text.includes('throw new RangeError'));
    await expect(run('stumbler', {})).rejects.toMatchObject({
      code: 'PLUGIN_FAILED',
      message: expect.stringMatching(
        new RegExp(`"stumbler" failed: RangeError: no step is left .*plugins-fenced/stumbler\\.ts:${line}:\\d+`),
      ),
    });
  });
});
