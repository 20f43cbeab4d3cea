/** Ranks pictures by a magazine's guidelines: what its covers show, what they never do, and a quiet place for the title. */

import {
  definePlugin,
  image,
  type PictureSource,
  passedOver,
  pictureName,
  picturesField,
  row,
  seenPictures,
} from 'lodestone/plugin';
import { z } from 'zod';

const words = (title: string, all: readonly string[]) =>
  z
    .array(z.string().min(1).max(200))
    .min(1)
    .max(20)
    .default([...all])
    .meta({ title, description: `${title}, each in a few words` });

/** Side of what is looked at for quietness, in pixels. */
const SIDE = 32;

/** How little happens where the title goes, 0..1: one less the mean step between neighbours in the upper third. */
async function quietness(picture: PictureSource): Promise<number> {
  const { data } = await image('path' in picture ? picture.path : picture.bytes)
    .resize(SIDE, SIDE, { fit: 'fill' })
    .removeAlpha()
    .raw()
    .made();
  let [sum, count] = [0, 0];
  for (let y = 0; y < SIDE / 3; y++)
    for (let x = 1; x < SIDE; x++)
      for (let c = 0; c < 3; c++) {
        const at = 3 * (y * SIDE + x) + c;
        sum += Math.abs((data[at] ?? 0) - (data[at - 3] ?? 0)) / 255;
        count += 1;
      }
  return Math.max(0, 1 - 6 * (sum / count));
}

export default definePlugin({
  id: 'cover-pick',
  title: 'Cover pick',
  description: "Ranks pictures by a magazine's guidelines for its covers.",
  version: '1.0.0',
  group: 'find',
  parameters: z.object({
    pictures: picturesField(),
    wanted: words('Wanted', ['one clear subject', 'bright colours', 'an animal or a person']),
    unwanted: words('Unwanted', ['text', 'a crowd', 'a blurry photo']),
    title: z
      .number()
      .min(0)
      .max(1)
      .default(0.3)
      .meta({ title: 'Room for the title', description: 'How much a quiet upper third counts' }),
  }),
  async *run({ pictures: fields, wanted, unwanted, title }, { engine, pictures: gather, signal }) {
    const pictures = await gather(fields);
    const asked = await engine.embedLabels([...wanted, ...unwanted], undefined, { signal });
    const usual = await engine.usual({ signal });
    const fits = usual.excess(asked);
    const seen = yield* seenPictures(engine.embedPictures(pictures, { signal }), pictures);
    const items = [];
    for (const [i, source] of seen.sources.entries()) {
      signal.throwIfAborted();
      try {
        const each = fits(row(seen.rows, i));
        const mean = (from: number, to: number): number =>
          each.slice(from, to).reduce((a, b) => a + b, 0) / (to - from);
        const words = mean(0, wanted.length) - mean(wanted.length, each.length);
        const quiet = await quietness(source);
        items.push({ picture: pictureName(source), score: words + 0.2 * title * quiet, values: [words, quiet] });
      } catch (thrown) {
        yield passedOver(thrown);
      }
      yield { type: 'progress', done: i + 1, total: seen.sources.length };
    }
    items.sort((a, b) => b.score - a.score);
    yield { type: 'ranking', title: 'Fit for a cover', columns: ['guidelines', 'quiet above'], items };
  },
});
