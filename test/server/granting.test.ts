import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadRegistry, type RegisteredPlugin, ungranted } from '../../core/index.ts';
import { Grants } from '../../server/grants.ts';
import { lodestone } from '../support/command-line.ts';
import { useFolder, writePlugin } from '../support/plugin-files.ts';

const folder = useFolder();
const data = useFolder();
const cache = useFolder();
let file: string;
beforeAll(async () => {
  file = await writePlugin(folder, 'caller', { title: 'Caller', wants: ['network'] });
});
const grantsText = () => readFile(join(data, 'grants.json'), 'utf8');

describe('a plugin on the command line that wants the network', () => {
  const run = (...args: readonly string[]) =>
    lodestone(args, '.', undefined, { LODESTONE_PLUGINS: folder, LODESTONE_DATA: data, LODESTONE_CACHE: cache });

  it('runs from when it is granted it until that is taken back, and not where nobody can be asked', async () => {
    const refused = await run('caller');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('wants what it has not been granted: network: connect to other computers');
    expect(refused.err).toContain('lodestone plugins grant caller');

    const granted = await run('plugins', 'grant', 'caller');
    expect(granted).toMatchObject({ code: 0, out: expect.stringMatching(/caller .* {2}granted\n +network: connect/) });
    expect(granted.out).not.toContain('not granted');
    const ran = await run('caller');
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.out + ran.err).toContain('this is Caller');
    const { plugins } = JSON.parse((await run('plugins', 'list', '--json')).out) as { plugins: RegisteredPlugin[] };
    expect(plugins.filter(({ builtIn }) => !builtIn)).toEqual([
      { id: 'caller', version: '1.0.0', file, builtIn: false, wants: ['network'], missing: [] },
    ]);

    const revoked = await run('plugins', 'revoke', 'caller');
    expect(revoked).toMatchObject({ code: 0, out: expect.stringContaining('not granted') });
    expect(JSON.parse(await grantsText())).toEqual({ format: 1, granted: {} });
    const again = await run('caller', '--json');
    expect([again.code, again.out + again.err]).toEqual([1, expect.stringContaining('"PLUGIN_NOT_GRANTED"')]);
  });
});

describe('what a plugin was granted', () => {
  const caller = async () => (await loadRegistry([folder])).find('caller');
  let described: RegisteredPlugin;
  beforeAll(async () => {
    described = await caller();
  });

  it('is not what it comes to want later, nor what another file of its name wants', async () => {
    const grants = new Grants(data);
    const before = described;
    await grants.grant(before);
    expect(ungranted(before, await grants.of(before))).toEqual([]);
    await writePlugin(folder, 'caller', { wants: ['network', 'files'] });
    const after = await caller();
    expect(ungranted(after, await grants.of(after))).toEqual(['files']);
    expect(await grants.of({ ...before, file: join(folder, 'elsewhere.ts') })).toEqual([]);
    expect(await new Grants(data).of(after)).toEqual(['network']);
  });

  it.each([
    '',
    '{"format":1,"granted":{',
    '{"format":2,"granted":{}}',
    '{"format":1,"granted":{"/a.ts":["everything"]}}',
  ])('is nothing, and that is said, when the file of grants is damaged: %j', async (damaged) => {
    const [grants, plugin] = [new Grants(data), described];
    await writeFile(join(data, 'grants.json'), damaged);
    const refusal = { code: 'FILE_WRITE', message: expect.stringMatching(/grants\.json.*it is damaged; remove it/) };
    await expect(grants.of(plugin)).rejects.toMatchObject(refusal);
    await expect(grants.grant(plugin)).rejects.toMatchObject(refusal);
    expect(await grantsText()).toBe(damaged);
  });
});
