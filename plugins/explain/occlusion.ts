/** The slow check: one place after another is covered, and the score followed. */
import type { Heat, PluginContext } from '../../core/index.ts';
import { image } from '../../core/index.ts';
import { SIDE, type Square, scores, type Wanted } from './scores.ts';

const PATCH_GREY = { r: 128, g: 128, b: 128 };
const BATCH = 32;

/** How much the score falls when a grey patch covers each place: slow, and right by definition. */
export async function* occluded(
  square: Square,
  cells: number,
  wanted: Wanted,
  context: PluginContext,
): AsyncGenerator<{ readonly done: number; readonly heat?: Heat }> {
  const [whole = 0] = await scores([square.bytes], wanted, context);
  const patch = Math.ceil((SIDE / cells) * 1.6);
  const cover = await image(undefined, { create: { width: patch, height: patch, channels: 3, background: PATCH_GREY } })
    .png()
    .toBuffer();
  const data = new Float32Array(cells * cells);
  for (let from = 0; from < data.length; from += BATCH) {
    const places = Array.from({ length: Math.min(BATCH, data.length - from) }, (_, i) => from + i);
    const covered = await Promise.all(
      places.map((at) => {
        const middle = (i: number): number => ((i + 0.5) * SIDE) / cells - patch / 2;
        const inside = (v: number): number => Math.round(Math.min(SIDE - patch, Math.max(0, v)));
        return image(square.bytes)
          .composite([{ input: cover, left: inside(middle(at % cells)), top: inside(middle(Math.floor(at / cells))) }])
          .png()
          .toBuffer();
      }),
    );
    const found = await scores(covered, wanted, context);
    for (const [i, at] of places.entries()) data[at] = Math.max(0, whole - (found[i] ?? whole));
    yield { done: from + places.length };
  }
  yield { done: data.length, heat: { rows: cells, columns: cells, data } };
}
