import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorCodes, type PlainError, plainError } from '../../../core/errors.ts';
import { initialiserOf } from '../../../core/graph/data.ts';
import { int, ints, OPERATORS, readOnnx, writeOnnx } from '../../../core/graph/index.ts';
import { seeded } from '../../../core/random.ts';
import { temporaryFolder } from '../../support/pictures.ts';
import { referenceFolder } from '../../support/reference.ts';
import { useEngine } from '../../support/services.ts';

const MUTATIONS = 1000;
const PATIENCE_MS = 20_000;
const engine = useEngine({ threads: 1 });

type Random = () => number;
const below = (r: Random, n: number): number => Math.floor(r() * n);

/** Bytes changed, cut, doubled or blown up, as bad disks and bad people do. */
function mutatedBytes(source: Buffer, r: Random): Buffer {
  const bytes = Buffer.from(source);
  const at = below(r, bytes.length);
  switch (below(r, 6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - below(r, 400)))]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + below(r, 400)))]);
    default:
      // The structure stands at the end of these files and between their weights: many small changes reach it.
      for (let i = 0, n = 1 + below(r, 40); i < n; i++) {
        const place = r() < 0.5 ? below(r, bytes.length) : bytes.length - 1 - below(r, Math.min(bytes.length, 30_000));
        bytes[place] = below(r, 256);
      }
      return bytes;
  }
}

const NUMBERS = [-1, 0, 1, 2, 3, 7, 64, 1e6, 2 ** 31, 2 ** 40, -(2 ** 31)];
/** A graph that is well-formed as a file, and wrong in one or a few places. */
function mutatedGraph(source: Buffer, r: Random): Uint8Array {
  const graph = readOnnx({ bytes: source, name: 'graph' });
  const nodes = [...graph.nodes];
  const initialisers = new Map(graph.initialisers);
  const names = [...initialisers.keys(), ...nodes.flatMap((n) => n.outputs)];
  const anyName = (): string => names[below(r, names.length)] ?? '';
  for (let i = 0, n = 1 + below(r, 3); i < n; i++) {
    const at = below(r, nodes.length);
    const node = nodes[at];
    if (!node) continue;
    const swapped = (list: readonly string[]): string[] => list.map((v) => (r() < 0.5 ? v : anyName()));
    const operator = OPERATORS[below(r, OPERATORS.length)] ?? 'Add';
    const attributes = Object.entries(node.attributes).map(([key, a]) => {
      const odd = NUMBERS[below(r, NUMBERS.length)] ?? 0;
      if (a.type === 'int') return [key, int(odd)] as const;
      return [key, a.type === 'ints' ? ints(a.value.map((v) => (r() < 0.5 ? odd : v))) : a] as const;
    });
    const [name, constant] = [...initialisers][below(r, initialisers.size)] ?? [];
    switch (below(r, 6)) {
      case 0:
        nodes[at] = { ...node, operator };
        break;
      case 1:
        nodes[at] = { ...node, inputs: swapped(node.inputs) };
        break;
      case 2:
        nodes.splice(at, 1);
        break;
      case 3:
        if (name && constant) initialisers.set(name, { ...constant, shape: [...constant.shape].reverse() });
        break;
      case 4:
        if (name && constant?.dtype === 'int64' && constant.bytes)
          initialisers.set(
            name,
            initialiserOf({
              dtype: 'int64',
              shape: constant.shape,
              data: Array.from({ length: constant.bytes.length / 8 }, () => NUMBERS[below(r, NUMBERS.length)] ?? 0),
            }),
          );
        break;
      default:
        nodes[at] = { ...node, attributes: Object.fromEntries(attributes) };
    }
  }
  return writeOnnx({ ...graph, nodes, initialisers });
}

