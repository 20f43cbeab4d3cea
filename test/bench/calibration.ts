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
  row,
  seeded,
  type Usual,
  withArticle,
} from '../../core/index.ts';
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

/** Percentiles of all texts with all pictures that do not hold them. */
function absentIn({ texts, rows, usual }: Kind, { pictures, seen, vector, about }: Looked): number[] {
  const standing = usual.with(rows);
  const meant = texts.map((text) => vector(about.get(text) ?? text));
  const words = texts.map((text) => [...wordsIn(text)].filter((word) => !PLAIN.has(word)));
  return pictures.flatMap((picture, i) => {
    const own = wordsIn([picture.core, picture.concept, ...picture.captions, ...picture.keywords].join(' '));
    const is = vector(picture.core);
    const isOther = (k: number): boolean => {
      const other = meant[k];
      return is !== undefined && other !== undefined && dot(is, other) <= KIN;
    };
    return standing(row(seen, i)).filter((_, k) => isOther(k) && !words[k]?.some((word) => own.has(word)));
  });
}

export async function benchCalibration(data: string): Promise<Record<string, number>> {
  const random = seeded(7);
  const rows = await rowsOf(data, (r) => r.split === 'val' && !r.noisy);
  const pictures = picked(rows, PICTURES, random);
  const concepts = picked([...new Set(rows.map((r) => r.core))], WORDS, random);
  const others = picked(rows, WORDS, random);
  const captions = others.map((r) => r.captions[Math.floor(random() * r.captions.length)] ?? r.core);
  const places = ['in the snow', 'at night', 'on a table', 'by the sea', 'in a garden'];
  const prompts = concepts.map((c, i) => `${withArticle(c)} ${places[i % places.length]}`);
  const engine = new Engine();
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
    for (const level of LEVELS)
      figures[`${kind.name} at ${level} and more, percent`] =
        (100 * found.filter((percentile) => percentile >= level).length) / found.length;
  }
  const own = bare.with(await engine.embedTexts(pictures.map((r) => withArticle(r.core))));
  const found = pictures.map((_, i) => own(row(seen, i))[i] ?? 0);
  figures['what a picture holds at 97 and more, percent'] = (100 * found.filter((p) => p >= 97).length) / found.length;
  await engine.close();
  return figures;
}
