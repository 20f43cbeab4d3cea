/**
 * Scenes laid out: no small model knows left from above, and a prompt of two things gives one of them, or a blend. So the things of
 * "a cat under the moon" pull in places of their own, with the whole sentence beside them, in a few layouts to choose from.
 */
import { PROMPT_SLOTS, type Prompt } from '../protocol.ts';
import type { Region } from './regions.ts';

type Places = readonly [Region, Region];
const box = (left: number, top: number, right: number, bottom: number): Region => ({ left, top, right, bottom });

const SIDES: Places = [box(0, 0.1, 0.55, 1), box(0.45, 0.1, 1, 1)];
const ABOVE: readonly Places[] = [
  [box(0.15, 0, 0.85, 0.55), box(0.05, 0.42, 0.95, 1)],
  [box(0.1, 0, 0.6, 0.5), box(0.1, 0.35, 0.9, 1)],
  [box(0.45, 0, 0.95, 0.5), box(0.1, 0.35, 0.9, 1)],
];
/** What is overhead is as wide as the canvas, and what is under it stands in its middle. */
const SHELTER: readonly Places[] = [
  [box(0, 0, 1, 0.68), box(0.22, 0.5, 0.78, 1)],
  [box(0, 0, 1, 0.6), box(0.05, 0.48, 0.6, 1)],
  [box(0, 0, 1, 0.6), box(0.4, 0.48, 0.95, 1)],
];
/** What stands on something is the larger part of the picture. */
const STANDING: readonly Places[] = [
  [box(0.14, 0, 0.86, 0.68), box(0, 0.5, 1, 1)],
  [box(0.2, 0.05, 0.8, 0.6), box(0, 0.42, 1, 1)],
];
const WITHIN: readonly Places[] = [
  [box(0.2, 0.2, 0.8, 0.8), box(0, 0, 1, 1)],
  [box(0.15, 0.35, 0.85, 1), box(0, 0, 1, 1)],
];

const turned = ([a, b]: Places): Places => [b, a];
const BESIDE: readonly Places[] = [SIDES, turned(SIDES)];

/** The first that is found parts the sentence; longer ones before those that they hold. */
const RELATIONS: readonly (readonly [string, readonly Places[]])[] = [
  ['to the left of', [SIDES]],
  ['to the right of', [turned(SIDES)]],
  ['left of', [SIDES]],
  ['right of', [turned(SIDES)]],
  ['on top of', STANDING],
  ['in front of', SHELTER.map(turned)],
  ['next to', BESIDE],
  ['underneath', SHELTER.map(turned)],
  ['beneath', SHELTER.map(turned)],
  ['under', SHELTER.map(turned)],
  ['below', ABOVE.map(turned)],
  ['above', ABOVE],
  ['over', ABOVE],
  ['behind', SHELTER],
  ['beside', BESIDE],
  ['near', BESIDE],
  ['inside', WITHIN],
  ['in', WITHIN],
  ['on', STANDING],
  ['and', BESIDE],
  ['with', BESIDE],
];
/** What a word before makes another thing of: "made of wood and stone" names no second thing. */
const BOUND = /\b(?:made|full|pair|both|between|black|red|white)$/iu;
const THING = /^(?:an?|the|two|three|some|his|her|its|my)\s+\S/iu;

/** How much a thing in its place counts, beside the sentence. */
const PART = 0.8;

interface Parted {
  readonly things: readonly [string, string];
  readonly layouts: readonly Places[];
}

/** The two things that a sentence names and where they may lie; nothing where it names but one. */
function parted(sentence: string): Parted | undefined {
  for (const [relation, layouts] of RELATIONS) {
    const at = sentence.search(new RegExp(`\\s${relation}\\s`, 'iu'));
    if (at < 0) continue;
    const [first, second] = [sentence.slice(0, at).trim(), sentence.slice(at + relation.length + 2).trim()];
    if (THING.test(first) && THING.test(second) && !BOUND.test(first)) return { things: [first, second], layouts };
  }
  return undefined;
}

/** Ways to lay out what is wanted; none for prompts that say themselves where things are, that change, or that name one thing. */
export function layoutsOf(prompts: readonly Prompt[]): Prompt[][] {
  const [wanted, ...more] = prompts.filter((p) => p.weight > 0);
  const [target, ...later] = wanted?.targets ?? [];
  const [item, ...others] = target ?? [];
  if (!wanted || !item?.text || more.length + later.length + others.length > 0) return [];
  if (wanted.region || wanted.mask || wanted.span || prompts.length + 2 > PROMPT_SLOTS) return [];
  const found = parted(item.text);
  return (found?.layouts ?? []).map((places) => [
    ...prompts,
    ...places.flatMap((region, i) => {
      const text = found?.things[i];
      return text ? [{ targets: [[{ text }]], weight: wanted.weight * PART, region }] : [];
    }),
  ]);
}
