/** Says what a picture shows: descriptions built from word banks, words that would raise the score, alt text, and how well it fits a text. */
import { z } from 'zod';
import type { Embeddings, PictureSource, PluginContext, Usual } from '../../core/index.ts';
import {
  cosineTable,
  decodeText,
  definePlugin,
  noneReadable,
  passedOver,
  pictureName,
  picturesField,
  row,
  withArticle,
} from '../../core/index.ts';
import { BANKS, SUBJECTS } from './banks.ts';
import { type Sureness, surenessBy } from './sure.ts';

interface Said {
  readonly text: string;
  readonly subject: string;
  readonly cosine: number;
  /** How much more than usual it fits: what is close to every picture is not said of each. */
  readonly fit: number;
}

/** Words that the gradient proposes, and that are tried. */
const PROPOSED = 96;
/** Words that are suggested for each picture. */
const SUGGESTED = 5;

/** What a picture scores for texts, each with how much more that is than usual. */
async function scored(
  picture: Embeddings,
  texts: readonly string[],
  usual: Usual,
  { engine, signal }: PluginContext,
): Promise<{ readonly cosine: number; readonly fit: number }[]> {
  const rows = await engine.embedTexts(texts, { signal });
  const fits = usual.excess(rows)(row(picture, 0));
  return (cosineTable(picture, rows)[0] ?? []).map((cosine, k) => ({ cosine, fit: fits[k] ?? 0 }));
}

/** What is said, as it is scored and shown: with its article, where it has none. */
const phrase = (said: string): string => (/^(?:an?|the|clip art) /.test(said) ? said : withArticle(said));

/** Cosines of a picture (a unit row) with texts. */
async function cosinesOf(
  picture: Embeddings,
  texts: readonly string[],
  { engine, signal }: PluginContext,
): Promise<number[]> {
  return cosineTable(picture, await engine.embedTexts(texts, { signal }))[0] ?? [];
}

/** A word joins only where the picture is so much closer with it, and no picture is closer by as much. */
const GAIN = 0.01;
const NOTHING = { cosine: -1, fit: -1 };
const bestOf = (all: readonly Said[], count: number): Said[] =>
  all
    .filter((s, i) => all.findIndex((o) => o.text === s.text) === i)
    .sort((a, b) => b.cosine - a.cosine)
    .slice(0, count);

/** Descriptions from bank to bank, the best `beam` of each kept; a bank's word joins only where it raises the score. */
async function described(picture: Embeddings, beam: number, usual: Usual, context: PluginContext): Promise<Said[]> {
  const first = await scored(picture, SUBJECTS.map(phrase), usual, context);
  let said = bestOf(
    SUBJECTS.map((subject, i) => ({ text: subject, subject, ...(first[i] ?? NOTHING) })),
    beam,
  );
  for (const bank of BANKS) {
    const tries = said.flatMap((s) => bank.words.map((word) => ({ before: s, text: bank.join(s.text, word) })));
    const found = await scored(
      picture,
      tries.map((t) => phrase(t.text)),
      usual,
      context,
    );
    const better = tries.flatMap(({ before, text }, i): Said[] => {
      const { cosine, fit } = found[i] ?? NOTHING;
      return cosine > before.cosine && fit > before.fit + GAIN ? [{ text, subject: before.subject, cosine, fit }] : [];
    });
    said = bestOf([...said, ...better], beam);
  }
  return said;
}

/** Words after which a text would fit better: those whose joining raises the cosine most. */
async function suggested(
  picture: Embeddings,
  text: string,
  context: PluginContext,
): Promise<{ word: string; gain: number }[]> {
  const words = [...new Set([...BANKS.flatMap((b) => b.words), ...SUBJECTS])];
  const cosines = await cosinesOf(picture, [text, ...words.map((w) => `${text}, ${w}`)], context);
  const before = cosines[0] ?? 0;
  return words
    .map((word, i) => ({ word, gain: (cosines[i + 1] ?? 0) - before }))
    .filter((s) => s.gain > 0)
    .sort((a, b) => b.gain - a.gain);
}

/** Words of the model's own vocabulary in the place of words of the text: proposed by the gradient at the token embeddings, and kept where the model agrees. */
async function replaced(
  picture: Embeddings,
  text: string,
  context: PluginContext,
): Promise<{ text: string; gain: number }[]> {
  const { engine, signal } = context;
  const { own } = await engine.tokenGradient(text, picture, Float32Array.of(1), { signal });
  // Where each token is a word, a word can take its place.
  const words = text.toLowerCase().split(/\s+/u);
  if (own.to - own.from !== words.length) return [];
  const proposed = await engine.replacements(text, picture, Float32Array.of(1), PROPOSED, { signal });
  const changed = proposed.map(({ place, word }) => words.with(place, word).join(' '));
  const unique = [...new Set(changed)];
  const [before = 0, ...after] = await cosinesOf(picture, [text, ...unique], context);
  return unique
    .map((t, i) => ({ text: t, gain: (after[i] ?? 0) - before }))
    .filter((s) => s.gain > 0)
    .sort((a, b) => b.gain - a.gain);
}

/** A sentence of a page about its picture: the text's own sentences by how well they fit. */
const sentencesOf = (text: string): string[] =>
  text
    .split(/(?<=[.!?])\s+|\n+/u)
    .map((s) => s.trim())
    .filter((s) => s !== '')
    .slice(0, 500);