const ODD: readonly unknown[] = [
  null,
  -1,
  0,
  1e300,
  2 ** 53,
  '',
  'x'.repeat(5000),
  [],
  {},
  true,
  [[]],
  '../../etc/passwd',
  { size: {} },
  0.5,
];
function mutatedJson(value: unknown, r: Random): unknown {
  if (typeof value !== 'object' || value === null) return ODD[below(r, ODD.length)];
  const keys = Object.keys(value);
  const key = keys[below(r, keys.length)];
  if (key === undefined || r() < 0.1) return ODD[below(r, ODD.length)];
  const entries = Object.entries(value).flatMap(([k, v]) =>
    k !== key ? [[k, v]] : r() < 0.15 ? [] : [[k, mutatedJson(v, r)]],
  );
  return Array.isArray(value) ? entries.map(([, v]) => v) : Object.fromEntries(entries);
}

const GRAPHS = ['vision_model.onnx', 'vision_model_quantized.onnx', 'vision_model_q4.onnx', 'vision_model_dynamo.onnx'];
const SETTINGS = ['config.json', 'preprocessor_config.json'];

/** A folder to damage, and what its files hold. */
async function victim(): Promise<{ folder: string; honest: ReadonlyMap<string, Buffer> }> {
  const folder = join(await temporaryFolder(), 'damaged');
  cpSync(join(referenceFolder(), 'clip-vit'), folder, { recursive: true });
  for (const file of readdirSync(join(folder, 'onnx'))) if (!GRAPHS.includes(file)) rmSync(join(folder, 'onnx', file));
  const names = [...SETTINGS, ...GRAPHS.map((g) => `onnx/${g}`)];
  return { folder, honest: new Map(names.map((f) => [f, readFileSync(join(folder, f))] as const)) };
}

function damaged(name: string, bytes: Buffer, r: Random): Uint8Array {
  if (name.endsWith('.json') && r() < 0.8)
    return Buffer.from(JSON.stringify(mutatedJson(JSON.parse(bytes.toString('utf8')), r)) ?? '');
  return name.endsWith('.onnx') && r() < 0.5 ? mutatedGraph(bytes, r) : mutatedBytes(bytes, r);
}

/** Every error that checking the folder gives for the damaged file; for damaged settings, of every graph. */
async function errorsOf(folder: string, name: string): Promise<PlainError[]> {
  const told: PlainError[] = [];
  try {
    for await (const { error, file } of engine.check(folder, { signal: AbortSignal.timeout(PATIENCE_MS) }))
      if (error && (name.endsWith('.json') || name.endsWith(file))) told.push(error);
  } catch (thrown) {
    told.push(plainError(thrown));
  }
  return told;
}

/** Damages one file of the folder and looks what that gives. */
async function attempt(folder: string, honest: ReadonlyMap<string, Buffer>, r: Random): Promise<PlainError[]> {
  const ofSettings = r() < 0.2;
  const name = ofSettings ? (SETTINGS[below(r, 2)] ?? '') : `onnx/${GRAPHS[below(r, GRAPHS.length)]}`;
  // One graph at a time: the others would only take time.
  for (const [file, whole] of honest)
    writeFileSync(join(folder, file), file.endsWith('.onnx') && !ofSettings ? '' : whole);
  writeFileSync(join(folder, name), damaged(name, honest.get(name) ?? Buffer.alloc(0), r));
  return errorsOf(folder, name);
}

describe('a model folder that someone has damaged', () => {
  it(`gives a coded error or works, ${MUTATIONS} times, and never brings down who asked`, async () => {
    const { folder, honest } = await victim();
    const random = seeded(2026);
    const found = new Map<string, number>();
    const told: PlainError[] = [];
    for (let i = 0; i < MUTATIONS; i++) {
      const errors = await attempt(folder, honest, random);
      told.push(...errors);
      const code = errors[0]?.code ?? 'works';
      found.set(code, (found.get(code) ?? 0) + 1);
    }
    const summary = JSON.stringify(Object.fromEntries(found));
    expect(told.filter((e) => !errorCodes.includes(e.code) || e.code === 'INTERNAL').slice(0, 10), summary).toEqual([]);
    expect(found.get('works') ?? 0, summary).toBeGreaterThan(20);
    expect(found.get('ENGINE_STOPPED') ?? 0, summary).toBeLessThan(MUTATIONS / 50);
    // The engine still answers.
    expect((await engine.embedTexts(['a red heart'])).count).toBe(1);
  }, 900_000);
});
