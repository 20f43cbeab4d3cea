/**
 * The prompt grammar. Parts stand between bars; each is a target with what may follow it:
 *
 *     a red heart:2 | blurry:-0.5 | [picture:sketch.png] | a moon @left | a bud -> a flower | a cat + a dog:1:0.6 | [style:ink.png]:5
 *
 * `:2` is the weight and a second number the distance at which the pull stops; `@left`, `@(left,top,right,bottom)` or `@[mask:file]` a region;
 * `@20%-80%` a part of the run; `->` what it becomes over the run; ` + ` a blend. A backslash makes any sign plain.
 */
import { failure } from '../../errors.ts';
import type { Prompt, PromptItem, PromptTarget } from '../protocol.ts';
import { PROMPT_SLOTS } from '../protocol.ts';
import { namedRegion, REGIONS, type Region, SMALLEST_REGION } from './regions.ts';
import type { Stretch } from './scan.ts';
import { part, refuse, scan, split, trimmed } from './scan.ts';
import { expanded } from './wildcards.ts';

const WEIGHT_LIMIT = 100;
const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const NUMBERS = new RegExp(String.raw`:\s*(${NUMBER})(?:\s*:\s*(${NUMBER}))?$`, 'u');
const REGION = /(?:^|\s)@([^@\s][^@]*)$/u;
const REFERENCE = /^\[\s*(picture|style)\s*:(.*)\]$/su;
const BOX = new RegExp(String.raw`^\(\s*(${NUMBER})\s*,\s*(${NUMBER})\s*,\s*(${NUMBER})\s*,\s*(${NUMBER})\s*\)$`, 'u');
const MASK = /^\[\s*mask\s*:(.*)\]$/su;
const SPAN = new RegExp(String.raw`^(${NUMBER})\s*%\s*-\s*(${NUMBER})\s*%$`, 'u');
/** A target that is written with more than these is a mistake, or meant to do harm. */
const MOST_TARGETS = 16;

interface Written {
  readonly source: string;
  refuse(at: Stretch, what: string): never;
}

/** The part of the run that is written, or nothing when it is none. */
function spanOf(written: Written, stretch: Stretch): Tail | undefined {
  const [from = 0, to = 0] = SPAN.exec(stretch.text)?.slice(1).map(Number) ?? [-1, -1];
  if (from === -1 && to === -1) return undefined;
  if (from < 0 || to > 100) written.refuse(stretch, 'a part of the run lies between 0% and 100%');
  if (to <= from) written.refuse(stretch, `it ends at ${to}%, before it begins at ${from}%`);
  return { span: { from: from / 100, to: to / 100 } };
}

/** What a mask's brackets hold, or nothing where there are none. */
function maskOf(written: Written, stretch: Stretch): Tail | undefined {
  if (!MASK.test(stretch.signs)) return undefined;
  const path = trimmed(part(stretch, stretch.signs.indexOf(':') + 1, stretch.text.length - 1)).text;
  if (path === '') written.refuse(stretch, 'the name of the mask is missing');
  return { mask: { path } };
}

function regionOf(written: Written, stretch: Stretch): Region {
  const named = namedRegion(stretch.text);
  if (named) return named;
  const numbers = BOX.exec(stretch.text)?.slice(1).map(Number);
  if (!numbers)
    return written.refuse(
      stretch,
      `"${stretch.text.slice(0, 40)}" is no region: use ${Object.keys(REGIONS).join(', ')}, (left,top,right,bottom) in shares of the canvas, [mask:file], or 20%-80% for a part of the run`,
    );
  const [left = 0, top = 0, right = 0, bottom = 0] = numbers;
  if (numbers.some((n) => n < 0 || n > 1) || right - left < SMALLEST_REGION || bottom - top < SMALLEST_REGION)
    written.refuse(
      stretch,
      `the box is not inside the canvas, or smaller than ${SMALLEST_REGION} of it: left < right, top < bottom, all within 0 and 1`,
    );
  return { left, top, right, bottom };
}

