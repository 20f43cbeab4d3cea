/** The operators that Lodestone knows, at opset 21 (older graphs are rewritten to it on reading). Every table of rules is typed over this list. */

export const OPSET = 21;

export const OPERATORS = [
  // elementwise, two sides
  'Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod', 'Min', 'Max', 'Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'And', 'Or', 'Where',
  // elementwise, one side
  'Abs', 'Neg', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Sin', 'Cos', 'Asin', 'Acos', 'Atan', 'Tanh', 'Sigmoid', 'Erf', 'Relu', 'LeakyRelu', 'Elu', 'Softplus', 'HardSigmoid', 'HardSwish', 'Gelu', 'Clip', 'Cast',
  'Identity', 'Dropout', 'Not', 'Floor', 'Ceil', 'Round', 'Sign', 'com.microsoft:QuickGelu',
  // reductions
  'ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceL1', 'ReduceL2', 'ReduceProd', 'ReduceSumSquare', 'ReduceLogSumExp', 'ArgMax', 'ArgMin', 'Softmax', 'LogSoftmax', 'CumSum',
  // linear algebra
  'MatMul', 'Gemm', 'com.microsoft:FusedMatMul', 'Conv', 'ConvTranspose', 'AveragePool', 'MaxPool', 'GlobalAveragePool',
  // normalisation
  'LayerNormalization', 'BatchNormalization',
  // movement
  'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Concat', 'Split', 'Slice', 'Gather', 'GatherElements', 'GatherND', 'ScatterND', 'ScatterElements', 'Expand', 'Tile', 'Pad', 'Trilu', 'DepthToSpace', 'SpaceToDepth',
  // shapes and constants
  'Shape', 'Size', 'Constant', 'ConstantOfShape', 'Range', 'EyeLike',
] as const;

export type Operator = (typeof OPERATORS)[number];

const known: ReadonlySet<string> = new Set(OPERATORS);
export const isOperator = (name: string): name is Operator => known.has(name);
