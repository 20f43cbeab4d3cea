/** The public face of core/graph. */
export { bytesOf, floats, numbersOf } from './data.ts';
export { isOperator, OPERATORS, OPSET, type Operator } from './operators.ts';
export { readOnnx } from './read-onnx.ts';
export { type CompileOptions, compile, type Session } from './session.ts';
export { concat, specialise, Tensor, Trace, trace } from './tensor.ts';
export {
  type Dimension,
  type DType,
  float,
  type Graph,
  type GraphInput,
  int,
  ints,
  type Shape,
  sameShape,
  sizeOf,
} from './types.ts';
export { writeOnnx } from './write-onnx.ts';
