/** Copies of a small model with random weights, one thing of which is made wrong. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Graph, readOnnx, writeOnnx } from '../../core/graph/index.ts';
import type { Initialiser } from '../../core/graph/types.ts';
import { referenceFolder } from './reference.ts';

export type TowerFile = 'vision_model.onnx' | 'text_model.onnx';

/** A model with both towers and a tokenizer, in `folder`. */
export function smallModel(folder: string): string {
  const [from, to] = [join(referenceFolder(), 'clip-vit'), join(folder, 'model')];
  mkdirSync(join(to, 'onnx'), { recursive: true });
  const files = ['config.json', 'preprocessor_config.json', 'tokenizer_config.json'];
  for (const file of [...files, 'onnx/vision_model.onnx', 'onnx/text_model.onnx'])
    cpSync(join(from, file), join(to, file));
  cpSync(join(referenceFolder(), 'small-tokenizer', 'tokenizer.json'), join(to, 'tokenizer.json'));
  return to;
}

export function editGraph(model: string, file: TowerFile, edit: (graph: Graph) => Graph): void {
  const path = join(model, 'onnx', file);
  writeFileSync(path, writeOnnx(edit(readOnnx({ bytes: readFileSync(path), name: file }))));
}

/** Every vector of weights begins with `value`. */
export function poisoned(graph: Graph, value: number): Graph {
  const changed = ([name, one]: [string, Initialiser]): [string, Initialiser] => {
    if (one.dtype !== 'float32' || one.shape.length !== 1 || !one.bytes || one.bytes.length < 8) return [name, one];
    const numbers = new Float32Array(Uint8Array.from(one.bytes).buffer);
    numbers[0] = value;
    return [name, { ...one, bytes: new Uint8Array(numbers.buffer) }];
  };
  return { ...graph, initialisers: new Map([...graph.initialisers].map(changed)) };
}

/** The embedding is brought into a shape that no number of pictures has. */
export function misshapen(graph: Graph): Graph {
  const [embedding = ''] = graph.outputs.slice(-1);
  const shape = { dtype: 'int64' as const, shape: [2], bytes: new Uint8Array(BigInt64Array.of(77n, 31n).buffer) };
  const reshape = {
    name: 'reshape at the end',
    operator: 'Reshape',
    inputs: [`${embedding} before`, 'shape of the end'],
    outputs: [embedding],
    attributes: {},
  };
  const nodes = graph.nodes.map((node) => ({
    ...node,
    outputs: node.outputs.map((name) => (name === embedding ? `${embedding} before` : name)),
  }));
  return {
    ...graph,
    nodes: [...nodes, reshape],
    initialisers: new Map(graph.initialisers).set('shape of the end', shape),
    types: new Map(),
  };
}

/** tokenizer.json with another normaliser or pre-tokenizer. */
export function editTokenizer(model: string, part: 'normalizer' | 'pre_tokenizer', value: unknown): void {
  const path = join(model, 'tokenizer.json');
  const json = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...json, [part]: value }));
}
