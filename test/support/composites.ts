/** Pictures of open licence that the embedded model was not trained on, and composites of several with boxes that are known. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { z } from 'zod';
import { seeded } from '../../core/random.ts';

export const PICTURES = fileURLToPath(new URL('../fixtures/pictures', import.meta.url));
const index = z
  .array(z.object({ file: z.string(), concept: z.string(), photo: z.boolean() }))
  .parse(JSON.parse(readFileSync(join(PICTURES, 'index.json'), 'utf8')));
const cutouts = index.filter((x) => !x.photo);

export interface Placed {
  readonly concept: string;
  /** In shares of the picture. */
  readonly box: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };
}
interface Composite {
  readonly path: string;
  readonly things: readonly Placed[];
}

const SIDE = 256;
const GROUNDS = ['#ffffff', '#cfe3f2', '#f3e9d2', '#d9ead3'];
const PLACES = {
  2: [
    [0, undefined],
    [1, undefined],
  ],
  4: [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ],
} as const;

/** So many composites of two or four things each, written into a folder; the same ones each time. */
export async function composites(count: 2 | 4, many: number, folder: string): Promise<Composite[]> {
  const random = seeded(5 + count);
  const made: Composite[] = [];
  for (let k = 0; k < many; k++) {
    const pool = [...cutouts];
    const size = Math.round(SIDE * (count === 2 ? 0.42 : 0.38));
    const layers: { input: Buffer; left: number; top: number }[] = [];
    const things: Placed[] = [];
    for (const [cx, cy] of PLACES[count]) {
      const [thing] = pool.splice(Math.floor(random() * pool.length), 1);
      if (!thing) continue;
      const left = Math.round((cx * SIDE) / 2 + (SIDE / 2 - size) * random());
      const top = Math.round(
        cy === undefined ? (SIDE - size) * random() : (cy * SIDE) / 2 + (SIDE / 2 - size) * random(),
      );
      const input = await sharp(join(PICTURES, thing.file))
        .resize(size, size, { fit: 'contain', background: '#0000' })
        .png()
        .toBuffer();
      layers.push({ input, left, top });
      const box = { left: left / SIDE, top: top / SIDE, right: (left + size) / SIDE, bottom: (top + size) / SIDE };
      things.push({ concept: thing.concept, box });
    }
    const path = join(folder, `composite-${count}-${k}.png`);
    const background = GROUNDS[k % GROUNDS.length] ?? '#fff';
    await sharp({ create: { width: SIDE, height: SIDE, channels: 3, background } })
      .composite(layers)
      .png()
      .toFile(path);
    made.push({ path, things });
  }
  return made;
}

export const areaOf = ({ left, top, right, bottom }: Placed['box']): number => (right - left) * (bottom - top);
