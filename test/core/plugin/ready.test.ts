import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadRegistry } from '../../../core/index.ts';
import { readyPlugin } from '../../../core/plugin/ready.ts';
import { useFolder, writePlugin } from '../../support/plugin-files.ts';

const folder = useFolder();

describe('a plugin that is made ready', () => {
  it.each([
    ['as text', "import secret from '/etc/passwd' with { type: 'text' };"],
    ['as bytes', "import secret from '/etc/passwd' with { type: 'bytes' };"],
    ['by a way out of its folder', "import secret from '../../../../../../etc/passwd' with { type: 'text' };"],
    ['as JSON beside it', "import secret from './secret.json';"],
    ['through a link', "import secret from './link.ts';"],
  ])('cannot have a file put into its module %s', async (_how, line) => {
    await writeFile(join(folder, 'secret.json'), '{"password": "hush"}');
    await symlink('/etc/passwd', join(folder, 'link.ts')).catch(() => undefined);
    const file = await writePlugin(folder, 'thief', { atImport: `${line}\nvoid secret;` });
    await expect(readyPlugin(file)).rejects.toMatchObject({
      code: 'PLUGIN_INVALID',
      message: expect.stringContaining('cannot be imported'),
    });
  });

  it('imports code beside it, and as a folder its own lists', async () => {
    const own = join(folder, 'own');
    await mkdir(own);
    await writeFile(join(own, 'help.ts'), "export const help: string = 'from beside';");
    await writeFile(join(own, 'words.json'), '["a list of its own"]');
    const imports =
      "import { help } from './help.ts';\nimport words from './words.json';\nexport const kept = [help, words];";
    await writePlugin(own, 'index', { atImport: imports });
    const { module, reads } = await readyPlugin(join(own, 'index.ts'));
    const code = await readFile(module, 'utf8');
    expect(code).toContain('from beside');
    expect(code).toContain('a list of its own');
    expect(reads).toContain(`${own}/`);
  });

  it('may be a link to a file elsewhere', async () => {
    const [elsewhere, place] = [join(folder, 'elsewhere'), join(folder, 'place')];
    await Promise.all([mkdir(elsewhere), mkdir(place)]);
    await writePlugin(elsewhere, 'linked');
    await symlink(join(elsewhere, 'linked.ts'), join(place, 'linked.ts'));
    const { plugins, broken } = await loadRegistry([place]);
    expect(broken).toEqual([]);
    expect(plugins.map((p) => p.id)).toEqual(['linked']);
  });
});
