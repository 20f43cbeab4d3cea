/** Pictures of everyday things, as captions.ts has captions of them: what a picture scores for another that it has nothing to do with. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ROOT } from '../places.ts';

const PLACE = join(ROOT, 'core', 'clip', 'stock');
const indexSchema = z.array(z.object({ concept: z.string(), bytes: z.int().positive() }));

/** Encoded pictures, each with the name of what it shows. Chosen and credited in stock/README.md. */
export function stockPictures(): { readonly bytes: Uint8Array; readonly name: string }[] {
  const packed = readFileSync(join(PLACE, 'pictures.bin'));
  let from = 0;
  return indexSchema.parse(JSON.parse(readFileSync(join(PLACE, 'pictures.json'), 'utf8'))).map(({ concept, bytes }) => {
    const one = new Uint8Array(packed.subarray(from, from + bytes));
    from += bytes;
    return { bytes: one, name: concept };
  });
}
