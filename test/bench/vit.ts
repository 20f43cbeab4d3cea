/** ViT-B/32's shape: forward, forward and backward, and both against onnxruntime's own dense product in the same run. */
import { gradient } from '../../core/autodiff/sweep.ts';
import { fused } from '../../core/graph/fuse.ts';
import { compile, trace } from '../../core/graph/index.ts';
import { narrowed } from '../../core/graph/narrow.ts';
import { float32 } from '../../core/graph/session.ts';
import { gaussian, seeded } from '../../core/random.ts';
import { inTurn } from './measure.ts';
import { PIXELS, vitB32 } from './vit-b32.ts';

/** Multiply-adds of one picture through the tower, times two (4.4 G multiply-adds: 12 blocks of 12 width^2 x tokens, attention, patches). */
const FLOP = 8.8e9;
const [ROWS, INNER, COLUMNS] = [400, 768, 3072];

export async function benchVit(batch: number, rounds: number): Promise<Record<string, number>> {
  const graph = vitB32(batch);
  const random = seeded(1);
  const noise = (count: number): Float32Array => Float32Array.from({ length: count }, () => gaussian(random));
  const dense = trace('dense', (t) => ({
    y: t.input('x', [ROWS, INNER]).matmul(
      t.initialiser('w', {
        dtype: 'float32',
        shape: [INNER, COLUMNS],
        bytes: new Uint8Array(noise(INNER * COLUMNS).buffer),
      }),
    ),
  }));
  const forward = await compile(graph);
  const both = await compile(gradient(narrowed(fused(graph)), { of: 'image_embeds', wrt: ['pixel_values'] }));
  const product = await compile(dense);
  const pixels = float32(noise(batch * 3 * 224 * 224), [batch, ...PIXELS]);
  const rows = float32(noise(ROWS * INNER), [ROWS, INNER]);
  const repeats = Math.max(1, Math.round((batch * FLOP) / (2 * ROWS * INNER * COLUMNS)));
  const manyProducts = async (): Promise<void> => {
    for (let i = 0; i < repeats; i++) await product.run({ x: rows });
  };
  const [f = 0, b = 0, d = 0] = await inTurn(
    rounds,
    () => forward.run({ pixel_values: pixels }),
    () => both.run({ pixel_values: pixels }),
    manyProducts,
  );
  await Promise.all([forward.release(), both.release(), product.release()]);
  const denseRate = (repeats * 2 * ROWS * INNER * COLUMNS) / d / 1e6;
  return {
    [`vit_b32_forward_ms_batch${batch}`]: f,
    [`vit_b32_forward_backward_ms_batch${batch}`]: b,
    [`vit_b32_backward_ratio_batch${batch}`]: b / f,
    [`dense_gflops_batch${batch}`]: denseRate,
    [`vit_b32_share_of_dense_batch${batch}`]: (2 * batch * FLOP) / b / 1e6 / denseRate,
  };
}
