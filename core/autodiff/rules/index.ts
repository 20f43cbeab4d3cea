/** The table of gradient rules, typed over the union of operators: a missing rule does not compile. */
import type { Operator } from '../../graph/operators.ts';
import type { Rule } from '../rule.ts';
import { constant } from '../rule.ts';
import * as convolution from './convolution.ts';
import * as elementwise from './elementwise.ts';
import * as linear from './linear.ts';
import * as movement from './movement.ts';
import * as normalisation from './normalisation.ts';
import * as reduction from './reduction.ts';

export const RULES: Record<Operator, Rule> = {
  Add: elementwise.add, Sub: elementwise.sub, Mul: elementwise.mul, Div: elementwise.div, Pow: elementwise.pow, Mod: elementwise.mod, Min: elementwise.extreme, Max: elementwise.extreme, Where: elementwise.where,
  Equal: constant, Less: constant, LessOrEqual: constant, Greater: constant, GreaterOrEqual: constant, And: constant, Or: constant, Not: constant,
  Abs: elementwise.abs, Neg: elementwise.neg, Exp: elementwise.exp, Log: elementwise.log, Sqrt: elementwise.sqrt, Reciprocal: elementwise.reciprocal,
  Sin: elementwise.sin, Cos: elementwise.cos, Asin: elementwise.asin, Acos: elementwise.acos, Atan: elementwise.atan, Tanh: elementwise.tanh, Sigmoid: elementwise.sigmoid, Erf: elementwise.erf,
  Relu: elementwise.relu, LeakyRelu: elementwise.leakyRelu, Elu: elementwise.elu, Softplus: elementwise.softplus, HardSigmoid: elementwise.hardSigmoid, HardSwish: elementwise.hardSwish,
  Gelu: elementwise.gelu, 'com.microsoft:QuickGelu': elementwise.quickGelu, Clip: elementwise.clip, Cast: elementwise.cast, Identity: elementwise.identity, Dropout: elementwise.identity,
  Floor: constant, Ceil: constant, Round: constant, Sign: constant,
  ReduceSum: reduction.sum, ReduceMean: reduction.mean, ReduceMax: reduction.extreme, ReduceMin: reduction.extreme, ReduceL1: reduction.l1, ReduceL2: reduction.l2, ReduceProd: reduction.product,
  ReduceSumSquare: reduction.sumSquare, ReduceLogSumExp: reduction.logSumExp, ArgMax: constant, ArgMin: constant, Softmax: reduction.softmax, LogSoftmax: reduction.logSoftmax, CumSum: elementwise.cumSum,
  MatMul: linear.matmul, Gemm: linear.gemm, 'com.microsoft:FusedMatMul': linear.matmul,
  Conv: convolution.conv, ConvTranspose: convolution.convTranspose, AveragePool: convolution.averagePool, MaxPool: convolution.maxPool, GlobalAveragePool: convolution.globalAveragePool,
  LayerNormalization: normalisation.layerNormalization, BatchNormalization: normalisation.batchNormalization,
  Reshape: movement.reshape, Flatten: movement.reshape, Squeeze: movement.reshape, Unsqueeze: movement.reshape, Transpose: movement.transpose, Concat: movement.concat, Split: movement.split, Slice: movement.slice,
  Gather: movement.gather, GatherElements: movement.gatherElements, GatherND: movement.gatherNd, ScatterND: movement.scatterNd, ScatterElements: movement.scatterElements,
  Expand: movement.expand, Tile: movement.tile, Pad: movement.pad, Trilu: movement.trilu, DepthToSpace: movement.depthToSpace, SpaceToDepth: movement.spaceToDepth,
  Shape: constant, Size: constant, Constant: constant, ConstantOfShape: constant, Range: constant, EyeLike: constant,
};
