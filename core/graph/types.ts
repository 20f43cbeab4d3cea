/** The intermediate representation: values, nodes, initialisers. Plain data; every transform makes a new graph. */

export const DTYPES = {
  float32: { onnx: 1, bytes: 4 },
  uint8: { onnx: 2, bytes: 1 },
  int8: { onnx: 3, bytes: 1 },
  uint16: { onnx: 4, bytes: 2 },
  int16: { onnx: 5, bytes: 2 },
  int32: { onnx: 6, bytes: 4 },
  int64: { onnx: 7, bytes: 8 },
  string: { onnx: 8, bytes: 0 },
  bool: { onnx: 9, bytes: 1 },
  float16: { onnx: 10, bytes: 2 },
  float64: { onnx: 11, bytes: 8 },
  uint32: { onnx: 12, bytes: 4 },
  uint64: { onnx: 13, bytes: 8 },
  bfloat16: { onnx: 16, bytes: 2 },
  /** Two in a byte, the low half first. */
  uint4: { onnx: 21, bytes: 0.5 },
  int4: { onnx: 22, bytes: 0.5 },
} as const;
export type DType = keyof typeof DTYPES;
const byCode = new Map<number, DType>((Object.keys(DTYPES) as DType[]).map((d) => [DTYPES[d].onnx, d]));
/** The type with this number in TensorProto.DataType; undefined where it is not known. */
export const dtypeOfCode = (code: number): DType | undefined => byCode.get(code);

export type Shape = readonly number[];
/** A size, or the name of one that is only known when inputs arrive. */
export type Dimension = number | string;

export interface ValueType {
  readonly dtype: DType;
  readonly shape: Shape;
}

export interface GraphInput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dimension[];
}

/** Constant data: bytes in memory (a view on the file it was read from), or a place in a file that is never read here. */
export interface Initialiser extends ValueType {
  /** Little-endian raw data; absent when the data lies only in `origin`. */
  readonly bytes?: Uint8Array;
  /** Where the same bytes lie on disk: `file` relative to the folder of the model's graphs. */
  readonly origin?: { readonly file: string; readonly offset: number; readonly length: number };
}

export type Attribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: Initialiser }
  | { readonly type: 'graph'; readonly value: Graph };
export type Attributes = Readonly<Record<string, Attribute>>;

export interface GraphNode {
  readonly name: string;
  /** Operator, with its domain in front when that is not ONNX's own: `Add`, `com.microsoft:FusedMatMul`. */
  readonly operator: string;
  /** Names of values; an empty name is an optional input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

export interface Graph {
  /** What error messages call the graph: a file's name, or what it does. */
  readonly name: string;
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly string[];
  readonly nodes: readonly GraphNode[];
  readonly initialisers: ReadonlyMap<string, Initialiser>;
  /** Static type of every value; empty until the graph is specialised. */
  readonly types: ReadonlyMap<string, ValueType>;
}

/** Bytes that so many elements take. */
export const bytesFor = (dtype: DType, count: number): number => Math.ceil(count * DTYPES[dtype].bytes);
export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);

/** Attribute constructors, so that rules read like formulas. */
export const int = (value: number): Attribute => ({ type: 'int', value });
export const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });
export const float = (value: number): Attribute => ({ type: 'float', value });
export const text = (value: string): Attribute => ({ type: 'string', value });

/** Typed reading of a node's attributes, with the operator's own defaults. */
export function intOf(a: Attributes, key: string, otherwise: number): number {
  const found = a[key];
  return found?.type === 'int' ? found.value : otherwise;
}
export function floatOf(a: Attributes, key: string, otherwise: number): number {
  const found = a[key];
  return found?.type === 'float' || found?.type === 'int' ? found.value : otherwise;
}
export function intsOf(a: Attributes, key: string): readonly number[] | undefined {
  const found = a[key];
  return found?.type === 'ints' ? found.value : undefined;
}
export function textOf(a: Attributes, key: string, otherwise: string): string {
  const found = a[key];
  return found?.type === 'string' ? found.value : otherwise;
}
