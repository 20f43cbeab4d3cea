/** Seeded random numbers: the only ones in the project that may touch a picture. */

/** A generator of uniform numbers in [0, 1): mulberry32 (Tommy Ettinger, public domain), 32 bits of state. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A standard normal number (Box and Muller, 1958). */
export function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A seed for a part of a run, so that two parts never share a stream. */
export function seedFor(seed: number, part: string): number {
  let hash = 2166136261 ^ seed;
  for (const c of part) hash = Math.imul(hash ^ (c.codePointAt(0) ?? 0), 16777619);
  return hash >>> 0;
}
