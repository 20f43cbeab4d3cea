/** What the step's graph is fed of the prompts: where they lie, how they pull, where they look, and which stock words mean the same. */
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import type { Embeddings } from '../clip/batches.ts';
import type { ClipModel } from '../clip/model.ts';
import { dot, meanDirection, row, stacked } from '../engine/scores.ts';
import { failure } from '../errors.ts';
import { float32 } from '../graph/session.ts';
import { regionOf } from './crops.ts';
import type { Region } from './prompt/regions.ts';
import type { Prompt, PromptItem, PromptTarget } from './protocol.ts';
import { PROMPT_SLOTS } from './protocol.ts';
import { CROWD_COUNT, crowdsOf, SAME_THING, STOCK, sentencesFor } from './stock.ts';

/** Where the prompts of a run lie, how they pull, and what they are told apart from. */
export interface PromptFeeds {
  /** Feeds that hold for the whole run. */
  readonly fixed: Readonly<Record<'attraction' | 'repulsion' | 'stop' | 'applies' | 'stock' | 'excluded', OrtTensor>>;
  /** Unit rows of the prompts as they are at `progress`, 0..1: [slots, d]. */
  rows(progress: number): OrtTensor;
  /** The parts of the canvas that they look at. */
  readonly regions: readonly (Region | undefined)[];
  readonly count: number;
}

/** Added to the logit of a stock word that is left out. */
const EXCLUDED = -1e4;
const NEVER = -1;

export type PictureEmbedder = (picture: NonNullable<PromptItem['picture']>) => Promise<Embeddings>;

/** Rows that the graph tells each prompt apart from: the stock, and room for each prompt's own crowds. */
export const stockRows = STOCK.length + PROMPT_SLOTS * CROWD_COUNT;

/** A text as the mean direction over its sentences; a picture as its embedding; a blend as the mean direction of its parts. */
async function embedded(model: ClipModel, target: PromptTarget, picture: PictureEmbedder): Promise<Embeddings> {
  const parts = await Promise.all(
    target.map((item) => {
      if (item.picture) return picture(item.picture);
      const text = item.text?.trim() ?? '';
      if (text === '') throw failure('PROMPT_EMPTY', {});
      return model.embedTexts(sentencesFor(text)).then(meanDirection);
    }),
  );
  return meanDirection(stacked(parts));
}

/** Between unit rows on the great circle, `share` 0..1 of the way (Shoemake, 1985). */
function between(a: Float32Array, b: Float32Array, share: number): Float32Array {
  const angle = Math.acos(Math.min(1, Math.max(-1, dot(a, b))));
  if (angle < 1e-4) return share < 0.5 ? a : b;
  const [p, q] = [Math.sin((1 - share) * angle) / Math.sin(angle), Math.sin(share * angle) / Math.sin(angle)];
  return a.map((v, i) => p * v + q * (b[i] ?? 0));
}

/** Where a chain of targets is at `progress`, 0..1: on its way from each to the next, all taking the same time. */
function along(targets: Embeddings, progress: number): Float32Array {
  const last = targets.count - 1;
  const place = Math.min(1, Math.max(0, progress)) * last;
  const from = Math.min(Math.floor(place), Math.max(0, last - 1));
  return last === 0 ? row(targets, 0) : between(row(targets, from), row(targets, from + 1), place - from);
}

/** How much each crop counts for each prompt [crops, slots]: those that look at its region, all where none does. */
function applied(prompts: readonly Prompt[], regions: readonly (Region | undefined)[], crops: number): Float32Array {
  const table = new Float32Array(crops * PROMPT_SLOTS);
  for (let slot = 0; slot < PROMPT_SLOTS; slot++) {
    const place = regions.indexOf(prompts[slot]?.region);
    const all = Array.from({ length: crops }, (_, crop) => crop);
    const looking = all.filter((crop) => regionOf(crop, regions.length) === place);
    const counted = looking.length > 0 ? looking : all;
    for (const crop of counted) table[crop * PROMPT_SLOTS + slot] = 1 / counted.length;
  }
  return table;
}

/** Prompts without styles, which are pulls of their own. Weights are scaled so that their sizes sum to one. */
export async function promptFeeds(
  model: ClipModel,
  given: readonly Prompt[],
  crops: number,
  picture: PictureEmbedder,
): Promise<PromptFeeds> {
  const common = await stockOf(model);
  const { dimension } = common;
  const known: (Region | undefined)[] = [];
  // One object for each region, so that prompts that share it share their crops.
  const prompts = given.map((p): Prompt => {
    const same = known.find((r) => JSON.stringify(r) === JSON.stringify(p.region));
    if (!same && !known.includes(p.region)) known.push(p.region);
    return same ? { ...p, region: same } : p;
  });
  const regions = known.length > 0 ? known : [undefined];
  const chains = await Promise.all(
    prompts.map(async (p) => stacked(await Promise.all(p.targets.map((t) => embedded(model, t, picture))))),
  );
  const stock = new Float32Array(stockRows * dimension);
  stock.set(common.data);
  const excluded = new Float32Array(PROMPT_SLOTS * stockRows).fill(EXCLUDED);
  for (const [slot, chain] of chains.entries()) {
    for (let word = 0; word < common.count; word++) {
      const same = Array.from({ length: chain.count }, (_, i) => dot(row(chain, i), row(common, word)));
      if (Math.max(...same) < SAME_THING) excluded[slot * stockRows + word] = 0;
    }
    const text = prompts[slot]?.targets.flat().find((item) => item.text !== undefined)?.text;
    if (text === undefined) continue;
    const crowds = await model.embedTexts(crowdsOf(text));
    const first = common.count + slot * CROWD_COUNT;
    stock.set(crowds.data, first * dimension);
    excluded.fill(0, slot * stockRows + first, slot * stockRows + first + CROWD_COUNT);
  }
  const total = prompts.reduce((sum, p) => sum + Math.abs(p.weight), 0) || 1;
  const each = (value: (p: Prompt) => number, none: number): OrtTensor => {
    const values = Array.from({ length: PROMPT_SLOTS }, (_, i) => (prompts[i] ? value(prompts[i]) : none));
    return float32(Float32Array.from(values), [PROMPT_SLOTS]);
  };
  return {
    fixed: {
      attraction: each((p) => Math.max(0, p.weight / total), 0),
      repulsion: each((p) => Math.max(0, -p.weight / total), 0),
      stop: each((p) => p.stop ?? NEVER, NEVER),
      applies: float32(applied(prompts, regions, crops), [crops, PROMPT_SLOTS]),
      stock: float32(stock, [stockRows, dimension]),
      excluded: float32(excluded, [1, PROMPT_SLOTS, stockRows]),
    },
    rows: (progress) => {
      const data = new Float32Array(PROMPT_SLOTS * dimension);
      for (const [slot, chain] of chains.entries()) data.set(along(chain, progress), slot * dimension);
      return float32(data, [PROMPT_SLOTS, dimension]);
    },
    regions,
    count: prompts.length,
  };
}

/** Unit rows of the stock words, worked out once for each model. */
const stockOfModel = new WeakMap<ClipModel, Promise<Embeddings>>();
function stockOf(model: ClipModel): Promise<Embeddings> {
  const found = stockOfModel.get(model) ?? model.embedTexts(STOCK);
  stockOfModel.set(model, found);
  return found;
}
