/** How far to trust a map: the score when what it calls important goes, and when it alone is there. */
import type { Heat, PluginContext } from '../../core/index.ts';
import { cutHeat, image } from '../../core/index.ts';
import { SIDE, type Square, scores, type Wanted } from './scores.ts';

const STEPS = 8;
/**
 * Takes away what is said to matter, the most important first, and puts it back on grey in the same order: the mean score on both ways
 * (Petsiuk, Das and Saenko, 2018, RISE, section 4.2). A good answer has a low first number and a high second one.
 */
export async function checked(
  square: Square,
  heat: Heat,
  wanted: Wanted,
  context: PluginContext,
): Promise<{ deletion: number; insertion: number }> {
  const { data } = await image(square.bytes).removeAlpha().raw().made();
  const even = cutHeat(heat, { left: 0, top: 0, right: 1, bottom: 1 }, SIDE);
  const order = [...even.data.keys()].sort((a, b) => (even.data[b] ?? 0) - (even.data[a] ?? 0));
  const versions: Promise<Uint8Array>[] = [];
  for (const inserting of [false, true])
    for (let step = 1; step < STEPS; step++) {
      const pixels = Buffer.from(data);
      const changed = inserting
        ? order.slice(Math.round((order.length * step) / STEPS))
        : order.slice(0, Math.round((order.length * step) / STEPS));
      for (const at of changed) pixels.fill(128, 3 * at, 3 * at + 3);
      versions.push(
        image(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
          .png()
          .toBuffer(),
      );
    }
  const found = await scores(await Promise.all(versions), wanted, context);
  const mean = (part: readonly number[]): number => part.reduce((a, b) => a + b, 0) / part.length;
  return { deletion: mean(found.slice(0, STEPS - 1)), insertion: mean(found.slice(STEPS - 1)) };
}

/** Shares of the score after insertion by which that after deletion lies below it. */
const [CLEAR, SOME] = [0.5, 0.2];

/** How far to trust a map, in plain words. */
export function inWords({ deletion, insertion }: { readonly deletion: number; readonly insertion: number }): string {
  const share = (insertion - deletion) / Math.max(1e-6, Math.abs(insertion));
  if (insertion > 0 && share >= CLEAR) return 'the score follows the map: what it shows is what counts';
  if (insertion > 0 && share >= SOME) return 'the score follows the map a little: take it as a hint';
  return 'the score does not follow the map: do not trust it';
}