function itemOf(written: Written, stretch: Stretch): PromptItem {
  const item = trimmed(stretch);
  if (item.text === '') return written.refuse(stretch, 'words are missing');
  const match = REFERENCE.exec(item.signs);
  if (match) {
    const path = trimmed(part(item, item.signs.indexOf(':') + 1, item.text.length - 1));
    if (path.text === '') written.refuse(item, `the name of the ${match[1]} is missing`);
    const picture = { path: path.text };
    return match[1] === 'style' ? { style: picture } : { picture };
  }
  if (item.signs.startsWith('['))
    written.refuse(item, 'a bracket begins a reference, [picture:file] or [style:file]; write \\[ for the sign itself');
  return { text: item.text };
}

const targetOf = (written: Written, stretch: Stretch): PromptTarget =>
  split(stretch, /\s\+(?=\s)/gu).map((item) => itemOf(written, item));

interface Tail {
  readonly weight?: number;
  readonly stop?: number;
  readonly region?: Region;
  readonly mask?: { readonly path: string };
  readonly span?: { readonly from: number; readonly to: number };
}

/** What stands behind an @: when, or where. Each may be said once. */
function placed(written: Written, stretch: Stretch, tail: Tail): Tail {
  const found = spanOf(written, stretch) ?? maskOf(written, stretch) ?? { region: regionOf(written, stretch) };
  if (found.span && tail.span) written.refuse(stretch, 'a part of the run is named twice');
  if (!found.span && (tail.region || tail.mask)) written.refuse(stretch, 'a region is named twice');
  return { ...tail, ...found };
}

/** Takes the weight, the stop, the region and the part of the run from the end of a part, in any order. */
function tailOf(written: Written, stretch: Stretch): { head: Stretch; tail: Tail } {
  let head = trimmed(stretch);
  let tail: Tail = {};
  for (;;) {
    const numbers = tail.weight === undefined ? NUMBERS.exec(head.signs) : null;
    const place = REGION.exec(head.signs);
    if (numbers) {
      tail = {
        ...tail,
        weight: Number(numbers[1]),
        ...(numbers[2] === undefined ? {} : { stop: Number(numbers[2]) }),
      };
      if (Math.abs(Number(numbers[1])) > WEIGHT_LIMIT)
        written.refuse(
          part(head, numbers.index, head.text.length),
          `the weight ${numbers[1]} is not between -${WEIGHT_LIMIT} and ${WEIGHT_LIMIT}`,
        );
      head = trimmed(part(head, 0, numbers.index));
    } else if (place) {
      const sign = place.index + place[0].indexOf('@');
      tail = placed(written, trimmed(part(head, sign + 1, head.text.length)), tail);
      head = trimmed(part(head, 0, sign));
    } else return { head, tail };
  }
}

function promptOf(written: Written, stretch: Stretch): Prompt {
  const { head, tail } = tailOf(written, stretch);
  if (head.text === '') written.refuse(stretch, 'words are missing');
  const pieces = split(head, /->/gu);
  if (pieces.length > MOST_TARGETS) written.refuse(head, `it changes more than ${MOST_TARGETS - 1} times`);
  const targets = pieces.map((piece) => targetOf(written, piece));
  if (targets.flat().length > MOST_TARGETS) written.refuse(head, `it has more than ${MOST_TARGETS} things in it`);
  if (targets.flat().some((i) => i.style !== undefined) && targets.flat().length > 1)
    written.refuse(head, 'a style stands alone: give it a part of its own');
  return { targets, weight: tail.weight ?? 1, ...tail };
}

/** Reads a prompt; wildcards are chosen by `random`, the first choice without it. Throws PROMPT_EMPTY, PROMPT_INVALID. */
export function parsePrompt(source: string, random: () => number = () => 0): Prompt[] {
  const text = expanded(source, random);
  const written: Written = { source: text, refuse: (at, what) => refuse(text, at.places[0] ?? 0, what) };
  const parts = split(scan(text), /\|/gu);
  if (parts.every((p) => trimmed(p).text === '')) throw failure('PROMPT_EMPTY', {});
  if (parts.length > PROMPT_SLOTS)
    written.refuse(parts[PROMPT_SLOTS] ?? scan(''), `there are ${parts.length} parts, and ${PROMPT_SLOTS} is the most`);
  const prompts = parts.map((p) => promptOf(written, p));
  if (prompts.every((p) => p.weight === 0)) refuse(text, 0, 'every weight is zero, so nothing pulls');
  return prompts;
}
