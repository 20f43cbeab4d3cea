/** The table of expansions: operators that are written in others before anything else sees them. One rewrite is better than one rule. */
import { intOf } from '../types.ts';
import * as activations from './activations.ts';
import * as attention from './attention.ts';
import { einsum } from './einsum.ts';
import type { Expansion } from './expansion.ts';
import { gridSample } from './grid-sample.ts';
import * as movement from './movement.ts';
import * as normalisation from './normalisation.ts';
import * as pooling from './pooling.ts';
import * as quantised from './quantised.ts';
import { resize } from './resize.ts';
import { scatterNd } from './scatter.ts';

export const EXPANSIONS: Readonly<Record<string, Expansion>> = {
  // activations and arithmetic
  Mish: activations.mish,
  Softsign: activations.softsign,
  Swish: activations.swish,
  PRelu: activations.prelu,
  Celu: activations.celu,
  Selu: activations.selu,
  ThresholdedRelu: activations.thresholdedRelu,
  Shrink: activations.shrink,
  Sinh: activations.sinh,
  Cosh: activations.cosh,
  Tan: activations.tan,
  Asinh: activations.asinh,
  Acosh: activations.acosh,
  Atanh: activations.atanh,
  Hardmax: activations.hardmax,
  Mod: activations.mod,
  Sum: activations.sum,
  Mean: activations.mean,
  'com.microsoft:Gelu': activations.exactGelu,
  'com.microsoft:BiasGelu': activations.biasGelu,
  'com.microsoft:FastGelu': activations.fastGelu,
  'com.microsoft:BiasSplitGelu': movement.biasSplitGelu,
  // normalisation
  BatchNormalization: normalisation.batchNormalization,
  InstanceNormalization: normalisation.instanceNormalization,
  GroupNormalization: normalisation.groupNormalization,
  RMSNormalization: normalisation.rmsNormalization,
  SimplifiedLayerNormalization: normalisation.rmsNormalization,
  LpNormalization: normalisation.lpNormalization,
  MeanVarianceNormalization: normalisation.meanVarianceNormalization,
  LRN: normalisation.localResponse,
  'com.microsoft:GroupNorm': normalisation.microsoftGroupNorm,
  'com.microsoft:SkipLayerNormalization': normalisation.skipLayerNormalization,
  'com.microsoft:SkipSimplifiedLayerNormalization': normalisation.skipSimplifiedLayerNormalization,
  'com.microsoft:SimplifiedLayerNormalization': normalisation.rmsNormalization,
  'com.microsoft:EmbedLayerNormalization': normalisation.embedLayerNormalization,
  ScatterND: scatterNd,
  // attention
  Attention: attention.onnxAttention,
  RotaryEmbedding: attention.onnxRotary,
  'com.microsoft:Attention': attention.microsoftAttention,
  'com.microsoft:MultiHeadAttention': attention.multiHeadAttention,
  'com.microsoft:RotaryEmbedding': attention.microsoftRotary,
  // linear algebra
  Einsum: einsum,
  'com.microsoft:TransposeMatMul': ({ x, inputs, attributes }) => [
    x.apply('com.microsoft:FusedMatMul', [inputs[1] ?? x], attributes),
  ],
  'com.microsoft:FusedMatMul': (n) => {
    if (intOf(n.attributes, 'transBatchA', 0) || intOf(n.attributes, 'transBatchB', 0))
      n.refuse('It transposes batch axes (transBatchA, transBatchB); export the model without optimising its graph.');
    return undefined;
  },
  'com.microsoft:FusedConv': quantised.fusedConv,
  'com.microsoft:FusedGemm': quantised.fusedGemm,
  // pooling and reduction
  MaxPool: pooling.maxPool,
  GlobalMaxPool: pooling.globalMaxPool,
  GlobalLpPool: pooling.globalLpPool,
  LpPool: pooling.lpPool,
  ReduceLogSum: pooling.reduceLogSum,
  // movement
  Resize: resize,
  GridSample: gridSample,
  Pad: movement.pad,
  OneHot: movement.oneHot,
  CastLike: movement.castLike,
  NonZero: movement.nonZero,
  Split: movement.split,
  SpaceToDepth: movement.spaceToDepth,
  Dropout: movement.dropout,
  // quantised
  DequantizeLinear: quantised.dequantizeLinear,
  QuantizeLinear: quantised.quantizeLinear,
  DynamicQuantizeLinear: quantised.dynamicQuantizeLinear,
  MatMulInteger: quantised.matMulInteger,
  ConvInteger: quantised.convInteger,
  QLinearMatMul: quantised.qLinearMatMul,
  QLinearConv: quantised.qLinearConv,
  'com.microsoft:DequantizeLinear': quantised.dequantizeLinear,
  'com.microsoft:QuantizeLinear': quantised.quantizeLinear,
  'com.microsoft:MatMulNBits': quantised.matMulNBits,
  'com.microsoft:GatherBlockQuantized': quantised.gatherBlockQuantized,
  'com.microsoft:DynamicQuantizeMatMul': quantised.dynamicQuantizeMatMul,
  'com.microsoft:MatMulIntegerToFloat': quantised.matMulIntegerToFloat,
  'com.microsoft:QGemm': quantised.qGemm,
  'com.microsoft:QLinearAdd': quantised.qLinearPair('Add'),
  'com.microsoft:QLinearMul': quantised.qLinearPair('Mul'),
  'com.microsoft:QLinearConcat': quantised.qLinearConcat,
  'com.microsoft:QLinearSigmoid': quantised.qLinearOne((x) => x.sigmoid()),
  'com.microsoft:QLinearLeakyRelu': quantised.qLinearOne((x, a) => x.apply('LeakyRelu', [], a)),
  'com.microsoft:QLinearSoftmax': quantised.qLinearOne((x, a) => x.softmax(intOf(a, 'axis', -1))),
  'com.microsoft:QLinearAveragePool': quantised.qLinearOne((x, a) => x.apply('AveragePool', [], a)),
  'com.microsoft:QLinearGlobalAveragePool': quantised.qLinearOne((x) => x.apply('GlobalAveragePool')),
};
