/** Finds the image and the text tower in a model's graphs, by their inputs and outputs, never by assumed shapes. */
import { failure } from '../errors.ts';
import { fused } from '../graph/fuse.ts';
import type { Graph, Shape, Tensor, Trace } from '../graph/index.ts';
import { concat, specialise } from '../graph/index.ts';
import { narrowed } from '../graph/narrow.ts';
import { prune } from '../graph/prune.ts';
import { readsOf } from '../graph/reads.ts';
import type { GraphInput, GraphNode } from '../graph/types.ts';
import { BATCH } from './batches.ts';
import { embeddingsBehindLogits } from './logits.ts';

export type TowerKind = 'image' | 'text';
export interface Tower {
  readonly kind: TowerKind;
  /** Only what the embedding needs, with only the inputs that it reads. */
  readonly graph: Graph;
  /** The input that carries pixels or token ids. */
  readonly input: string;
  readonly embedding: string;
}

/** Names that exporters give to embeddings, the likeliest first; a name of the other tower, or of its tokens, never counts. */
const EMBEDDINGS: Record<TowerKind, readonly RegExp[]> = {
  image: [
    /^image_embeds$/,
    /^(?:unnorm_)?image_(?:features|embeddings?)$/,
    /image.*(?:embed|feature)/,
    /^(?:pooler_output|pooled_output|sentence_embedding)$/,
    /embed|feature|pool/,
  ],
  text: [
    /^text_embeds$/,
    /^(?:unnorm_)?text_(?:features|embeddings?)$/,
    /text.*(?:embed|feature)/,
    /^(?:pooler_output|pooled_output|sentence_embedding)$/,
    /embed|feature|pool/,
  ],
};
const OTHER: Record<TowerKind, RegExp> = { image: /text|logits|hidden/i, text: /image|vision|logits|hidden/i };

function reachedInputs(graph: Graph): Graph {
  const read = new Set([...graph.nodes.flatMap(readsOf), ...graph.outputs]);
  return { ...graph, inputs: graph.inputs.filter((i) => read.has(i.name)) };
}
const cutTo = (graph: Graph, output: string): Graph => reachedInputs(prune({ ...graph, outputs: [output] }));

const isPixels = (i: GraphInput): boolean =>
  i.shape.length === 4 && (i.dtype.startsWith('float') || i.dtype === 'bfloat16');
const isWhole = (i: GraphInput): boolean => i.dtype === 'int64' || i.dtype === 'int32';
/** The input that carries pixels or token ids; masks, positions and segments are companions. */
function inputOf(graph: Graph, kind: TowerKind): GraphInput | undefined {
  if (kind === 'image')
    return graph.inputs.find((i) => /pixel|image/i.test(i.name) && isPixels(i)) ?? graph.inputs.find(isPixels);
  const whole = graph.inputs.filter((i) => isWhole(i) && !/mask|position|type|segment/i.test(i.name));
  return whole.find((i) => i.name === 'input_ids') ?? whole.find((i) => /ids|token|text/i.test(i.name)) ?? whole[0];
}
/** Whether the graph could hold such a tower, by its inputs. */
export const couldHold = (graph: Graph, kind: TowerKind): boolean => inputOf(graph, kind) !== undefined;

/** Outputs that could be the embedding, the likeliest first. */
function candidates(graph: Graph, kind: TowerKind): string[] {
  const possible = graph.outputs.filter((name) => !OTHER[kind].test(name));
  const named = EMBEDDINGS[kind].flatMap((pattern) => possible.filter((name) => pattern.test(name)));
  const behind = embeddingsBehindLogits(graph);
  const rest = graph.outputs.filter((name) => !/logits/i.test(name));
  return [...new Set([...named, ...possible, ...(named.length === 0 ? behind : []), ...rest])];
}

