/** How often audit finds a difference where there is none, and where there is one: groups made up, of known effects either way. */
import { gaussian, seeded } from '../../core/index.ts';
import { association, leaning } from '../../plugins/audit/statistics.ts';

const TIMES = 500;
const EFFECTS = [0.5, 0.8, -0.8];
const SIZES = [15, 30];
/** What is called a finding. */
const FINDING = 0.05;

const group = (count: number, mean: number, random: () => number): number[] =>
  Array.from({ length: count }, () => mean + gaussian(random));

const { signal } = new AbortController();

/** The share of findings among shuffles of one set of values: whatever these look like, their labels tell nothing. */
async function amongShuffled(size: number, random: () => number): Promise<number> {
  const values = [...group(size, 0, random), ...group(size, 0.8, random)];
  let found = 0;
  for (let k = 0; k < TIMES; k++) {
    const order = values.map((v) => ({ v, at: random() })).sort((a, b) => a.at - b.at);
    const shuffled = order.map(({ v }) => v);
    const { p } = await association(shuffled.slice(0, size), shuffled.slice(size), { random, signal });
    if (p < FINDING) found += 1;
  }
  return found / TIMES;
}
async function amongAlone(size: number, random: () => number): Promise<number> {
  let found = 0;
  for (let k = 0; k < TIMES; k++)
    if ((await leaning(group(size, 0, random), { random, signal })).p < FINDING) found += 1;
  return found / TIMES;
}
/** Of findings of an effect: those that point its way, and the others. */
async function ofEffect(size: number, effect: number, random: () => number): Promise<readonly [number, number]> {
  const times = TIMES / 5;
  let [right, wrong] = [0, 0];
  for (let k = 0; k < times; k++) {
    const both = [group(size, effect, random), group(size, 0, random)] as const;
    const { p, size: seen } = await association(...both, { random, signal });
    if (p < FINDING && seen * effect > 0) right += 1;
    if (p < FINDING && seen * effect < 0) wrong += 1;
  }
  return [right / times, wrong / times];
}

/** In percent. */
export async function benchAudit(): Promise<Record<string, number>> {
  const random = seeded(41);
  const figures: Record<string, number> = {};
  for (const size of SIZES) {
    figures[`two groups of ${size}, labels shuffled: findings`] = 100 * (await amongShuffled(size, random));
    figures[`one group of ${size} that leans nowhere: findings`] = 100 * (await amongAlone(size, random));
    for (const effect of EFFECTS) {
      const [right, wrong] = await ofEffect(size, effect, random);
      figures[`two groups of ${size}, effect ${effect}: found`] = 100 * right;
      figures[`two groups of ${size}, effect ${effect}: found the other way round`] = 100 * wrong;
    }
  }
  return figures;
}
