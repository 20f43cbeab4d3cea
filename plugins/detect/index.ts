/** Finds things in pictures without training: crops of several sizes are scored for each phrase, and the best that do not overlap are kept. */
import { z } from 'zod';
import type { Box } from '../../core/index.ts';
import {
  csvOf,
  cutHeat,
  definePlugin,
  listed,
  noneReadable,
  passedOver,
  pictureName,
  picturesField,
  pictureTitle,
  reportEvent,
  squared,
  upright,
  withBoxes,
  withHeat,
} from '../../core/index.ts';
import { best, heatOf, MAP, pyramid, type Scored, scoredCrops } from './crops.ts';

const SIDE = 512;
/** Boxes of one phrase of which the smaller lies within the other by more than this are one. */
const SAME = 0.4;

interface Found extends Box {
  readonly phrase: string;
  readonly value: number;
  readonly percentile: number;
}

/** What was found of each phrase, in shares of the picture that lies in the square. */
function boxesOf(
  scored: readonly Scored[],
  phrases: readonly string[],
  { inside, threshold, most }: { readonly inside: Box; readonly threshold: number; readonly most: number },
): Found[] {
  const within = (v: number, from: number, to: number): number => Math.min(1, Math.max(0, (v - from) / (to - from)));
  const placed = ({ left, top, right, bottom }: Box): Box => ({
    left: within(left, inside.left, inside.right),
    top: within(top, inside.top, inside.bottom),
    right: within(right, inside.left, inside.right),
    bottom: within(bottom, inside.top, inside.bottom),
  });
  return phrases.flatMap((phrase, k) => {
    const fitting = scored
      .map(({ crop, cosines, percentiles }) => ({
        ...placed(crop),
        value: cosines[k] ?? 0,
        percentile: percentiles[k] ?? 0,
        phrase,
      }))
      // A crop may lie beside a picture that is not square.
      .filter((b) => b.percentile >= threshold && b.right > b.left && b.bottom > b.top);
    return best(fitting, SAME).slice(0, most);
  });
}

const rowOf = (name: string, b: Found): (string | number)[] => [
  name,
  b.phrase,
  'here',
  b.left,
  b.top,
  b.right,
  b.bottom,
  b.value,
  Math.round(b.percentile),
];

export default definePlugin({
  id: 'detect',
  title: 'Detect',
  description: 'Finds where each phrase is in a picture, or says that it is not there.',
  version: '1.0.0',
  group: 'find',
  about:
    'Boxes for any phrase, without training: crops of several sizes are scored for each phrase, and the best that do not overlap are kept. The threshold is a percentile, so "not here" is an answer. Boxes are squares and no tighter than the crops; small models see large, clear things.',
  parameters: z.object({
    pictures: picturesField(),
    phrases: z.array(z.string().min(1).max(200)).min(1).max(100).meta({
      title: 'Phrases',
      description: 'What to look for: words, or a .txt file with one a line',
    }),
    threshold: z.number().min(0).max(100).default(97).meta({
      title: 'Threshold',
      description:
        'A box counts when it fits its phrase better than this percent of everyday things fit anywhere in the picture',
    }),
    most: z.int().min(1).max(50).default(3).meta({ title: 'Most', description: 'Boxes a phrase at the most' }),
    levels: z.int().min(1).max(6).default(4).meta({
      title: 'Sizes',
      description: 'Sizes of crops that are looked at, from the whole to small parts',
      advanced: true,
    }),
    heat: z
      .boolean()
      .default(false)
      .meta({ title: 'Heat maps', description: 'A map for each phrase beside the boxes' }),
  }),
  async *run({ pictures: fields, phrases: given, threshold, most, levels, heat }, context) {
    const { engine, signal } = context;
    const phrases = await listed(given, 'detect', context);
    const pictures = await context.pictures(fields);
    const rows = await engine.embedLabels(phrases, undefined, { signal });
    const crops = pyramid(levels);
    const found: (string | number)[][] = [];
    for (const [i, source] of pictures.entries()) {
      signal.throwIfAborted();
      try {
        const name = pictureName(source);
        const square = await squared(source, SIDE);
        const scored = await scoredCrops(square.bytes, name, crops, rows, context);
        const shown = await upright(source);
        const boxes = boxesOf(scored, phrases, { inside: square.inside, threshold, most });
        found.push(...boxes.map((b) => rowOf(name, b)));
        for (const phrase of phrases)
          if (!boxes.some((b) => b.phrase === phrase)) found.push([name, phrase, 'not here', '', '', '', '', '', '']);
        const labelled = boxes.map((b) => ({ ...b, label: `${b.phrase} · ${Math.floor(b.percentile)} %` }));
        const size = { width: shown.width, height: shown.height };
        const title = `${phrases.join(', ').slice(0, 200)} in ${pictureTitle(source)}`;
        yield {
          type: 'picture',
          title,
          mime: 'image/png',
          ...size,
          bytes: await withBoxes(shown, labelled),
          report: true,
        };
        if (heat)
          for (const [k, phrase] of phrases.entries()) {
            const bytes = await withHeat(shown, cutHeat(heatOf(scored, k), square.inside, MAP));
            yield {
              type: 'picture',
              title: `heat of ${phrase} in ${pictureTitle(source)}`,
              mime: 'image/png',
              ...size,
              bytes,
              report: true,
            };
          }
      } catch (thrown) {
        yield passedOver(thrown);
      }
      yield { type: 'progress', done: i + 1, total: pictures.length };
    }
    if (found.length === 0) throw noneReadable();
    const columns = ['picture', 'phrase', 'found', 'left', 'top', 'right', 'bottom', 'cosine', 'percentile'];
    yield { type: 'table', title: 'What was found, and where (in shares of the picture)', columns, rows: found };
    yield reportEvent('boxes.csv', 'text/csv', csvOf(columns, found));
  },
});
