/** Writing plugins: what is begun with passes its own tests, and whatever is saved, the studio has what the file says. */
import { execFile } from 'node:child_process';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { seeded } from '../../core/random.ts';
import { SCAFFOLDS, scaffold } from '../../server/scaffold.ts';
import { temporaryFolder } from '../support/pictures.ts';
import { useServer } from '../support/server.ts';
import { lodestoneOnStrange } from '../support/with-models.ts';

const TSC = 'node_modules/typescript/bin/tsc';

it.each(SCAFFOLDS)('a new %s has types, and passes its tests', { timeout: 240_000 }, async (kind) => {
  const folder = await temporaryFolder();
  expect((await lodestoneOnStrange(['new', kind, `my-${kind}`], folder)).code).toBe(0);
  await mkdir(join(folder, 'node_modules'));
  await symlink(process.cwd(), join(folder, 'node_modules/lodestone'));
  await symlink(join(process.cwd(), 'node_modules/zod'), join(folder, 'node_modules/zod'));
  await promisify(execFile)(process.execPath, [TSC, '-p', join(folder, `my-${kind}`)]);
  const { code, out } = await lodestoneOnStrange(['test', `my-${kind}`], folder);
  expect([code, out.match(/NOT OK.*\n.*/g)]).toEqual([0, null]);
});

it('two hundred saves in random states end no studio and leave no stale drawer', { timeout: 600_000 }, async () => {
  const folder = join(await temporaryFolder(), 'mine');
  await mkdir(folder);
  const file = join(folder, 'index.ts');
  const good = scaffold('drawer', 'mine')['index.ts'] ?? '';
  const titled = (n: number): string => good.replace("title: 'Mine'", `title: 'Mine ${n}'`);
  await writeFile(file, titled(0));
  const server = await useServer({ plugins: [folder], watches: true });
  const random = seeded(19);
  const title = (): string | undefined => server.registry.extensions.find(({ id }) => id === 'mine')?.title;
  const states: ((n: number) => Promise<unknown>)[] = [
    (n) => writeFile(file, titled(n)),
    (n) => writeFile(file, titled(n).slice(0, Math.floor(random() * good.length))),
    (n) => writeFile(file, titled(n).replace('draw(values', 'draw((values')),
    (n) => writeFile(file, `throw new Error('${n}');\n${titled(n)}`),
    () => writeFile(file, ''),
    () => writeFile(file, Buffer.from(Array.from({ length: 200 }, () => Math.floor(256 * random())))),
    () => rm(file, { force: true }),
    async (n) => {
      await writeFile(`${file}.new`, titled(n));
      await rename(`${file}.new`, file);
    },
    () => rename(file, join(folder, 'index.mts')).catch(() => undefined),
  ];
  for (let n = 1; n <= 200; n++) {
    await states[Math.floor(random() * states.length)]?.(n);
    if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, 150 * random()));
    if (n % 20 > 0) continue;
    await rm(join(folder, 'index.mts'), { force: true });
    await writeFile(file, titled(n));
    await expect.poll(title, { timeout: 30_000, interval: 50 }).toBe(`Mine ${n}`);
    expect(server.registry.find('guide').id).toBe('guide');
  }
  await rm(file);
  await expect.poll(() => server.registry.extensions.length, { timeout: 30_000 }).toBe(0);
});
