/** Checks a graph after every transform: single assignment, defined inputs, known types that agree with the declared ones. */
import { failure } from '../errors.ts';
import type { Graph } from './types.ts';
import { bytesFor, sameShape, sizeOf } from './types.ts';

type Invalid = (where: string, what: string) => never;

function invalidIn(graph: Graph): Invalid {
  return (where, what) => {
    throw failure('GRAPH_INVALID', { where: `${graph.name}, ${where}`, what });
  };
}

/** Names in the order in which they are made, each once. */
function definedNames(graph: Graph, invalid: Invalid): ReadonlySet<string> {
  const defined = new Set<string>();
  const define = (name: string, where: string): void => {
    if (defined.has(name)) invalid(where, `"${name}" is assigned twice`);
    defined.add(name);
  };
  for (const input of graph.inputs) define(input.name, 'the inputs');
  for (const name of graph.initialisers.keys()) define(name, 'the initialisers');
  for (const node of graph.nodes) {
    const missing = node.inputs.find((name) => name !== '' && !defined.has(name));
    if (missing !== undefined) invalid(`node "${node.name}"`, `its input "${missing}" is not defined before it`);
    for (const name of node.outputs.filter((n) => n !== '')) define(name, `node "${node.name}"`);
  }
  const undefinedOutput = graph.outputs.find((name) => !defined.has(name));
  if (undefinedOutput !== undefined) invalid('the outputs', `"${undefinedOutput}" is not defined`);
  return defined;
}

function checkInitialisers(graph: Graph, invalid: Invalid): void {
  for (const [name, constant] of graph.initialisers) {
    const expected = bytesFor(constant.dtype, sizeOf(constant.shape));
    const actual = constant.bytes?.byteLength ?? constant.origin?.length;
    if (constant.dtype !== 'string' && actual !== expected)
      invalid(`initialiser "${name}"`, `${actual} bytes where its shape asks for ${expected}`);
  }
}

function checkTypes(graph: Graph, defined: ReadonlySet<string>, invalid: Invalid): void {
  for (const name of defined) if (!graph.types.has(name)) invalid('the types', `"${name}" has none`);
  for (const input of graph.inputs) {
    const type = graph.types.get(input.name);
    const declared = input.shape.filter((d): d is number => typeof d === 'number');
    if (type && declared.length === input.shape.length && !sameShape(type.shape, declared))
      invalid(`input "${input.name}"`, 'its type and its declaration differ');
  }
}

/** Throws GRAPH_INVALID with the place and the reason. */
export function validate(graph: Graph): void {
  const invalid = invalidIn(graph);
  const defined = definedNames(graph, invalid);
  checkInitialisers(graph, invalid);
  if (graph.types.size > 0) checkTypes(graph, defined, invalid);
}
