/** Shows how CLIP works, on a person's own pictures and words: what is close to what, what a word pulls, where a picture answers. */
import { z } from 'zod';
import type { Embeddings, PictureSource, PluginContext, PluginEvent } from '../../core/index.ts';
import {
  cosineTable,
  definePlugin,
  listed,
  pictureName,
  picturesField,
  pictureTitle,
  row,
  seenPictures,
  squared,
} from '../../core/index.ts';
import { gradientHeat } from '../explain/gradient.ts';
import { SIDE } from '../explain/scores.ts';
import { overlaid } from '../explain/shown.ts';

const MOST_PICTURES = 60;
const MOST_WORDS = 24;
/** Pictures in which it is shown where they answer: that takes a second or two each. */
const ANSWERS = 6;

const asList = (words: readonly string[]): string => words.map((w) => `“${w}”`).join(', ');

/** What of a text is left without one of its words. */
const without = (words: readonly string[], i: number): string => words.filter((_, k) => k !== i).join(' ');

/** By how much the cosine falls when a word is left out: what that word pulls. */
async function pulls(
  text: string,
  picture: Embeddings,
  { engine, signal }: PluginContext,
): Promise<{ readonly word: string; readonly pull: number }[]> {
  const words = text.split(/\s+/).filter(Boolean);
  if (words.length < 2) return [];
  const all = await engine.embedTexts([text, ...words.map((_, i) => without(words, i))], { signal });
  const [whole = 0, ...rest] = cosineTable(picture, all)[0] ?? [];
  return words.map((word, i) => ({ word, pull: whole - (rest[i] ?? 0) }));
}

/** The picture with what answers the words bright in it. */
async function answering(
  source: PictureSource,
  text: string,
  target: Embeddings,
  context: PluginContext,
): Promise<PluginEvent> {
  const square = await squared(source, SIDE);
  const heat = await gradientHeat(square, { targets: target, weights: [1] }, context);
  return overlaid(source, square, heat, `where ${pictureTitle(source)} answers ${text}`);
}

export default definePlugin({
  id: 'lesson',
  title: 'How CLIP works',
  description:
    'Shows on your own pictures and words what is close to what, what each word pulls, and where a picture answers.',
  version: '1.0.0',
  group: 'learn',
  about:
    'CLIP turns a picture into a direction and a text into another; the cosine of the angle between them says how well they match. The matrix has that number for every pair: along a row, which words fit a picture best; down a column, which picture fits the words best. A pull is how much the cosine falls when a word is left out. Where a picture answers is asked of the gradient, as Explain does it.',
  parameters: z.object({
    pictures: picturesField({ description: 'A few pictures; files, folders, "shelf:" or "board:NAME"' }),
    words: z
      .array(z.string().min(1).max(500))
      .min(1)
      .max(1000)
      .meta({ title: 'Words', description: 'What they are compared with: words, or a .txt file with one a line' }),
    where: z
      .boolean()
      .default(true)
      .meta({
        title: 'Where',
        description: `Shows in the first ${ANSWERS} pictures where they answer the words that fit them best`,
      }),
  }),
  async *run({ pictures: fields, words: given, where }, context) {
    const { engine, signal } = context;
    const words = (await listed(given, 'lesson', context)).slice(0, MOST_WORDS);
    const pictures = (await context.pictures(fields)).slice(0, MOST_PICTURES);
    const targets = await engine.embedTexts(words, { signal });
    const { sources, rows } = yield* seenPictures(engine.embedPictures(pictures, { signal }), pictures);
    const table = cosineTable(rows, targets);
    const standing = (await engine.usual({ signal })).with(targets);
    const best = table.map((cosines) => cosines.indexOf(Math.max(...cosines)));
    yield {
      type: 'matrix',
      title: 'How close each picture is to the words',
      columns: words,
      rows: sources.map((source, i) => ({
        picture: pictureName(source),
        values: table[i] ?? [],
        percentiles: standing(row(rows, i)),
      })),
    };
    yield { type: 'note', text: lesson(words, sources, table, best) };
    const lines: (string | number)[][] = [];
    for (const [i, source] of sources.entries()) {
      signal.throwIfAborted();
      const text = words[best[i] ?? 0] ?? '';
      const picture = { count: 1, dimension: rows.dimension, data: row(rows, i) };
      for (const { word, pull } of await pulls(text, picture, context))
        lines.push([pictureName(source), text, word, pull]);
      const target = { count: 1, dimension: targets.dimension, data: row(targets, best[i] ?? 0) };
      if (where && i < ANSWERS) yield await answering(source, text, target, context);
      yield { type: 'progress', done: i + 1, total: sources.length };
    }
    if (lines.length > 0)
      yield {
        type: 'table',
        title: 'What each word pulls: how much the cosine falls without it',
        columns: ['picture', 'words', 'word', 'pull'],
        rows: lines,
      };
  },
});

/** What there is to see in the matrix, in sentences. */
function lesson(
  words: readonly string[],
  sources: readonly PictureSource[],
  table: readonly (readonly number[])[],
  best: readonly number[],
): string {
  const all = table.flat();
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const never = words.filter((_, k) => !best.includes(k));
  const first = sources[0] ? `${pictureTitle(sources[0])} is closest to “${words[best[0] ?? 0] ?? ''}”. ` : '';
  const left = never.length > 0 && never.length < words.length ? `Nothing is closest to ${asList(never)}. ` : '';
  return `${first}${left}The cosines lie between ${low.toFixed(2)} and ${high.toFixed(2)}: for CLIP that is the whole way from unlike to alike, and only what is larger or smaller beside others says something.`;
}
