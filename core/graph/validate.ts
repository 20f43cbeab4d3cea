/** Checks a graph after every transform: single assignment, defined inputs, known types that agree with the declared ones. */
import { failure } from '../errors.ts';
import type { Graph } from './types.ts';
import { DTYPES, sameShape, sizeOf } from './types.ts';

export function validate(graph: Graph): void {
  const invalid = (where: string, what: string): never => {
    throw failure('GRAPH_INVALID', { where: `${graph.name}, ${where}`, what });
  };
  const defined = new Set<string>();
  const define = (name: string, where: string): void => {
    if (defined.has(name)) invalid(where, `"${name}" is assigned twice`);
    defined.add(name);
  };
  for (const input of graph.inputs) define(input.name, 'the inputs');
  for (const [name, constant] of graph.initialisers) {
    define(name, 'the initialisers');
    const expected = sizeOf(constant.shape) * DTYPES[constant.dtype].bytes;
    const actual = constant.bytes?.byteLength ?? constant.origin?.length;
    if (constant.dtype !== 'string' && actual !== expected) invalid(`initialiser "${name}"`, `${actual} bytes where its shape asks for ${expected}`);
  }
  for (const node of graph.nodes) {
    for (const name of node.inputs) if (name && !defined.has(name)) invalid(`node "${node.name}"`, `its input "${name}" is not defined before it`);
    for (const name of node.outputs) if (name) define(name, `node "${node.name}"`);
  }
  for (const name of graph.outputs) if (!defined.has(name)) invalid('the outputs', `"${name}" is not defined`);
  if (graph.types.size === 0) return;
  for (const name of defined) if (!graph.types.has(name)) invalid('the types', `"${name}" has none`);
  for (const input of graph.inputs) {
    const type = graph.types.get(input.name);
    const declared = input.shape.filter((d): d is number => typeof d === 'number');
    if (type && declared.length === input.shape.length && !sameShape(type.shape, declared)) invalid(`input "${input.name}"`, 'its type and its declaration differ');
  }
}
