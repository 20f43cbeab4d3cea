/** A seed by chance. It is written in the form before the run begins: pixels come from it, not from chance. */
export const chancedSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
