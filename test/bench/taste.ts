/** How well curate foretells answers that it was not given, after so many questions, for people made up: directions among embeddings, with answers of chance beside. */
import { join } from 'node:path';
import {
  type Answer,
  type Embeddings,
  Engine,
  gaussian,
  learnTaste,
  nextPair,
  pairKey,
  row,
  seeded,
} from '../../core/index.ts';
import { picked, rowsOf, unpacked } from './data-set.ts';
import { withFolder } from './folders.ts';

const PICTURES = 240;
const PEOPLE = 20;
const AFTER = [10, 20, 40];
const LEFT_OUT = 400;
/** How sharply people decide: logits between two pictures that are usually far apart. */
const SHARPNESS = 12;

/** Somebody who likes a direction among these pictures, and is not always of one mind. */
function person(e: Embeddings, random: () => number): (a: number, b: number) => boolean {
  const direction = Array.from({ length: e.dimension }, () => gaussian(random));
  const liking = Array.from({ length: e.count }, (_, i) =>
    row(e, i).reduce((sum, v, d) => sum + v * (direction[d] ?? 0), 0),
  );
  const mean = liking.reduce((a, b) => a + b, 0) / e.count;
  const spread = Math.sqrt(liking.reduce((sum, v) => sum + (v - mean) ** 2, 0) / e.count);
  return (a, b) => {
    const apart = (SHARPNESS / 4) * (((liking[a] ?? 0) - (liking[b] ?? 0)) / spread);
    return random() < 1 / (1 + Math.exp(-apart));
  };
}

/** Shares of left-out answers that are foretold after so many questions. */
function foretold(e: Embeddings, seed: number): number[] {
  const random = seeded(seed);
  const prefers = person(e, random);
  const any = (): number => Math.floor(random() * e.count);
  const test = Array.from({ length: LEFT_OUT }, (): Answer => {
    const [a, b] = [any(), any()];
    return prefers(a, b) ? [a, b] : [b, a];
  }).filter(([a, b]) => a !== b);
  const answers: Answer[] = [];
  const seen = new Set<string>();
  const shares: number[] = [];
  for (let k = 1; k <= Math.max(...AFTER); k++) {
    const pair = nextPair(e, answers.length > 0 ? learnTaste(e, answers) : undefined, random, seen);
    if (!pair) break;
    seen.add(pairKey(pair));
    answers.push(prefers(pair[0], pair[1]) ? pair : [pair[1], pair[0]]);
    if (!AFTER.includes(k)) continue;
    const taste = learnTaste(e, answers);
    const right = test.filter(([a, b]) => taste.utility(row(e, a)) > taste.utility(row(e, b)));
    shares.push(right.length / test.length);
  }
  return shares;
}

export async function benchTaste(data: string): Promise<Record<string, number>> {
  const rows = picked(await rowsOf(data, (r) => r.split === 'val' && !r.noisy), PICTURES, seeded(23));
  const engine = new Engine();
  const figures: Record<string, number> = {};
  await withFolder(async (folder) => {
    const paths = await unpacked(data, rows, join(folder, 'seen'));
    const e = await engine.embedAll(paths.map((path) => ({ path })));
    const all = Array.from({ length: PEOPLE }, (_, k) => foretold(e, 100 + k));
    for (const [i, count] of AFTER.entries())
      figures[`left-out answers foretold after ${count}, percent`] =
        (100 * all.reduce((sum, shares) => sum + (shares[i] ?? 0), 0)) / PEOPLE;
  });
  await engine.close();
  return figures;
}
