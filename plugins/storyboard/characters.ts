/** Characters of a story: a name stands for the same words in every scene, and for what was first drawn of them. */
import type { Crop, PluginContext, Prompt } from '../../core/index.ts';
import { dot, image, row } from '../../core/index.ts';

export interface Character {
  readonly name: string;
  /** What the name stands for. */
  readonly words: string;
}

/** "Mira = a girl in a red coat", on a line of its own. */
const DEFINED = /^\s*(\p{L}[\p{L}\p{N}'-]{0,39})\s*=\s*(\S.{0,198})$/u;

/** The characters that a story names, and the lines that are left of it. */
export function charactersIn(story: string): { readonly characters: readonly Character[]; readonly story: string } {
  const lines = story.split(/\r?\n/u);
  const found = lines.map((line) => DEFINED.exec(line));
  return {
    characters: found.flatMap((match) => (match ? [{ name: match[1] ?? '', words: (match[2] ?? '').trim() }] : [])),
    story: lines.filter((_, i) => !found[i]).join('\n'),
  };
}

const named = (name: string): RegExp => new RegExp(`(?<![\\p{L}\\p{N}])${name}(?![\\p{L}\\p{N}])`, 'gu');

/** The scene in words that a model knows, and who is in it. */
export function expanded(
  scene: string,
  characters: readonly Character[],
): { readonly words: string; readonly who: readonly Character[] } {
  const who = characters.filter(({ name }) => named(name).test(scene));
  return { words: who.reduce((text, { name, words }) => text.replace(named(name), words), scene), who };
}

/** Parts of a picture that somebody may stand in: sizes, and how many there are along a side. */
const PARTS = [
  { size: 1, along: 1 },
  { size: 0.75, along: 2 },
  { size: 0.6, along: 3 },
  { size: 0.45, along: 4 },
];
const CROPS: readonly Crop[] = PARTS.flatMap(({ size, along }) =>
  Array.from({ length: along * along }, (_, i): Crop => {
    const at = (k: number): number => (along === 1 ? 0 : (k * (1 - size)) / (along - 1));
    const [left, top] = [at(i % along), at(Math.floor(i / along))];
    return { left, top, right: Math.min(1, left + size), bottom: Math.min(1, top + size) };
  }),
);

/** The part of a finished scene that fits a character best, as a PNG. */
export async function appearance(
  picture: Uint8Array,
  { words }: Character,
  { engine, signal }: PluginContext,
): Promise<Uint8Array> {
  const [text, looks] = await Promise.all([
    engine.embedTexts([words], { signal }),
    engine.embedAll(
      CROPS.map((crop) => ({ bytes: picture, name: 'a scene', crop })),
      { signal },
    ),
  ]);
  const fits = CROPS.map((_, i) => dot(row(looks, i), row(text, 0)));
  const { left, top, right, bottom } = CROPS[fits.indexOf(Math.max(...fits))] ?? {
    left: 0,
    top: 0,
    right: 1,
    bottom: 1,
  };
  const { width = 1, height = 1 } = await image(picture).metadata();
  const [x, y] = [Math.round(left * width), Math.round(top * height)];
  const area = {
    left: x,
    top: y,
    width: Math.max(1, Math.round(right * width) - x),
    height: Math.max(1, Math.round(bottom * height) - y),
  };
  return new Uint8Array(await image(picture).extract(area).png().toBuffer());
}

/** A pull towards what was first drawn of somebody. */
export const pulledTo = ({ name }: Character, bytes: Uint8Array, weight: number): Prompt => ({
  targets: [[{ picture: { bytes, name } }]],
  weight,
});
