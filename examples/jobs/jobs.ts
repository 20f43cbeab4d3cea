/** The examples of jobs.json with the names of pictures as paths; `@a,b,c,d` is one picture of four. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { z } from 'zod';
import { writeWhole } from '../../core/index.ts';

const here = dirname(fileURLToPath(import.meta.url));
export const PICTURES = join(here, '../../test/fixtures/pictures');
const jobsSchema = z.record(z.string(), z.record(z.string(), z.unknown()));
const FIELDS = new Set(['pictures', 'others', 'references']);
const SIDE = 256;

/** Four pictures side by side on one ground. */
async function joined(names: readonly string[], folder: string): Promise<string> {
  const tile = Math.round(SIDE * 0.4);
  const layers = names.map(async (name, i) => ({
    input: await sharp(join(PICTURES, `${name}.webp`))
      .resize(tile, tile, { fit: 'contain', background: '#0000' })
      .png()
      .toBuffer(),
    left: Math.round(SIDE * (i % 2 === 0 ? 0.06 : 0.54)),
    top: Math.round(SIDE * (i < 2 ? 0.06 : 0.54)),
  }));
  const ground = sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#f3e9d2' } });
  const path = join(folder, `${names.join('-')}.png`);
  await writeWhole(
    path,
    await ground
      .composite(await Promise.all(layers))
      .png()
      .toBuffer(),
  );
  return path;
}

/** Parameters by plugin; pictures that are made for it are written into `folder`. */
export async function jobs(folder: string): Promise<Map<string, Record<string, unknown>>> {
  const raw = jobsSchema.parse(JSON.parse(await readFile(join(here, 'jobs.json'), 'utf8')));
  const pathOf = (name: string): Promise<string> | string => {
    if (name.startsWith('@')) return joined(name.slice(1).split(','), folder);
    return name === '.' ? PICTURES : join(PICTURES, `${name}.webp`);
  };
  const ready = Object.entries(raw).map(async ([id, parameters]) => {
    const filled = Object.entries(parameters).map(async ([name, value]) => {
      const paths = FIELDS.has(name) ? await Promise.all(z.array(z.string()).parse(value).map(pathOf)) : value;
      return [name, paths] as const;
    });
    return [id, Object.fromEntries(await Promise.all(filled))] as const;
  });
  return new Map(await Promise.all(ready));
}
