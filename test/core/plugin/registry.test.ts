import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadRegistry, type Registry } from '../../../core/index.ts';
import { useFolder, writePlugin } from '../../support/plugin-files.ts';

const folder = useFolder();
const cache = useFolder();
const titles = ({ plugins }: Registry): Record<string, string> =>
  Object.fromEntries(plugins.map(({ id, title }) => [id, title]));

async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly seconds: number }> {
  const begun = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - begun) / 1000 };
}

/** What the cache says of the plugin with this id. */
async function keptOf(id: string): Promise<{ readonly path: string; readonly text: string }> {
  const place = join(cache, 'descriptions');
  for (const name of await readdir(place)) {
    const path = join(place, name);
    const text = await readFile(path, 'utf8');
    if (text.includes(`"id":"${id}"`)) return { path, text };
  }
  throw new Error(`nothing is kept of ${id}`);
}

describe('a registry of plugins of which one never ends being imported', () => {
  let first: Awaited<ReturnType<typeof timed<Registry>>>;
  beforeAll(async () => {
    vi.stubEnv('LODESTONE_CACHE', cache);
    await writePlugin(folder, 'looper', { atImport: 'for (;;);' });
    for (const id of ['one', 'two', 'three']) await writePlugin(folder, id);
    first = await timed(() => loadRegistry([folder]));
  });
  afterAll(() => void vi.unstubAllEnvs());

  it('has the others, says why that one is none, and takes about as long as one may', () => {
    expect(titles(first.result)).toEqual({ one: 'Plain', two: 'Plain', three: 'Plain' });
    expect(first.result.broken).toMatchObject([
      {
        code: 'PLUGIN_INVALID',
        // On a busy machine its time is up before it has computed for so long.
        message: expect.stringMatching(
          /looper\.ts cannot be loaded: importing it (?:computed for more than 4 s|took more than 10 s)/,
        ),
      },
    ]);
    expect(first.seconds).toBeLessThan(25);
  });

  it('is read from the cache the next time, with the same reasons', async () => {
    const { result, seconds } = await timed(() => loadRegistry([folder]));
    expect(titles(result)).toEqual(titles(first.result));
    expect(result.broken.map(({ code, message }) => ({ code, message }))).toEqual(
      first.result.broken.map(({ code, message }) => ({ code, message })),
    );
    expect(seconds).toBeLessThan(3);
  });

  it('believes the cache for what was not changed, and reads a changed file again', async () => {
    const { path, text } = await keptOf('one');
    await writeFile(path, text.replace('Plain', 'Kept'));
    await writePlugin(folder, 'two', { title: 'Changed' });
    expect(titles(await loadRegistry([folder]))).toEqual({ one: 'Kept', two: 'Changed', three: 'Plain' });
  });

  it.each(['{"description":{"id":', '{"description":{"id":"three"}}'])(
    'reads a plugin anew when its description in the cache is %j',
    async (damaged) => {
      const { path, text } = await keptOf('three');
      await writeFile(path, damaged);
      expect(titles(await loadRegistry([folder]))).toMatchObject({ three: 'Plain' });
      expect(await readFile(path, 'utf8')).toBe(text);
    },
  );
});

describe('a registry of folders of which', () => {
  const others = useFolder();
  beforeAll(async () => void (await writePlugin(others, 'good')));

  it('some cannot be read has one broken entry for each, beside the plugins that work', async () => {
    const missing = join(others, 'missing');
    const file = join(others, 'good.ts');
    const { plugins, broken } = await loadRegistry([missing, others, file]);
    expect(plugins.map(({ id }) => id)).toEqual(['good']);
    expect(broken).toMatchObject([
      { code: 'FILE_MISSING', message: expect.stringContaining(missing) },
      { code: 'FILE_MISSING', message: expect.stringContaining(file) },
    ]);
  });

  it('one holds what is no plugin says so of each, and passes over what nobody meant as one', async () => {
    const odd = await mkdtemp(join(others, 'odd-'));
    await writeFile(join(odd, 'nothing.ts'), 'export const nothing = 1;\n');
    await writeFile(join(odd, 'unwritten.ts'), 'export default definePlugin({\n');
    await writePlugin(odd, 'greedy', { wants: ['everything'] });
    await writePlugin(odd, 'leaver', { atImport: 'process.exit(7);' });
    await writeFile(join(odd, 'notes.md'), 'not a plugin');
    await writeFile(join(odd, 'types.d.ts'), 'export {};');
    await mkdir(join(odd, 'helpers'));
    await symlink(join(odd, 'missing.ts'), join(odd, 'dangling.ts'));
    const { plugins, broken } = await loadRegistry([odd]);
    expect(plugins).toEqual([]);
    const whys = Object.fromEntries(
      broken.map(({ message }) => /(\w+)\.ts cannot be loaded: (.*)/s.exec(message)?.slice(1) ?? []),
    );
    expect(whys).toEqual({
      greedy: expect.stringContaining('what it wants is not to be had; there are network, files'),
      leaver: expect.stringMatching(/importing it ended the process .*code 7/),
      nothing: expect.stringContaining('it has no default export that definePlugin({...}), defineDrawer({...})'),
      unwritten: expect.stringMatching(/unwritten\.ts:\d+:\d+/),
    });
    await rm(odd, { recursive: true });
  });
});
