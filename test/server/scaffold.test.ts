/** What `lodestone new` makes is read as it is, and `lodestone test` finds what is wrong. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadRegistry } from '../../core/index.ts';
import { SCAFFOLDS } from '../../server/scaffold.ts';
import { lodestoneHere } from '../support/command-line-here.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { lodestoneOnStrangeHere } from '../support/with-models.ts';

describe('lodestone new', () => {
  it('makes a folder of each kind that is read as it is, and writes nothing over', async () => {
    const folder = await temporaryFolder();
    for (const kind of SCAFFOLDS)
      expect(await lodestoneHere(['new', kind, `my-${kind}`], folder)).toMatchObject({ code: 0 });
    const { plugins, extensions, broken } = await loadRegistry([folder]);
    expect(broken).toEqual([]);
    expect(plugins.map(({ id, title }) => [id, title])).toEqual([
      ['my-plugin', 'My plugin'],
      ['my-sketch', 'My sketch'],
    ]);
    expect(extensions.map(({ kind, id }) => [kind, id])).toEqual([
      ['drawer', 'my-drawer'],
      ['pull', 'my-pull'],
    ]);
    const file = join(folder, 'my-drawer/index.ts');
    const code = await readFile(file, 'utf8');
    await writeFile(file, `${code}// mine\n`);
    const again = await lodestoneHere(['new', 'drawer', 'my-drawer'], folder);
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('is there already: choose another name') });
    expect(await readFile(file, 'utf8')).toBe(`${code}// mine\n`);
  });
  it.each([
    ['a kind that there is not', ['brush', 'my-brush']],
    ['a name that no plugin may have', ['drawer', 'My Dots']],
    ['the name of a drawer of ours', ['drawer', 'strokes']],
    ['the name of a pull of ours', ['pull', 'smooth']],
  ])('refuses %s', async (_, words) => {
    expect((await lodestoneHere(['new', ...words], await temporaryFolder())).code).toBe(2);
  });
});

describe('lodestone test', () => {
  it('says in a sentence what a plugin does not do', async () => {
    const folder = join(await temporaryFolder(), 'chancy');
    await mkdir(folder);
    await writeFile(
      join(folder, 'index.ts'),
      `import { definePlugin } from 'lodestone/plugin';
import { z } from 'zod';
export default definePlugin({
  id: 'chancy', title: 'Chancy', description: 'Says a number.', version: '1.0.0',
  parameters: z.object({ amount: z.number().default(1) }),
  async *run() {
    yield { type: 'table', title: 'A number', columns: ['it'], rows: [[Math.random()]] };
  },
});`,
    );
    const { code, out } = await lodestoneOnStrangeHere(['test', folder]);
    expect(code).toBe(1);
    expect(out).toMatch(
      /NOT OK {2}plugin chancy tells how far it is, and ends with a result\n +it yields no \{ type: "progress"/,
    );
    expect(out).toMatch(
      /NOT OK {2}plugin chancy gives the same again.*\n +two runs with one seed gave different results/,
    );
    expect(out).toMatch(/NOT OK {2}plugin chancy runs at the least.*\n +the number "amount" has no bounds/);
  });
  it('of a file that cannot be read says why', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'index.ts'), 'export default 7;');
    const { code, err } = await lodestoneOnStrangeHere(['test', folder]);
    expect([code, err]).toEqual([1, expect.stringContaining('it has no default export that definePlugin({...})')]);
  });
});
