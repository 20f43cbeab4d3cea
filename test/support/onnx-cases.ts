/** ONNX's own node tests: a graph of one operator with inputs and the outputs that ONNX expects. Values, shapes and gradients are checked. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { z } from 'zod';
import { gradients } from '../../core/autodiff/sweep.ts';
import { LodestoneError } from '../../core/errors.ts';
import { numbersOf } from '../../core/graph/data.ts';
import { compile, type Graph, readOnnx, type Session, type Tensor, type Trace, trace } from '../../core/graph/index.ts';
import { float32, floatsOf } from '../../core/graph/session.ts';
import { DTYPES, type DType, type Initialiser } from '../../core/graph/types.ts';
import { gaussian, seeded } from '../../core/random.ts';

const arraySchema = z.object({ dtype: z.string(), shape: z.array(z.number()), data: z.string() });
const caseSchema = z.object({
  name: z.string(),
  model: z.string(),
  inputs: z.record(z.string(), arraySchema),
  outputs: z.record(z.string(), arraySchema),
  rtol: z.number(),
  atol: z.number(),
});
export type OnnxCase = z.infer<typeof caseSchema>;

const file = fileURLToPath(new URL('../fixtures/onnx-nodes/cases.json.gz', import.meta.url));
export const onnxCases = (): OnnxCase[] =>
  z.array(caseSchema).parse(JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')));

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));
function constantOf(a: z.infer<typeof arraySchema>): Initialiser {
  if (!Object.hasOwn(DTYPES, a.dtype)) throw new Error(`type ${a.dtype}`);
  return { dtype: a.dtype as DType, shape: a.shape, bytes: bytesOf(a.data) };
}
const valuesOf = (constant: Initialiser): readonly number[] => numbersOf(constant)?.data ?? [];

/** Operators whose further inputs (factors, scales) are constants in every export. */
const FIRST_ONLY = /resize|upsample|quantize|qlinear/;

interface Traced {
  readonly graph: Graph;
  /** Float inputs, which the gradient is taken of. */
  readonly points: ReadonlyMap<string, Initialiser>;
  readonly differentiated: readonly string[];
}

/** The operator called in a trace: float inputs stay inputs, everything else is constant, as exporters leave it. */
function traced(c: OnnxCase, backward: boolean): Traced {
  const source = readOnnx({ bytes: bytesOf(c.model), name: c.name });
  const points = new Map<string, Initialiser>();
  const found: Record<string, Tensor> = {};
  const graph = trace(c.name, (t) => {
    const inputs: Record<string, Tensor> = {};
    for (const [name, given] of Object.entries(c.inputs)) {
      const constant = constantOf(given);
      const live = points.size === 0 || !FIRST_ONLY.test(c.name);
      const real = constant.dtype === 'float32' && constant.shape.length > 0 && live;
      if (real) points.set(name, constant);
      inputs[name] = real ? t.input(name, constant.shape) : t.initialiser(`given.${name}`, constant);
    }
    const outputs = Object.entries(t.call(source, inputs, 'called.'));
    const results = outputs.map(
      ([name, y]) => [`y.${name}`, y.dtype.startsWith('float') ? y.cast('float32') : y] as const,
    );
    const parts = results.flatMap(([, y]) => (y.dtype === 'float32' && y.size > 0 ? [y] : []));
    if (!backward || parts.length === 0) return Object.fromEntries(results);
    const value = weighted(t, parts);
    for (const name of points.keys()) {
      const g = inputs[name] && gradientOf(value, inputs[name]);
      if (g) found[`g.${name}`] = g;
    }
    return { value, ...found };
  });
  return { graph, points, differentiated: Object.keys(found).map((name) => name.slice(2)) };
}

/** One number that depends on every element: sum(y * fixed random weights). */
function weighted(t: Trace, parts: readonly Tensor[]): Tensor {
  const random = seeded(3);
  const weights = (y: Tensor): Tensor =>
    t.constant(
      Array.from({ length: y.size }, () => gaussian(random)),
      y.shape,
    );
  return parts.map((y) => y.mul(weights(y)).sum()).reduce((a, b) => a.add(b));
}

