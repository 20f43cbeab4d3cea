/** What variants of a picture score. */
import type { Embeddings, PluginContext, squared } from '../../core/index.ts';
import { cosineTable } from '../../core/index.ts';

/** Side of the square that everything is worked out on, in pixels. */
export const SIDE = 224;
export type Square = Awaited<ReturnType<typeof squared>>;
/** Unit rows that a picture is compared with, and the weight of each. */
export interface Wanted {
  readonly targets: Embeddings;
  readonly weights: readonly number[];
}

/** Mean weighted cosine of pictures, one each. */
export async function scores(
  pictures: readonly Uint8Array[],
  { targets, weights }: Wanted,
  { engine, signal }: PluginContext,
): Promise<number[]> {
  const rows = await engine.embedAll(
    pictures.map((bytes, i) => ({ bytes, name: `variant ${i + 1}` })),
    { signal },
  );
  return cosineTable(rows, targets).map((c) => c.reduce((sum, v, k) => sum + v * (weights[k] ?? 0), 0));
}
