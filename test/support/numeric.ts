/** The one numeric gradient checker: directional derivatives by central differences against the reverse sweep. */
import { expect } from 'vitest';
import { gradients } from '../../core/autodiff/sweep.ts';
import { compile, type Shape, sizeOf, type Tensor, type Trace, trace } from '../../core/graph/index.ts';
import { float32, floatsOf } from '../../core/graph/session.ts';
import { gaussian, seeded } from '../../core/random.ts';

export interface GradientCase {
  readonly inputs: readonly Shape[];
  readonly body: (t: Trace, inputs: readonly Tensor[]) => Tensor;
  /** Where each input is tried; standard normal numbers unless told otherwise. Keep away from kinks. */
  readonly at?: (random: () => number, input: number) => number;
  readonly step?: number;
  readonly tolerance?: number;
}

const DIRECTIONS = 3;

/** Every input's gradient of sum(output * fixed random weights), in a few random directions. */
export async function expectExactGradient({
  inputs,
  body,
  at = (r) => gaussian(r),
  step = 1e-2,
  tolerance = 5e-3,
}: GradientCase): Promise<void> {
  const random = seeded(7);
  const points = inputs.map((shape, i) => Float32Array.from({ length: sizeOf(shape) }, () => at(random, i)));
  const graph = trace('gradient check', (t) => {
    const given = inputs.map((shape, i) => t.input(`x${i}`, shape));
    const output = body(t, given);
    const weights = t.constant(
      Array.from({ length: output.size }, () => gaussian(random)),
      output.shape,
    );
    const value = output.cast('float32').mul(weights).sum();
    return { value, ...Object.fromEntries(gradients(value, given).map((g, i) => [`g${i}`, g])) };
  });
  for (const [i, shape] of inputs.entries()) expect(graph.types.get(`g${i}`)?.shape).toEqual(shape);
  const session = await compile(graph);
  const run = (values: readonly Float32Array[]) =>
    session.run(Object.fromEntries(values.map((v, i) => [`x${i}`, float32(v, inputs[i] ?? [])])));
  const exact = await run(points);
  const valueAt = async (values: readonly Float32Array[]): Promise<number> =>
    floatsOf((await run(values))['value'])[0] ?? Number.NaN;
  for (let i = 0; i < inputs.length; i++) {
    const gradient = floatsOf(exact[`g${i}`]);
    for (let d = 0; d < DIRECTIONS; d++) {
      const direction = Float32Array.from(gradient, () => gaussian(random));
      const moved = (h: number): Float32Array[] =>
        points.map((p, k) => (k === i ? p.map((v, j) => v + h * (direction[j] ?? 0)) : p));
      const numeric = ((await valueAt(moved(step))) - (await valueAt(moved(-step)))) / (2 * step);
      const along = direction.reduce((sum, v, j) => sum + v * (gradient[j] ?? 0), 0);
      const scale = Math.max(1e-1, Math.hypot(...gradient) * Math.hypot(...direction) * 0.3);
      expect(
        Math.abs(along - numeric) / scale,
        `input ${i}: ${along} by the rule, ${numeric} by differences`,
      ).toBeLessThan(tolerance);
    }
  }
  await session.release();
}
