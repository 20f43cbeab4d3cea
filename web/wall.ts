/** Exploring: a wall of small, quick drawings that differ; what is liked is what the next wall grows from. */
import { signal } from '@preact/signals';
import { z } from 'zod';
import { pullsOf, writtenPulls } from './pulls.ts';
import { remembered } from './remembered.ts';
import { chancedSeed } from './seed.ts';
import type { Values } from './state.ts';

const tileSchema = z.object({
  job: z.string(),
  /** What it was asked for with. */
  parameters: z.record(z.string(), z.unknown()),
});
export type Tile = z.infer<typeof tileSchema>;
/** Drawers that are taken in turn where a wall is to show what the words come to in each. */
const IN_TURN = ['strokes', 'blobs', 'polygons', 'plotter', 'blocks', 'field'] as const;

export const SIZES = [4, 6, 9, 12, 16] as const;
const wallSchema = z.object({ generation: z.number(), tiles: z.array(tileSchema).max(64) });
export type Wall = z.infer<typeof wallSchema>;
export const wall = remembered('wall', wallSchema.optional(), undefined);
/** Whether what was liked on all walls pulls on the next ones. */
export const byTaste = remembered('by-taste', z.boolean(), false);
/** Boards that hold what was liked on walls, and what stood beside it. */
export const LIKED = 'Liked on walls';
export const PASSED = 'Passed on walls';
const TASTE = `picks[board:${LIKED}, board:${PASSED}]`;
/** How strongly taste pulls beside the words. */
const TASTE_WEIGHT = 2;
/** The same wish with taste beside its own pulls. */
export const tasteful = (parameters: Values): Values => {
  const pulls = pullsOf(String(parameters['pulls'] ?? '')).filter((pull) => pull.name !== TASTE);
  return { ...parameters, pulls: writtenPulls([...pulls, { name: TASTE, weight: TASTE_WEIGHT }]) };
};

export const exploring = signal(false);
export const liked = signal<ReadonlySet<string>>(new Set());

/** Quick and small: enough to be told apart. */
const CHEAP = { steps: 80, tries: 1, size: 256, apart: false } as const;
/** Of Guide's strengths, by which of them a child may differ from who it comes from, and how far it may go. */
const STRENGTHS = { rate: [0.4, 2.5], contrast: [0, 3], distance: [1, 10] } as const;
const STEP = 1.6;
const SEEDS = 2 ** 32;

/** Uniform numbers in [0, 1) from a seed: the same wall comes from the same seed and picks. Mulberry32, public domain, by Tommy Ettinger. */
function numbers(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / SEEDS;
  };
}

const within = (v: number, [low, high]: readonly [number, number]): number => Math.min(high, Math.max(low, v));
const wordsOf = (parameters: Values): string => String(parameters['prompt'] ?? '');

/** The first wall: the same words and settings, each with a seed of its own, and by one drawer or by several in turn. */
export function firstWall(
  from: Values,
  { count, inTurn, seed = chancedSeed() }: { readonly count: number; readonly inTurn: boolean; readonly seed?: number },
): Values[] {
  const next = numbers(seed);
  return Array.from({ length: count }, (_, i) => ({
    ...from,
    ...CHEAP,
    ...(inTurn ? { drawer: IN_TURN[i % IN_TURN.length] } : {}),
    seed: Math.floor(SEEDS * next()),
  }));
}

/** Children of what is liked: each of one parent, with another seed, strengths a little elsewhere, and, where two are liked, words of both. */
export function nextWall(parents: readonly Values[], count: number, seed: number = chancedSeed()): Values[] {
  const next = numbers(seed);
  const pick = <T>(all: readonly T[]): T | undefined => all[Math.floor(all.length * next())];
  return Array.from({ length: count }, (_, i) => {
    const parent = parents[i % parents.length] ?? {};
    const other = pick(parents.filter((p) => wordsOf(p) !== wordsOf(parent)));
    const strengths = Object.entries(STRENGTHS).map(([name, range]) => {
      const value = Number(parent[name] ?? (name === 'distance' ? 5 : 1));
      const moved = value * STEP ** (2 * next() - 1);
      return [name, Number(within(moved, range).toFixed(3))] as const;
    });
    const crossed = other && next() < 0.5 ? { prompt: `${wordsOf(parent)} | ${wordsOf(other)}` } : {};
    // Every parent has one child of its own seed: only the strengths differ.
    const same = i < parents.length;
    return {
      ...parent,
      ...CHEAP,
      ...Object.fromEntries(strengths),
      ...crossed,
      seed: same ? Number(parent['seed'] ?? 1) : Math.floor(SEEDS * next()),
    };
  });
}

/** A tile as a drawing of full length. */
export function drawnOut(parameters: Values, base: Values): Values {
  const { steps: _steps, tries: _tries, size: _size, apart: _apart, ...own } = parameters;
  const { steps, size, apart } = base;
  const kept = Object.entries({ steps, size, apart }).filter(([, value]) => value !== undefined);
  return { ...own, ...Object.fromEntries(kept), tries: 1 };
}
