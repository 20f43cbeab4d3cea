/** Functions that a model file defines for itself (newer exporters write them), copied in where they are called. */
import type { AttributeProto, FunctionProto, NodeProto } from './onnx-schema.ts';

/** Calls nested deeper than this are a circle, or an attack. */
const DEPTH_LIMIT = 32;
/** Nodes that copying may make. */
const NODE_LIMIT = 500_000;

const keyOf = (domain: string, name: string): string => `${domain === 'ai.onnx' ? '' : domain}:${name}`;

/** The nodes with every call of a function replaced by its body. Throws when functions call each other without end. */
export function withoutFunctions(nodes: readonly NodeProto[], functions: readonly FunctionProto[]): NodeProto[] {
  if (functions.length === 0) return [...nodes];
  const known = new Map(functions.map((f) => [keyOf(f.domain, f.name), f]));
  let made = 0;
  const copied = (list: readonly NodeProto[], depth: number): NodeProto[] =>
    list.flatMap((node) => {
      made += 1;
      if (made > NODE_LIMIT || depth > DEPTH_LIMIT) throw new Error('its functions call each other without end');
      const body = known.get(keyOf(node.domain, node.opType));
      return body
        ? copied(instantiated(node, body, `${node.name || node.output[0]}/${made}/`), depth + 1)
        : [withBranches(node, (inner) => copied(inner, depth))];
    });
  return copied(nodes, 0);
}

function withBranches(node: NodeProto, f: (nodes: readonly NodeProto[]) => NodeProto[]): NodeProto {
  if (!node.attribute.some((a) => a.g)) return node;
  return { ...node, attribute: node.attribute.map((a) => (a.g ? { ...a, g: { ...a.g, node: f(a.g.node) } } : a)) };
}

/** One call: names of the body get a prefix, its formal inputs, outputs and attributes become the caller's. */
function instantiated(call: NodeProto, body: FunctionProto, prefix: string): NodeProto[] {
  const names = new Map<string, string>();
  for (const [i, name] of body.input.entries()) names.set(name, call.input[i] ?? '');
  for (const [i, name] of body.output.entries()) if (call.output[i]) names.set(name, call.output[i]);
  const named = (name: string): string => (name === '' ? '' : (names.get(name) ?? prefix + name));
  const given = new Map([...body.attributeProto, ...call.attribute].map((a) => [a.name, a]));
  const attribute = (a: AttributeProto): AttributeProto[] => {
    if (a.refAttrName) {
      const value = given.get(a.refAttrName);
      return value ? [{ ...value, name: a.name }] : [];
    }
    return [
      a.g
        ? {
            ...a,
            g: { ...a.g, node: a.g.node.map(renamed), output: a.g.output.map((o) => ({ ...o, name: named(o.name) })) },
          }
        : a,
    ];
  };
  const renamed = (node: NodeProto): NodeProto => ({
    ...node,
    name: prefix + node.name,
    input: node.input.map(named),
    output: node.output.map(named),
    attribute: node.attribute.flatMap(attribute),
  });
  return body.node.map(renamed);
}
