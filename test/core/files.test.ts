import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkPlace } from '../../core/index.ts';
import { temporaryFolder } from '../support/pictures.ts';

describe('the place of a file', () => {
  it('is good when it can be made, and nothing is made by asking', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'old.png'), 'x');
    for (const name of ['new.png', 'old.png', 'a/b/new.png'])
      await expect(checkPlace(join(folder, name))).resolves.toBeUndefined();
    expect(await readdir(folder)).toEqual(['old.png']);
  });
  it.each([
    ['below what is no folder', 'file.txt/a/b.png', /file\.txt/],
    ['that is a folder', 'folder', /folder of this name/],
  ])('%s is refused', async (_, name, what) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file.txt'), '');
    await mkdir(join(folder, 'folder'));
    await expect(checkPlace(join(folder, name))).rejects.toMatchObject({
      code: 'FILE_WRITE',
      message: expect.stringMatching(what),
    });
  });
});
