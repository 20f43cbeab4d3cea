/** Finds the image and the text tower in a model's graphs, by their inputs and outputs, never by assumed shapes. */
import { failure } from '../errors.ts';
import { fused } from '../graph/fuse.ts';
import type { Graph, Shape, Tensor, Trace } from '../graph/index.ts';
import { specialise } from '../graph/index.ts';
import { narrowed } from '../graph/narrow.ts';
import { prune } from '../graph/prune.ts';
import type { GraphInput } from '../graph/types.ts';

export interface Tower {
  readonly kind: 'image' | 'text';
  /** Only what the embedding needs, with only the inputs that it reads. */
  readonly graph: Graph;
  /** The input that carries pixels or token ids. */
  readonly input: string;
  readonly embedding: string;
}

const EMBEDDINGS = {
  image: ['image_embeds', 'image_features', 'pooler_output', 'sentence_embedding', 'embeddings'],
  text: ['text_embeds', 'text_features', 'pooler_output', 'sentence_embedding', 'embeddings'],
} as const;

function reachedInputs(graph: Graph): Graph {
  const read = new Set([...graph.nodes.flatMap((n) => n.inputs), ...graph.outputs]);
  return { ...graph, inputs: graph.inputs.filter((i) => read.has(i.name)) };
}

/** Throws MODEL_BROKEN when the graph has no such tower. */
export function towerOf(graph: Graph, kind: 'image' | 'text'): Tower {
  const embedding =
    EMBEDDINGS[kind].find((name) => graph.outputs.includes(name)) ??
    (graph.outputs.length === 1 ? graph.outputs[0] : undefined);
  if (!embedding)
    throw failure('MODEL_BROKEN', {
      file: graph.name,
      what: `none of its outputs (${graph.outputs.join(', ')}) is an ${kind} embedding`,
    });
  const cut = reachedInputs(prune({ ...graph, outputs: [embedding] }));
  const input =
    kind === 'image'
      ? cut.inputs.find((i) => i.shape.length === 4 && i.dtype.startsWith('float'))
      : (cut.inputs.find((i) => i.name === 'input_ids') ?? cut.inputs.find((i) => i.dtype.startsWith('int')));
  if (!input)
    throw failure('MODEL_BROKEN', {
      file: graph.name,
      what: `no input of its ${kind} tower takes ${kind === 'image' ? 'pixels [batch, 3, height, width]' : 'token ids'}`,
    });
  return { kind, graph: cut, input: input.name, embedding };
}

/** The declaration of the input that carries pixels or token ids. */
export function mainInput(tower: Tower): GraphInput {
  const found = tower.graph.inputs.find((i) => i.name === tower.input);
  if (!found) throw failure('MODEL_BROKEN', { file: tower.graph.name, what: `it has no input "${tower.input}"` });
  return found;
}

/** The side of the pictures, or the length of the texts, that the tower takes, where its graph fixes one. */
export function fixedLength(tower: Tower): number | undefined {
  const length = mainInput(tower).shape.at(-1);
  return typeof length === 'number' ? length : undefined;
}

/** Masks and position ids that a text tower may ask for beside its ids: `used` tokens of each text are attended to, positions count up. */
export function companion(name: string, [count = 1, length = 1]: Shape, used: readonly number[]): number[] {
  const at = (row: number, column: number): number =>
    name.includes('position')
      ? column
      : name.includes('mask') && column >= (used[row] ?? length)
        ? 0
        : name.includes('mask')
          ? 1
          : 0;
  return Array.from({ length: count * length }, (_, i) => at(Math.floor(i / length), i % length));
}

/**
 * Calls a tower inside a trace: pixel values [n, 3, s, s] or token ids [n, length] to embeddings [n, d].
 * `inside` names values of the tower to hand out as well; `used` counts the tokens of each text before padding.
 */
export function callTower(
  t: Trace,
  tower: Tower,
  x: Tensor,
  inside: readonly string[] = [],
  used: readonly number[] = [],
): { readonly embedding: Tensor; readonly values: Readonly<Record<string, Tensor>> } {
  const feeds: Record<string, Tensor> = {
    [tower.input]: x.cast(mainInput(tower).dtype),
  };
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
  return { embedding: embedding.cast('float32'), values };
}

/** The value that holds the embedded tokens: what a table row-gathered by the token ids gives. */
export function tokenEmbeddings(tower: Tower): string {
  const fromIds = new Set([tower.input]);
  for (const node of tower.graph.nodes) {
    const [table = '', indices = ''] = node.inputs;
    if (node.operator === 'Gather' && fromIds.has(indices) && !fromIds.has(table)) return node.outputs[0] ?? '';
    if (['Cast', 'Reshape', 'Identity', 'Flatten', 'Clip'].includes(node.operator) && fromIds.has(table))
      for (const name of node.outputs) fromIds.add(name);
  }
  throw failure('MODEL_BROKEN', {
    file: tower.graph.name,
    what: 'no table of token embeddings is read by the token ids',
  });
}
