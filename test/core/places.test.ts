import { mkdir, realpath, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packagesOf } from '../../core/places.ts';
import { temporaryFolder } from '../support/pictures.ts';

it('packages are looked for where they are installed, and where a link leads from there', async () => {
  const [place, elsewhere] = [await temporaryFolder(), await realpath(await temporaryFolder())];
  await mkdir(join(place, 'a', 'node_modules'), { recursive: true });
  await symlink(elsewhere, join(place, 'node_modules'));
  const found = packagesOf(join(place, 'a'));
  expect(found.slice(0, 2)).toEqual([join(place, 'a', 'node_modules'), join(place, 'node_modules')]);
  expect(found).toContain(elsewhere);
});