/** Throws MODEL_BROKEN when the graph has no such tower. */
export function towerOf(graph: Graph, kind: TowerKind): Tower {
  for (const embedding of candidates(graph, kind)) {
    const cut = cutTo(graph, embedding);
    const input = inputOf(cut, kind);
    const mixed = inputOf(cut, kind === 'image' ? 'text' : 'image');
    if (input && !mixed) return { kind, graph: cut, input: input.name, embedding };
  }
  if (!couldHold(graph, kind))
    throw failure('MODEL_BROKEN', {
      file: graph.name,
      what: `no input of its ${kind} tower takes ${kind === 'image' ? 'pixels [batch, 3, height, width]' : 'token ids'}; its inputs are ${graph.inputs.map((i) => `${i.name} ${i.dtype} [${i.shape.join(', ')}]`).join(', ')}`,
    });
  throw failure('MODEL_BROKEN', {
    file: graph.name,
    what: `none of its outputs (${graph.outputs.join(', ')}) is an ${kind} embedding. Export it with its projection, one embedding a row`,
  });
}

/** The declaration of the input that carries pixels or token ids. */
export function mainInput(tower: Tower): GraphInput {
  const found = tower.graph.inputs.find((i) => i.name === tower.input);
  if (!found) throw failure('MODEL_BROKEN', { file: tower.graph.name, what: `it has no input "${tower.input}"` });
  return found;
}

/** Whether pictures go in with their channels last, as TensorFlow's exports have them. */
export function channelsLast(tower: Tower): boolean {
  const { shape } = mainInput(tower);
  return tower.kind === 'image' && shape[1] !== 3 && shape[3] === 3;
}

/** The side of the pictures, or the length of the texts, that the tower takes, where its graph fixes one. Throws MODEL_BROKEN for pictures that are not square. */
export function fixedLength(tower: Tower): number | undefined {
  const { shape } = mainInput(tower);
  const [height, width] = channelsLast(tower) ? shape.slice(1, 3) : shape.slice(-2);
  if (tower.kind === 'image' && typeof height === 'number' && typeof width === 'number' && height !== width)
    throw failure('MODEL_BROKEN', {
      file: tower.graph.name,
      what: `it sees pictures of ${width} by ${height} pixels; only square ones are supported`,
    });
  return typeof width === 'number' ? width : undefined;
}

/** How many rows the graph takes at once, where it fixes that. */
function fixedBatch(tower: Tower): number | undefined {
  const [batch] = mainInput(tower).shape;
  return typeof batch === 'number' ? batch : undefined;
}

/**
 * How few and how many rows a run takes, so that a row comes out the same to the bit whatever goes with it. onnxruntime
 * multiplies a single row by other kernels than several, so a lone one gets company; a graph that scales its
 * activations by all that it is given (DynamicQuantizeLinear) takes them one at a time.
 */
export function rowsOf(tower: Tower): { readonly least: number; readonly most: number } {
  const fixed = fixedBatch(tower);
  if (fixed !== undefined) return { least: fixed, most: fixed };
  const scales = tower.graph.nodes.some((n) => /DynamicQuantize/.test(n.operator));
  return scales ? { least: 1, most: 1 } : { least: 2, most: BATCH };
}

/** Masks, segments and position ids that a text tower may ask for beside its ids: `used` tokens of each text are attended to, positions count up. */
export function companion(name: string, [count = 1, length = 1]: Shape, used: readonly number[]): number[] {
  const at = (row: number, column: number): number => {
    if (/position/i.test(name)) return column;
    return /mask/i.test(name) && column < (used[row] ?? length) ? 1 : 0;
  };
  return Array.from({ length: count * length }, (_, i) => at(Math.floor(i / length), i % length));
}

/** Rows of one embedding each: what comes out as [n, d, 1, 1] is flattened. */
function asRows(tower: Tower, embedding: Tensor): Tensor {
  const [rows = 1, width = 1, ...rest] = embedding.shape;
  if (embedding.rank < 2 || rest.some((d) => d !== 1))
    throw failure('MODEL_BROKEN', {
      file: tower.graph.name,
      what: `its output "${tower.embedding}" is [${embedding.shape.join(', ')}], not one embedding a row. Export it with its pooling and projection`,
    });
  return embedding.reshape([rows, width]).cast('float32');
}

export interface TowerCall {
  readonly embedding: Tensor;
  readonly values: Readonly<Record<string, Tensor>>;
}

/**
 * Calls a tower inside a trace: pixel values [n, 3, s, s] or token ids [n, length] to embeddings [n, d].
 * `inside` names values of the tower to hand out as well; `used` counts the tokens of each text before padding.
 * A graph that fixes its batch is called as often as it takes.
 */
