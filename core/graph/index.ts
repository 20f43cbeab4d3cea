/** The public face of core/graph. */
export { floats } from './data.ts';
export { isSupported } from './inline.ts';
export { OPERATORS, type Operator } from './operators.ts';
export { readOnnx } from './read-onnx.ts';
export { compile, type Session } from './session.ts';
export { skim } from './skim.ts';
export { concat, Tensor } from './tensor.ts';
export { specialise, Trace, trace } from './trace.ts';
export { float, type Graph, int, ints, type Shape, sameShape, sizeOf } from './types.ts';
export { writeOnnx } from './write-onnx.ts';
