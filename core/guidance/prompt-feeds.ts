/** What the step's graph is fed of the prompts: where they lie, how they pull, where they look, and which stock words mean the same. */
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import type { Embeddings } from '../clip/batches.ts';
import type { ClipModel } from '../clip/model.ts';
import { pictureName } from '../engine/requests.ts';
import { dot, meanDirection, row, stacked } from '../engine/scores.ts';
import { DRAWING_TEMPLATES, textRows } from '../engine/templates.ts';
import { failure } from '../errors.ts';
import { float32 } from '../graph/session.ts';
import { type Turn, turnOf } from './crops.ts';
import { boxedPlace, maskedPlace, type Place } from './place.ts';
import type { Extent } from './plane.ts';
import { isPictured } from './prompt/pictured.ts';
import type { Prompt, PromptItem, PromptTarget } from './protocol.ts';
import { PROMPT_SLOTS } from './protocol.ts';
import { toldApart } from './told-apart.ts';

/** Where the prompts of a run lie for one model, how they pull, and what they are told apart from. */
export interface PromptFeeds {
  /** Feeds that hold for the whole run. */
  readonly fixed: Readonly<Record<'stop' | 'stock' | 'excluded' | 'pictured', OrtTensor>>;
  /** Unit rows of the prompts [slots, d] and how strongly each attracts and repels [slots], as they are at `progress`, 0..1. */
  at(progress: number): Readonly<Record<'prompts' | 'attraction' | 'repulsion', OrtTensor>>;
  /** How much each crop counts for each prompt in a step, which counts from 0: [crops, slots]. */
  applies(step: number): OrtTensor;
  /** Whether any prompt pulls or pushes at `progress`, 0..1. */
  pulls(progress: number): boolean;
  /** The parts of the canvas that they look at. */
  readonly places: readonly Place[];
  readonly count: number;
  /** Of the stock. */
  readonly rows: number;
  readonly dimension: number;
}

const NEVER = -1;

export type PictureEmbedder = (picture: NonNullable<PromptItem['picture']>) => Promise<Embeddings>;

/** A text as the mean direction over its sentences; a picture as its embedding; a blend as the mean direction of its parts. */
async function embedded(model: ClipModel, target: PromptTarget, picture: PictureEmbedder): Promise<Embeddings> {
  const parts = await Promise.all(
    target.map((item) => {
      if (item.picture) return picture(item.picture);
      const text = item.text?.trim() ?? '';
      if (text === '') throw failure('PROMPT_EMPTY', {});
      return textRows([text], DRAWING_TEMPLATES, (sentences) => model.whole.embedTexts(sentences));
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

/** How much each crop counts for each prompt in a step [crops, slots]: those that look at its place. Where none does, its turn comes in another step. */
function applied(places: readonly Place[], placeOf: readonly number[], turn: Turn): Float32Array {
  const { crops } = turn;
  const table = new Float32Array(crops * PROMPT_SLOTS);
  const all = Array.from({ length: crops }, (_, crop) => crop);
  for (let slot = 0; slot < PROMPT_SLOTS; slot++) {
    const looking = all.filter((crop) => turnOf(crop, places.length, turn) === (placeOf[slot] ?? 0));
    for (const crop of looking) table[crop * PROMPT_SLOTS + slot] = 1 / looking.length;
  }
  return table;
}

/** The places that prompts look at, each once, and which of them each prompt looks at. */
async function placesOf(
  prompts: readonly Prompt[],
  canvas: Extent,
): Promise<{ readonly places: Place[]; readonly placeOf: number[] }> {
  const keys = prompts.map((p) => JSON.stringify([p.region ?? null, p.mask ? pictureName(p.mask) : null]));
  const unique = [...new Set(keys)];
  const places = unique.map(async (key): Promise<Place> => {
    const { region, mask } = prompts[keys.indexOf(key)] ?? {};
    if (mask) return maskedPlace(canvas, mask);
    return region ? boxedPlace(canvas, region) : {};
  });
  return {
    places: places.length > 0 ? await Promise.all(places) : [{}],
    placeOf: keys.map((k) => unique.indexOf(k)),
  };
}

/** How far a prompt's own time is, 0..1, when the run is at `progress`; outside of it when that is below 0 or above 1. */
const within = ({ span }: Prompt, progress: number): number =>
  span ? (progress - span.from) / Math.max(1e-6, span.to - span.from) : progress;

/** What a prompt weighs at `progress`: one of a single target pulls only in its span. */
function weightAt(p: Prompt, progress: number): number {
  const time = within(p, progress);
  return p.targets.length === 1 && p.span !== undefined && (time < 0 || time > 1) ? 0 : p.weight;
}

export interface PromptContext {
  readonly model: ClipModel;
  readonly embedPicture: PictureEmbedder;
  readonly everyday: () => Promise<Embeddings>;
  readonly crops: number;
  readonly canvas: Extent;
  /** Whether the run asks with pictures: those of everyday things follow the stock words then. */
  readonly pictured: boolean;
}

/** Prompts without styles, which are pulls of their own. Weights are scaled so that their sizes sum to one. */
export async function promptFeeds(
  prompts: readonly Prompt[],
  { model, embedPicture: picture, everyday, crops, canvas, pictured }: PromptContext,
): Promise<PromptFeeds> {
  const { places, placeOf } = await placesOf(prompts, canvas);
  const chains = await Promise.all(
    prompts.map(async (p) => stacked(await Promise.all(p.targets.map((t) => embedded(model, t, picture))))),
  );
  const { rows, dimension, stock, excluded } = await toldApart(prompts, chains, { model, everyday, pictured });
  const each = (value: (p: Prompt) => number, none: number): OrtTensor => {
    const values = Array.from({ length: PROMPT_SLOTS }, (_, i) => (prompts[i] ? value(prompts[i]) : none));
    return float32(Float32Array.from(values), [PROMPT_SLOTS]);
  };
  return {
    fixed: {
      stop: each((p) => p.stop ?? NEVER, NEVER),
      stock: float32(stock, [rows, dimension]),
      excluded: float32(excluded, [1, PROMPT_SLOTS, rows]),
      pictured: each((p) => Number(isPictured(p)), 0),
    },
    at: (progress) => {
      const data = new Float32Array(PROMPT_SLOTS * dimension);
      for (const [slot, chain] of chains.entries()) {
        const p = prompts[slot];
        if (p) data.set(along(chain, within(p, progress)), slot * dimension);
      }
      const total = prompts.reduce((sum, p) => sum + Math.abs(weightAt(p, progress)), 0) || 1;
      return {
        prompts: float32(data, [PROMPT_SLOTS, dimension]),
        attraction: each((p) => Math.max(0, weightAt(p, progress) / total), 0),
        repulsion: each((p) => Math.max(0, -weightAt(p, progress) / total), 0),
      };
    },
    applies: (step) => float32(applied(places, placeOf, { crops, step }), [crops, PROMPT_SLOTS]),
    pulls: (progress) => prompts.some((p) => weightAt(p, progress) !== 0),
    places,
    count: prompts.length,
    rows,
    dimension,
  };
}