export function callTower(
  t: Trace,
  tower: Tower,
  x: Tensor,
  inside: readonly string[] = [],
  used: readonly number[] = [],
): TowerCall {
  const [rows = 1] = x.shape;
  const size = fixedBatch(tower) ?? rows;
  if (size === rows) return callOnce(t, tower, x, inside, used);
  const parts = Array.from({ length: Math.ceil(rows / size) }, (_, i) => {
    const from = i * size;
    const end = Math.min(from + size, rows);
    const part = x.slice(0, from, end);
    const filled =
      end - from < size
        ? concat([part, ...Array.from({ length: size - (end - from) }, () => x.slice(0, rows - 1, rows))], 0)
        : part;
    const call = callOnce(t, tower, filled, inside, used.slice(from, end));
    const kept = (value: Tensor): Tensor =>
      end - from < size && value.shape[0] === size ? value.slice(0, 0, end - from) : value;
    return {
      embedding: kept(call.embedding),
      values: Object.fromEntries(Object.entries(call.values).map(([name, v]) => [name, kept(v)])),
    };
  });
  const joined = (name: string): Tensor =>
    concat(
      parts.flatMap((p) => (p.values[name] ? [p.values[name]] : [])),
      0,
    );
  return {
    embedding: concat(
      parts.map((p) => p.embedding),
      0,
    ),
    values: Object.fromEntries(inside.map((name) => [name, joined(name)])),
  };
}

function callOnce(t: Trace, tower: Tower, x: Tensor, inside: readonly string[], used: readonly number[]): TowerCall {
  const placed = channelsLast(tower) ? x.transpose([0, 2, 3, 1]) : x;
  const feeds: Record<string, Tensor> = { [tower.input]: placed.cast(mainInput(tower).dtype) };
  for (const { name, dtype } of tower.graph.inputs) {
    if (name === tower.input) continue;
    feeds[name] = t.constant(companion(name, x.shape, used), x.shape, dtype);
  }
  const shapes = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, value.shape]));
  const fixed = narrowed(
    fused(specialise({ ...tower.graph, outputs: [...new Set([tower.embedding, ...inside])] }, shapes)),
  );
  const values = t.call(fixed, feeds, `${tower.kind}.`);
  const embedding = values[tower.embedding];
  if (!embedding)
    throw failure('MODEL_BROKEN', { file: tower.graph.name, what: `it does not make "${tower.embedding}"` });
  return { embedding: asRows(tower, embedding), values };
}

/** The node that reads the table of token embeddings by the token ids. */
function tableOf(tower: Tower): GraphNode | undefined {
  const fromIds = new Set([tower.input]);
  const passing = ['Cast', 'Reshape', 'Identity', 'Flatten', 'Clip'];
  for (const node of tower.graph.nodes) {
    const [table = '', indices = ''] = node.inputs;
    const reads = node.operator === 'Gather' || node.operator === 'com.microsoft:GatherBlockQuantized';
    if (reads && fromIds.has(indices) && !fromIds.has(table)) return node;
    if (passing.includes(node.operator) && fromIds.has(table)) for (const name of node.outputs) fromIds.add(name);
  }
  return undefined;
}

/** Rows of the table of token embeddings, seen through casts; undefined where it is not a plain table. */
export function vocabularyOf({ graph, ...tower }: Tower): number | undefined {
  const makers = new Map(graph.nodes.flatMap((n) => n.outputs.map((o) => [o, n] as const)));
  let table = tableOf({ graph, ...tower })?.inputs[0] ?? '';
  for (
    let maker = makers.get(table);
    maker && /Cast|Identity|DequantizeLinear/.test(maker.operator);
    maker = makers.get(table)
  )
    table = maker.inputs[0] ?? '';
  return graph.initialisers.get(table)?.shape[0];
}

/** The value that holds the embedded tokens: what a table row-gathered by the token ids gives. Throws MODEL_BROKEN. */
export function tokenEmbeddings(tower: Tower): string {
  const found = tableOf(tower)?.outputs[0];
  if (found) return found;
  throw failure('MODEL_BROKEN', {
    file: tower.graph.name,
    what: 'no table of token embeddings is read by the token ids',
  });
}
