/** A graph to ONNX bytes. Weights that lie in a file already are referred to, not copied. */
import { encodeModel } from './onnx-schema.ts';
import { OPSET } from './operators.ts';
import type { Attribute, Dimension, DType, Graph, GraphNode, Initialiser } from './types.ts';
import { DTYPES } from './types.ts';

export interface WriteOptions {
  /** Refer to the file that a weight of more than 1 KiB came from instead of copying its bytes. The session then needs that folder. */
  readonly refer?: boolean;
}
const REFER_FROM_BYTES = 1024;
const IR_VERSION = 10;

export function writeOnnx(graph: Graph, { refer = false }: WriteOptions = {}): Uint8Array {
  return encodeModel({
    irVersion: IR_VERSION,
    producerName: 'lodestone',
    opsetImport: [
      { domain: '', version: OPSET },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: graphProto(graph, refer),
  });
}

function graphProto(graph: Graph, refer: boolean): object {
  const outputType = (name: string): object => {
    const type = graph.types.get(name);
    return type ? valueInfo(name, type.dtype, type.shape) : { name };
  };
  return {
    name: graph.name,
    node: graph.nodes.map(nodeProto),
    initializer: [...graph.initialisers].map(([name, constant]) => tensorProto(name, constant, refer)),
    input: graph.inputs.map((i) => valueInfo(i.name, i.dtype, i.shape)),
    output: graph.outputs.map(outputType),
  };
}

function valueInfo(name: string, dtype: DType, shape: readonly Dimension[]): object {
  const dim = shape.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: DTYPES[dtype].onnx, shape: { dim } } } };
}

function nodeProto(node: GraphNode): object {
  const colon = node.operator.indexOf(':');
  return {
    name: node.name,
    opType: node.operator.slice(colon + 1),
    domain: node.operator.slice(0, Math.max(0, colon)),
    input: node.inputs,
    output: node.outputs,
    attribute: Object.entries(node.attributes).map(([name, a]) => attributeProto(name, a)),
  };
}

function tensorProto(name: string, { dtype, shape, bytes, origin }: Initialiser, refer: boolean): object {
  const head = { name, dims: shape, dataType: DTYPES[dtype].onnx };
  if (!origin || (bytes && (!refer || origin.length < REFER_FROM_BYTES))) return { ...head, rawData: bytes };
  const place = { location: origin.file, offset: String(origin.offset), length: String(origin.length) };
  return { ...head, dataLocation: 1, externalData: Object.entries(place).map(([key, value]) => ({ key, value })) };
}

const utf8 = new TextEncoder();
function attributeProto(name: string, a: Attribute): object {
  switch (a.type) {
    case 'float':
      return { name, type: 1, f: a.value };
    case 'int':
      return { name, type: 2, i: a.value };
    case 'string':
      return { name, type: 3, s: utf8.encode(a.value) };
    case 'tensor':
      return { name, type: 4, t: tensorProto('', a.value, false) };
    case 'graph':
      return { name, type: 5, g: graphProto(a.value, false) };
    case 'floats':
      return { name, type: 6, floats: a.value };
    case 'ints':
      return { name, type: 7, ints: a.value };
    case 'strings':
      return { name, type: 8, strings: a.value.map((s) => utf8.encode(s)) };
  }
}
