/**
 * Whether percentiles mean what they say: the share of words that a picture does not hold which stand at or above a percentile, for bare words, labels,
 * captions and prompts, on pictures that the model was not trained on. A word is taken as one that a picture does not hold where none of its words is
 * among the picture's own, and it means something else by vectors of phrases that are no CLIP's (`phrases.bin`).
 */
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  dot,
  type Embeddings,
  Engine,
  PHOTO_TEMPLATES,
  type PictureSource,
  percentileAmong,
  row,
  STOCK_WORDS,
  seeded,
  type Usual,
  withArticle,
} from '../../core/index.ts';
import { strangeModel } from '../support/with-models.ts';
import { type DataRow, picked, rowsOf } from './data-set.ts';

const PICTURES = 400;
const WORDS = 400;
const LEVELS = [50, 80, 95, 97, 99];
/** Cosine of two phrases beyond which they mean much the same. */
const KIN = 0.2;
const DIMENSION = 128;
const PLAIN = new Set(['a', 'an', 'the', 'of', 'in', 'on', 'with', 'and', 'at', 'to']);

const wordsIn = (text: string): Set<string> =>
  new Set((text.toLowerCase().match(/[a-z]+/g) ?? []).map((word) => word.replace(/s$/, '')));

/** Vectors of phrases, by phrase. */
function phrasesOf(data: string): (text: string) => Float32Array | undefined {
  const places = new Map(
    gunzipSync(readFileSync(join(data, 'phrases.txt.gz')))
      .toString()
      .split('\n')
      .map((phrase, i) => [phrase.trim().toLowerCase(), i]),
  );
  const vectors = readFileSync(join(data, 'phrases.bin'));
  return (text) => {
    const place = places.get(text.toLowerCase());
    if (place === undefined) return undefined;
    const own = Float32Array.from({ length: DIMENSION }, (_, k) => vectors.readInt8(place * DIMENSION + k));
    const length = Math.hypot(...own) || 1;
    return own.map((v) => v / length);
  };
}

async function sourceOf(data: string, { shard, offset, bytes, id }: DataRow): Promise<PictureSource> {
  const file = await open(join(data, `pictures-0${shard}.bin`));
  const own = Buffer.alloc(bytes);
  await file.read(own, 0, bytes, offset);
  await file.close();
  return { bytes: new Uint8Array(own), name: id };
}

interface Kind {
  readonly name: string;
  readonly texts: readonly string[];
  readonly rows: Embeddings;
  readonly usual: Usual;
}

interface Looked {
  readonly pictures: readonly DataRow[];
  readonly seen: Embeddings;
  readonly vector: (text: string) => Float32Array | undefined;
  /** What a text is about, where that is not the text itself. */
  readonly about: ReadonlyMap<string, string>;
}

/** Whether a picture does not hold a text, by its place among texts. */
function absence(texts: readonly string[], { vector, about }: Looked): (picture: DataRow) => (k: number) => boolean {
  const meant = texts.map((text) => vector(about.get(text) ?? text));
  const words = texts.map((text) => [...wordsIn(text)].filter((word) => !PLAIN.has(word)));
  return (picture) => {
    const own = wordsIn([picture.core, picture.concept, ...picture.captions, ...picture.keywords].join(' '));
    const is = vector(picture.core);
    return (k) => {
      const other = meant[k];
      if (is === undefined || other === undefined || dot(is, other) > KIN) return false;
      return !words[k]?.some((word) => own.has(word));
    };
  };
}

/** Percentiles of all texts with all pictures that do not hold them: among everyday words, and among those of them that the picture does not hold either. */
function absentIn(
  { texts, rows, usual }: Kind,
  looked: Looked,
): { readonly among: number[]; readonly alike: number[] } {
  const [excess, everyday] = [usual.excess(rows), usual.excess(usual.others)];
  const [lacks, lacksWord] = [absence(texts, looked), absence(STOCK_WORDS, looked)];
  const found = looked.pictures.map((picture, i) => {
    const [own, isAbsent, isWordAbsent] = [row(looked.seen, i), lacks(picture), lacksWord(picture)];
    const others = everyday(own);
    const absent = others.filter((_, k) => isWordAbsent(k));
    const fits = excess(own).filter((_, k) => isAbsent(k));
    return { among: fits.map((f) => percentileAmong(others, f)), alike: fits.map((f) => percentileAmong(absent, f)) };
  });
  return { among: found.flatMap((f) => f.among), alike: found.flatMap((f) => f.alike) };
}

/** Of the embedded model, and of two with random weights, whose percentiles are to mean the same though they see nothing. */
export async function benchCalibration(data: string): Promise<Record<string, number>> {
  const [clip, siglip] = [await calibrated(data, strangeModel()), await calibrated(data, strangeModel('siglip'))];
  const named = (name: string, figures: Readonly<Record<string, number>>): Record<string, number> =>
    Object.fromEntries(Object.entries(figures).map(([key, value]) => [`${name}: ${key}`, value]));
  return { ...(await calibrated(data)), ...named('random CLIP', clip), ...named('random SigLIP', siglip) };
}

async function calibrated(data: string, model?: string): Promise<Record<string, number>> {
  const random = seeded(7);
  const rows = await rowsOf(data, (r) => r.split === 'val' && !r.noisy);
  const pictures = picked(rows, PICTURES, random);
  const concepts = picked([...new Set(rows.map((r) => r.core))], WORDS, random);
  const others = picked(rows, WORDS, random);
  const captions = others.map((r) => r.captions[Math.floor(random() * r.captions.length)] ?? r.core);
  const places = ['in the snow', 'at night', 'on a table', 'by the sea', 'in a garden'];
  const prompts = concepts.map((c, i) => `${withArticle(c)} ${places[i % places.length]}`);
  const engine = new Engine(model === undefined ? {} : { model });
  const seen = await engine.embedAll(await Promise.all(pictures.map((r) => sourceOf(data, r))));
  const bare = await engine.usual();
  const texts = async (name: string, all: readonly string[]): Promise<Kind> => ({
    name,
    texts: all,
    rows: await engine.embedTexts(all),
    usual: bare,
  });
  const kinds: Kind[] = [
    await texts('bare words', concepts),
    {
      name: 'labels',
      texts: concepts,
      rows: await engine.embedLabels(concepts),
      usual: await engine.usual({ templates: PHOTO_TEMPLATES }),
    },
    await texts('captions', captions),
    await texts('prompts', prompts),
  ];
  const vector = phrasesOf(data);
  const about = new Map(captions.map((caption, k) => [caption, others[k]?.core ?? '']));
  for (const [k, prompt] of prompts.entries()) about.set(prompt, concepts[k] ?? '');
  const figures: Record<string, number> = {};
  for (const kind of kinds) {
    const found = absentIn(kind, { pictures, seen, vector, about });
    for (const level of LEVELS) {
      const share = (all: readonly number[]): number => (100 * all.filter((p) => p >= level).length) / all.length;
      figures[`${kind.name} at ${level} and more, percent`] = share(found.among);
      figures[`${kind.name} at ${level} and more, among absent words, percent`] = share(found.alike);
    }
  }
  const own = bare.with(await engine.embedTexts(pictures.map((r) => withArticle(r.core))));
  const found = pictures.map((_, i) => own(row(seen, i))[i] ?? 0);
  figures['what a picture holds at 97 and more, percent'] = (100 * found.filter((p) => p >= 97).length) / found.length;
  await engine.close();
  return figures;
}
