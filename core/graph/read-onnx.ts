/** ONNX bytes to a graph. Weights become views on the bytes; external data is named, never read. */
import { failure, messageOf } from '../errors.ts';
import { bytesOf } from './data.ts';
import { withoutFunctions } from './functions.ts';
import type { AttributeProto, GraphProto, TensorProto, ValueInfoProto } from './onnx-schema.ts';
import { decodeModel, plain } from './onnx-schema.ts';
import { sortNodes } from './sort.ts';
import type { Attribute, DType, Graph, GraphInput, GraphNode, Initialiser } from './types.ts';
import { bytesFor, dtypeOfCode, sizeOf } from './types.ts';
import { upgrade } from './upgrade.ts';

/** What a file means that names no opset. */
const OLDEST_OPSET = 1;

export interface OnnxSource {
  readonly bytes: Uint8Array;
  /** What messages call it. */
  readonly name: string;
  /** Its path relative to the folder that graphs are loaded from, so that weights can refer to it; absent when it came from elsewhere. */
  readonly file?: string;
  /** Whether `bytes` are what skim.ts left of the file, so that places in them are not places in the file. */
  readonly skimmed?: boolean;
}

/** Reads a model and rewrites it to one opset. Throws ONNX_UNREADABLE. */
export function readOnnx(source: OnnxSource): Graph {
  try {
    const model = decodeModel(source.bytes);
    if (!model.graph || model.graph.output.length === 0) throw new Error('it holds no graph');
    const opset = plain(model.opsetImport.find((o) => o.domain === '' || o.domain === 'ai.onnx')?.version);
    const flat = { ...model.graph, node: withoutFunctions(model.graph.node, model.functions) };
    return upgrade(sortNodes(graphOf(flat, source)), opset || OLDEST_OPSET);
  } catch (cause) {
    throw failure('ONNX_UNREADABLE', { file: source.name, what: messageOf(cause) }, cause);
  }
}

function graphOf(proto: GraphProto, source: OnnxSource): Graph {
  const initialisers = new Map(proto.initializer.map((t) => [t.name, initialiserOf(t, source)]));
  return {
    name: source.name,
    inputs: proto.input.filter((i) => !initialisers.has(i.name)).map(inputOf),
    outputs: proto.output.map((o) => o.name),
    nodes: proto.node.map(
      (n): GraphNode => ({
        name: n.name || n.output[0] || n.opType,
        operator: n.domain && n.domain !== 'ai.onnx' ? `${n.domain}:${n.opType}` : n.opType,
        inputs: n.input,
        outputs: n.output,
        attributes: Object.fromEntries(
          n.attribute.flatMap((a) => {
            const value = attributeOf(a, source);
            return value ? [[a.name, value]] : [];
          }),
        ),
      }),
    ),
    initialisers,
    types: new Map(),
  };
}

function dtypeOf(code: number): DType {
  const dtype = dtypeOfCode(code);
  if (!dtype) throw new Error(`element type ${code} is not known`);
  return dtype;
}

function inputOf(v: ValueInfoProto): GraphInput {
  const tensor = v.type?.tensorType;
  return {
    name: v.name,
    dtype: dtypeOf(tensor?.elemType ?? 1),
    shape: (tensor?.shape?.dim ?? []).map((d, i) => d.dimParam || plain(d.dimValue) || `unknown_${i}`),
  };
}

function initialiserOf(t: TensorProto, source: OnnxSource): Initialiser {
  const dtype = dtypeOf(t.dataType);
  const shape = t.dims.map(plain);
  if (t.dataLocation === 1) {
    const entry = (key: string): string | undefined => t.externalData.find((e) => e.key === key)?.value;
    if (source.file === undefined) throw new Error(`"${t.name}" keeps its data in another file`);
    const folder = source.file.includes('/') ? source.file.slice(0, source.file.lastIndexOf('/') + 1) : '';
    const length = bytesFor(dtype, sizeOf(shape));
    return {
      dtype,
      shape,
      origin: {
        file: folder + (entry('location') ?? ''),
        offset: Number(entry('offset') ?? 0),
        length: Number(entry('length') ?? length),
      },
    };
  }
  const raw = t.rawData;
  if (raw && raw.byteLength > 0)
    return source.file === undefined || source.skimmed
      ? { dtype, shape, bytes: raw }
      : {
          dtype,
          shape,
          bytes: raw,
          origin: { file: source.file, offset: raw.byteOffset - source.bytes.byteOffset, length: raw.byteLength },
        };
  const listed =
    [t.floatData, t.int32Data, t.int64Data.map(plain), t.doubleData, t.uint64Data.map(plain)].find(
      (list) => list.length > 0,
    ) ?? [];
  // Halves listed in int32_data are bit patterns, not numbers (onnx.proto, TensorProto.int32_data).
  const patterns = dtype === 'float16' || dtype === 'bfloat16';
  return { dtype, shape, bytes: patterns ? bytesOf('uint16', listed) : bytesOf(dtype, listed) };
}

const utf8 = new TextDecoder();
function attributeOf(a: AttributeProto, source: OnnxSource): Attribute | undefined {
  switch (a.type) {
    case 1:
      return { type: 'float', value: a.f };
    case 2:
      return { type: 'int', value: plain(a.i) };
    case 3:
      return { type: 'string', value: utf8.decode(a.s) };
    case 4:
      return a.t ? { type: 'tensor', value: initialiserOf(a.t, source) } : undefined;
    case 5:
      return a.g ? { type: 'graph', value: graphOf(a.g, source) } : undefined;
    case 6:
      return { type: 'floats', value: a.floats };
    case 7:
      return { type: 'ints', value: a.ints.map(plain) };
    case 8:
      return { type: 'strings', value: a.strings.map((s) => utf8.decode(s)) };
    default:
      return undefined;
  }
}
