/** The part of ONNX's protobuf schema that Lodestone reads and writes (field numbers from onnx.proto, Apache-2.0, github.com/onnx/onnx). */
import { protobuf } from '../required.ts';

type Field = [number, string] | [number, string, 'repeated'];
const message = (fields: Record<string, Field>) => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [id, type, rule]]) => [
      name,
      rule
        ? { id, type, rule, options: { packed: !['string', 'bytes'].includes(type) && !/^[A-Z]/.test(type) } }
        : { id, type },
    ]),
  ),
});

const SCHEMA = {
  nested: {
    ModelProto: message({
      irVersion: [1, 'int64'],
      opsetImport: [8, 'OperatorSetIdProto', 'repeated'],
      producerName: [2, 'string'],
      graph: [7, 'GraphProto'],
      functions: [25, 'FunctionProto', 'repeated'],
    }),
    FunctionProto: message({
      name: [1, 'string'],
      input: [4, 'string', 'repeated'],
      output: [5, 'string', 'repeated'],
      attribute: [6, 'string', 'repeated'],
      node: [7, 'NodeProto', 'repeated'],
      opsetImport: [9, 'OperatorSetIdProto', 'repeated'],
      domain: [10, 'string'],
      attributeProto: [11, 'AttributeProto', 'repeated'],
    }),
    OperatorSetIdProto: message({ domain: [1, 'string'], version: [2, 'int64'] }),
    GraphProto: message({
      node: [1, 'NodeProto', 'repeated'],
      name: [2, 'string'],
      initializer: [5, 'TensorProto', 'repeated'],
      input: [11, 'ValueInfoProto', 'repeated'],
      output: [12, 'ValueInfoProto', 'repeated'],
    }),
    NodeProto: message({
      input: [1, 'string', 'repeated'],
      output: [2, 'string', 'repeated'],
      name: [3, 'string'],
      opType: [4, 'string'],
      attribute: [5, 'AttributeProto', 'repeated'],
      domain: [7, 'string'],
    }),
    AttributeProto: message({
      name: [1, 'string'],
      f: [2, 'float'],
      i: [3, 'int64'],
      s: [4, 'bytes'],
      t: [5, 'TensorProto'],
      g: [6, 'GraphProto'],
      floats: [7, 'float', 'repeated'],
      ints: [8, 'int64', 'repeated'],
      strings: [9, 'bytes', 'repeated'],
      type: [20, 'int32'],
      refAttrName: [21, 'string'],
    }),
    TensorProto: message({
      dims: [1, 'int64', 'repeated'],
      dataType: [2, 'int32'],
      floatData: [4, 'float', 'repeated'],
      int32Data: [5, 'int32', 'repeated'],
      stringData: [6, 'bytes', 'repeated'],
      int64Data: [7, 'int64', 'repeated'],
      name: [8, 'string'],
      rawData: [9, 'bytes'],
      doubleData: [10, 'double', 'repeated'],
      uint64Data: [11, 'uint64', 'repeated'],
      externalData: [13, 'StringStringEntryProto', 'repeated'],
      dataLocation: [14, 'int32'],
    }),
    StringStringEntryProto: message({ key: [1, 'string'], value: [2, 'string'] }),
    ValueInfoProto: message({ name: [1, 'string'], type: [2, 'TypeProto'] }),
    TypeProto: message({ tensorType: [1, 'TensorTypeProto'] }),
    TensorTypeProto: message({ elemType: [1, 'int32'], shape: [2, 'TensorShapeProto'] }),
    TensorShapeProto: message({ dim: [1, 'DimensionProto', 'repeated'] }),
    DimensionProto: message({ dimValue: [1, 'int64'], dimParam: [2, 'string'] }),
  },
};

/** Protobuf's 64-bit whole numbers arrive as numbers or as Long objects, depending on what is installed. */
export type Whole = number | { toNumber(): number };
export const plain = (w: Whole | null | undefined): number =>
  w === null || w === undefined ? 0 : typeof w === 'number' ? w : w.toNumber();

export interface TensorProto {
  dims: Whole[];
  dataType: number;
  floatData: number[];
  int32Data: number[];
  int64Data: Whole[];
  doubleData: number[];
  uint64Data: Whole[];
  name: string;
  rawData?: Uint8Array | null;
  externalData: { key: string; value: string }[];
  dataLocation: number;
}
export interface AttributeProto {
  name: string;
  f: number;
  i: Whole;
  s: Uint8Array;
  t?: TensorProto | null;
  g?: GraphProto | null;
  floats: number[];
  ints: Whole[];
  strings: Uint8Array[];
  type: number;
  /** Inside a function: the caller's attribute that stands here. */
  refAttrName: string;
}
export interface NodeProto {
  input: string[];
  output: string[];
  name: string;
  opType: string;
  attribute: AttributeProto[];
  domain: string;
}
export interface ValueInfoProto {
  name: string;
  type?: {
    tensorType?: { elemType: number; shape?: { dim: { dimValue: Whole; dimParam: string }[] } | null } | null;
  } | null;
}
export interface GraphProto {
  node: NodeProto[];
  name: string;
  initializer: TensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
}
export interface FunctionProto {
  name: string;
  input: string[];
  output: string[];
  node: NodeProto[];
  domain: string;
  attributeProto: AttributeProto[];
}
export interface ModelProto {
  functions: FunctionProto[];
  opsetImport: { domain: string; version: Whole }[];
  graph?: GraphProto | null;
}

type Type = import('protobufjs/light.js').Type;
let kept: Type | undefined;
const model = (): Type => {
  kept ??= protobuf().Root.fromJSON(SCHEMA).lookupType('ModelProto');
  return kept;
};
/** Decodes a model; byte fields are views on `bytes`. Throws what protobufjs throws. */
export const decodeModel = (bytes: Uint8Array): ModelProto => model().decode(bytes) as unknown as ModelProto; // protobufjs messages carry exactly these fields
export const encodeModel = (content: object): Uint8Array => model().encode(model().create(content)).finish();