/** Undefined where the value does not depend on the input, or where that dependence has no gradient. */
function gradientOf(value: Tensor, input: Tensor): Tensor | undefined {
  try {
    return gradients(value, [input])[0];
  } catch (thrown) {
    if (thrown instanceof LodestoneError && ['GRADIENT_UNREACHABLE', 'GRADIENT_NO_RULE'].includes(thrown.code))
      return undefined;
    throw thrown;
  }
}

type Feeds = ReadonlyMap<string, Float32Array>;
const run = (session: Session, shapes: ReadonlyMap<string, Initialiser>, feeds: Feeds): ReturnType<Session['run']> =>
  session.run(
    Object.fromEntries([...feeds].map(([name, data]) => [name, float32(data, shapes.get(name)?.shape ?? [])])),
  );

/** Shapes and values of every output. */
export async function expectValues(c: OnnxCase): Promise<void> {
  const { graph, points } = traced(c, false);
  const session = await compile(graph);
  const feeds: Feeds = new Map([...points].map(([name, constant]) => [name, Float32Array.from(valuesOf(constant))]));
  const out = await run(session, points, feeds);
  for (const [name, wanted] of Object.entries(c.outputs)) {
    const found = out[`y.${name}`];
    expect(found?.dims, `shape of ${name}`).toEqual(wanted.shape);
    expect(graph.types.get(`y.${name}`)?.shape, `inferred shape of ${name}`).toEqual(wanted.shape);
    const values = Array.from((found?.data ?? []) as ArrayLike<number | bigint>, Number);
    const expected = valuesOf(constantOf(wanted));
    for (const [i, e] of expected.entries()) {
      const v = values[i] ?? Number.NaN;
      const close =
        Object.is(v, e) ||
        v === e ||
        (Number.isNaN(v) && Number.isNaN(e)) ||
        Math.abs(v - e) <= Math.max(c.atol, 1e-5) + Math.max(c.rtol, 1e-3) * Math.abs(e);
      if (!close) expect.fail(`${name}[${i}] is ${v}, not ${e}`);
    }
  }
  await session.release();
}

const DIRECTIONS = 3;
const STEP = 2e-3;
/** Every gradient against central differences in random directions. Returns how many inputs were differentiated. */
export async function expectGradients(c: OnnxCase): Promise<number> {
  const { graph, points, differentiated } = traced(c, true);
  if (differentiated.length === 0) return 0;
  const session = await compile(graph);
  const random = seeded(5);
  // Away from whole numbers, where many operators bend; upwards, where logarithms and roots are defined.
  const inner = /_(?:asin|acos)(?!h)|_atanh/.test(c.name);
  const near = (v: number): number => (inner ? 0.9 * v : v + 0.02 + 0.04 * random());
  const at: Feeds = new Map([...points].map(([name, constant]) => [name, Float32Array.from(valuesOf(constant), near)]));
  const exact = await run(session, points, at);
  for (const name of differentiated) {
    const gradient = floatsOf(exact[`g.${name}`]);
    const point = at.get(name) ?? gradient;
    const errors: string[] = [];
    for (let d = 0; d < DIRECTIONS; d++) {
      const direction = Float32Array.from(gradient, () => gaussian(random));
      const valueAt = async (h: number): Promise<number> =>
        floatsOf(
          (await run(session, points, new Map([...at, [name, point.map((v, i) => v + h * (direction[i] ?? 0))]])))[
            'value'
          ],
        )[0] ?? Number.NaN;
      const numeric = ((await valueAt(STEP)) - (await valueAt(-STEP))) / (2 * STEP);
      const along = direction.reduce((sum, v, i) => sum + v * (gradient[i] ?? 0), 0);
      const scale = Math.max(0.1, Math.hypot(...gradient) * Math.sqrt(gradient.length) * 0.3);
      if (!(Math.abs(along - numeric) / scale < 2e-2))
        errors.push(`${name}: ${along} by the rule, ${numeric} by differences`);
    }
    // One direction may cross a kink; a wrong rule fails in all of them.
    if (errors.length > 1) expect.fail(errors.join('; '));
  }
  await session.release();
  return differentiated.length;
}