type Row = (string | number)[];
interface Asked {
  readonly usual: Usual;
  readonly sure: (picture: Float32Array) => Sureness;
  readonly text: string;
  readonly beam: number;
  readonly best: number;
}

/** All that is said of one picture. */
async function asked(
  source: PictureSource,
  { usual, sure, text, beam, best }: Asked,
  context: PluginContext,
): Promise<{ readonly descriptions: Row[]; readonly fits: Row[]; readonly words: Row[]; readonly instead: Row[] }> {
  const name = pictureName(source);
  const picture = await context.engine.embedAll([source], { signal: context.signal });
  const sureness = sure(picture.data);
  const said = sureness === 'cannot say' ? [] : await described(picture, beam, usual, context);
  const sentences = sentencesOf(text);
  const cosines = sentences.length > 0 ? await cosinesOf(picture, sentences, context) : [];
  const standing = async (texts: readonly string[]): Promise<number[]> =>
    texts.length === 0
      ? []
      : usual
          .with(await context.engine.embedTexts(texts, { signal: context.signal }))(row(picture, 0))
          .map(Math.round);
  const ofSentences = await standing(sentences);
  const base = sentences.length === 1 ? (sentences[0] ?? '') : said[0] ? phrase(said[0].text) : '';
  const unsaid: Row[] = [[name, 'cannot say', '', '', 'it shows nothing that can be named']];
  const alt = ({ text: inner }: Said): string => `${phrase(inner).charAt(0).toUpperCase()}${phrase(inner).slice(1)}.`;
  const instead = base === '' ? [] : (await replaced(picture, base, context)).slice(0, SUGGESTED);
  return {
    instead: instead.map((r) => [name, base, r.text, r.gain]),
    descriptions:
      said.length === 0
        ? unsaid
        : said.slice(0, best).map((s, place) => [name, phrase(s.text), place === 0 ? alt(s) : '', s.cosine, sureness]),
    fits: sentences.map((sentence, k) => [name, sentence, cosines[k] ?? 0, ofSentences[k] ?? 0]),
    words:
      base === ''
        ? []
        : (await suggested(picture, base, context))
            .slice(0, SUGGESTED)
            .map(({ word, gain }) => [name, base, word, gain]),
  };
}

export default definePlugin({
  id: 'interrogate',
  title: 'Interrogate',
  description: 'Says in words what a picture shows, which words would fit it better, and how well it fits a text.',
  version: '2.0.0',
  group: 'learn',
  about:
    'Builds a description out of word banks (subject, colour, medium, composition, mood), keeping the best few at each bank and adding a word only where it fits more than it does everyday pictures. A picture whose best name does no better than names do on plain colours, gradients, patterns and noise is not described: it cannot say. The first description doubles as alt text. With a text it says which of the sentences fits the picture best, for pages and for search; and it lists words that would fit better: joined to the text, and in the place of its words, where the gradient at the token embeddings proposes them out of the whole vocabulary. Each is tried on the model and shown with its gain.',
  parameters: z.object({
    pictures: picturesField(),
    beam: z.int().min(1).max(32).default(6).meta({
      title: 'Breadth',
      description: 'How many descriptions are carried on from bank to bank; 1 is greedy',
    }),
    text: z.string().max(20_000).default('').meta({
      title: 'Text',
      description:
        'A prompt, a search query or a page, to say how well the picture fits it and what would fit better; or a .txt file',
    }),
    best: z.int().min(1).max(32).default(3).meta({ title: 'Keep', description: 'How many descriptions to give' }),
  }),
  async *run({ pictures: fields, beam, text: given, best }, context) {
    const { engine, signal, read } = context;
    const pictures = await context.pictures(fields);
    const usual = await engine.usual({ signal });
    const sure = await surenessBy(await engine.captions({ signal }), usual, context);
    const text = given.toLowerCase().endsWith('.txt') ? decodeText(await read(given), given) : given;
    const descriptions: (string | number)[][] = [];
    const fits: (string | number)[][] = [];
    const words: (string | number)[][] = [];
    const instead: (string | number)[][] = [];
    let readable = 0;
    for (const [i, source] of pictures.entries()) {
      signal.throwIfAborted();
      try {
        const found = await asked(source, { usual, sure, text, beam: Math.max(beam, best), best }, context);
        descriptions.push(...found.descriptions);
        fits.push(...found.fits);
        words.push(...found.words);
        instead.push(...found.instead);
        readable += 1;
      } catch (thrown) {
        yield passedOver(thrown);
      }
      yield { type: 'progress', done: i + 1, total: pictures.length };
    }
    if (readable === 0) throw noneReadable();
    yield {
      type: 'table',
      title: 'What each picture shows',
      columns: ['picture', 'description', 'alt text', 'cosine', 'how sure'],
      rows: descriptions,
    };
    if (fits.length > 0)
      yield {
        type: 'table',
        title: 'How well each picture fits the text',
        columns: ['picture', 'sentence', 'cosine', 'percentile'],
        rows: fits,
      };
    if (words.length > 0)
      yield {
        type: 'table',
        title: 'Words that would fit better',
        columns: ['picture', 'after', 'word', 'gain'],
        rows: words,
      };
    if (instead.length > 0)
      yield {
        type: 'table',
        title: 'In other words',
        columns: ['picture', 'instead of', 'text', 'gain'],
        rows: instead,
      };
  },
});
