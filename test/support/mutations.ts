/** Model files as bad disks and bad people leave them: well-formed graphs that are wrong in a few places, and bytes and settings that are not. */
import { initialiserOf } from '../../core/graph/data.ts';
import { int, ints, OPERATORS, readOnnx, writeOnnx } from '../../core/graph/index.ts';

type Random = () => number;
export const below = (r: Random, n: number): number => Math.floor(r() * n);
export const oneOf = <T>(r: Random, list: readonly T[]): T | undefined => list[below(r, list.length)];

/** Bytes changed, cut, doubled or blown up. */
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
  for (let i = 0, n = 1 + below(r, 3); i < n; i++) {
    const at = below(r, nodes.length);
    const node = nodes[at];
    if (!node) continue;
    const swapped = (list: readonly string[]): string[] => list.map((v) => (r() < 0.5 ? v : (oneOf(r, names) ?? '')));
    const operator = oneOf(r, OPERATORS) ?? 'Add';
    const attributes = Object.entries(node.attributes).map(([key, a]) => {
      const odd = oneOf(r, NUMBERS) ?? 0;
      if (a.type === 'int') return [key, int(odd)] as const;
      return [key, a.type === 'ints' ? ints(a.value.map((v) => (r() < 0.5 ? odd : v))) : a] as const;
    });
    const [name, constant] = oneOf(r, [...initialisers]) ?? [];
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
        if (name && constant?.dtype === 'int64' && constant.bytes) {
          const data = Array.from({ length: constant.bytes.length / 8 }, () => oneOf(r, NUMBERS) ?? 0);
          initialisers.set(name, initialiserOf({ dtype: 'int64', shape: constant.shape, data }));
        }
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
const oddValue = (r: Random): unknown => oneOf(r, ODD);

/** A value of JSON with something odd somewhere in it, or something missing. */
export function mutatedJson(value: unknown, r: Random, odd: (r: Random) => unknown = oddValue): unknown {
  if (typeof value !== 'object' || value === null) return odd(r);
  const key = oneOf(r, Object.keys(value));
  if (key === undefined || r() < 0.1) return odd(r);
  const entries = Object.entries(value).flatMap(([k, v]) =>
    k !== key ? [[k, v]] : r() < 0.15 ? [] : [[k, mutatedJson(v, r, odd)]],
  );
  return Array.isArray(value) ? entries.map(([, v]) => v) : Object.fromEntries(entries);
}

/** A model's file, damaged in a way that fits its kind. */
export function damagedModelFile(name: string, bytes: Buffer, r: Random): Uint8Array {
  if (name.endsWith('.json') && r() < 0.8)
    return Buffer.from(JSON.stringify(mutatedJson(JSON.parse(bytes.toString('utf8')), r)) ?? '');
  return name.endsWith('.onnx') && r() < 0.5 ? mutatedGraph(bytes, r) : mutatedBytes(bytes, r);
}
