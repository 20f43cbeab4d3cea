/** The public face of core/graph. */
export { bytesOf, floats, numbersOf } from './data.ts';
export { isOperator, OPERATORS, type Operator, OPSET } from './operators.ts';
export { readOnnx } from './read-onnx.ts';
export { compile, type CompileOptions, type Session } from './session.ts';
export { concat, specialise, Tensor, Trace, trace } from './tensor.ts';
export { type Dimension, type DType, type Graph, type GraphInput, float, int, ints, sameShape, type Shape, sizeOf } from './types.ts';
export { writeOnnx } from './write-onnx.ts';
