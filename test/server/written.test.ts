/** Plugins that are being written: the studio has what the files say now. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Hello } from '../../server/wire.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { useServer } from '../support/server.ts';

const code = (title: string, marks = 5): string => `import { defineDrawer, opaque } from 'lodestone/plugin';
import { z } from 'zod';
export default defineDrawer({
  id: 'mine',
  title: '${title}',
  settings: z.object({ marks: z.int().min(1).max(${marks}).default(1) }),
  canvas: 16,
  paper: [1, 1, 1],
  begin: () => ({ parameters: [], draw: (_, { t, height, width }) => opaque(t.scalar(0).expand([1, 3, height, width]), t) }),
});
`;

it('what is saved is read again: a title, settings, a mistake with its place, and that it is gone', async () => {
  const folder = join(await temporaryFolder(), 'my-drawer');
  await mkdir(folder);
  const file = join(folder, 'index.ts');
  await writeFile(file, code('Mine'));
  const server = await useServer({ plugins: [folder], watches: true });
  const socket = server.connect();
  const told: Hello[] = [];
  socket.on('hello', (hello: Hello) => told.push(hello));
  const next = async (is: (hello: Hello) => boolean): Promise<Hello> => {
    await expect.poll(() => told.some(is), { timeout: 20_000, interval: 20 }).toBe(true);
    const found = told.find(is);
    told.length = 0;
    if (!found) throw new Error('nothing was told');
    return found;
  };
  const fields = (hello: Hello) => hello.plugins.find(({ id }) => id === 'guide')?.parameters.properties ?? {};
  const titled = (title: string) => (hello: Hello) => fields(hello)['drawer']?.choices?.['mine'] === title;

  await next(titled('Mine'));
  await writeFile(file, code('Ours', 9));
  expect(fields(await next(titled('Ours')))['mine.marks']?.maximum).toBe(9);

  await writeFile(file, code('Ours').replace('canvas: 16,', 'canvas: 16 16,'));
  const broken = await next((hello) => hello.broken.length > 0);
  expect(broken.broken[0]?.message).toMatch(/index\.ts:7:14: .*\n7 \| {3}canvas: 16 16,\n {17}\^/);
  expect(fields(broken)['drawer']?.enum).toContain('strokes');
  expect(fields(broken)['drawer']?.enum).not.toContain('mine');

  await writeFile(`${file}.tmp`, code('Again'));
  await rename(`${file}.tmp`, file);
  expect((await next(titled('Again'))).broken).toEqual([]);
  await rm(file);
  await next((hello) => fields(hello)['drawer']?.enum?.includes('mine') === false);
});
