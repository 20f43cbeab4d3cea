/** Puts pictures in order of how colourful they are and how well they fit words, each as much as is wished. */
import { z } from 'zod';
import {
  decodePicture,
  definePlugin,
  type PictureSource,
  parsePrompt,
  pictureName,
  picturesField,
  promptField,
  promptTargets,
  scoredPictures,
} from '../../core/index.ts';

/** Mean distance of the pixels from grey, 0..1. */
async function colourfulness(picture: PictureSource): Promise<number> {
  const { data } = await decodePicture('path' in picture ? picture.path : picture.bytes, pictureName(picture));
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) {
    const [r = 0, g = 0, b = 0] = data.subarray(i, i + 3);
    sum += (Math.max(r, g, b) - Math.min(r, g, b)) / 255;
  }
  return (3 * sum) / data.length;
}

export default definePlugin({
  id: 'colourful',
  title: 'Colourful',
  description: 'Puts colourful pictures of something first.',
  version: '1.0.0',
  parameters: z.object({
    prompt: promptField({ description: 'What the pictures should show' }),
    pictures: picturesField(),
    colour: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .meta({ title: 'Colour', description: 'How much colour counts beside the words: 0 not at all, 1 alone' }),
  }),
  async *run({ prompt, pictures: fields, colour }, context) {
    const { engine, signal, random } = context;
    const pictures = await context.pictures(fields);
    const targets = await promptTargets(parsePrompt(prompt, random), context);
    const rows: [string, number, number, number][] = [];
    let done = 0;
    for await (const { items, notes } of scoredPictures(
      engine.embedPictures(pictures, { signal }),
      pictures,
      targets,
    )) {
      yield* notes;
      for (const { source, score } of items) {
        const own = await colourfulness(source);
        rows.push([pictureName(source), colour * own + (1 - colour) * score, own, score]);
      }
      done += items.length + notes.length;
      yield { type: 'progress', done, total: pictures.length };
    }
    rows.sort((a, b) => b[1] - a[1]);
    yield { type: 'table', title: 'Colourful, and fitting', columns: ['picture', 'both', 'colour', 'words'], rows };
  },
});
