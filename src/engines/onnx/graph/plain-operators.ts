import type { GraphNode, OnnxGraph } from './onnx-graph.js';
import { hasValueSizes } from './value-sizes.js';

/**
 * Operators of ONNX (https://onnx.ai/onnx/operators/) whose time is decided by the sizes of their inputs and whose
 * output has a size known from them: no control flow, no recurrence, no sequences, no result as long as the values say.
 */
const ONNX_OPERATORS: ReadonlySet<string> = new Set([
  ...['Abs', 'Acos', 'Acosh', 'Add', 'And', 'ArgMax', 'ArgMin', 'Asin', 'Asinh', 'Atan', 'Atanh', 'AveragePool'],
  ...['BatchNormalization', 'BitShift', 'BitwiseAnd', 'BitwiseNot', 'BitwiseOr', 'BitwiseXor', 'Cast', 'CastLike'],
  ...['Ceil', 'Celu', 'Clip', 'Concat', 'Constant', 'ConstantOfShape', 'Conv', 'ConvInteger', 'ConvTranspose', 'Cos'],
  ...['Cosh', 'CumSum', 'DepthToSpace', 'DequantizeLinear', 'Div', 'Dropout', 'DynamicQuantizeLinear', 'Einsum', 'Elu'],
  ...['Equal', 'Erf', 'Exp', 'Expand', 'EyeLike', 'Flatten', 'Floor', 'Gather', 'GatherElements', 'GatherND', 'Gelu'],
  ...['Gemm', 'GlobalAveragePool', 'GlobalMaxPool', 'Greater', 'GreaterOrEqual', 'GroupNormalization', 'HardSigmoid'],
  ...['HardSwish', 'Hardmax', 'Identity', 'InstanceNormalization', 'IsInf', 'IsNaN', 'LayerNormalization', 'LeakyRelu'],
  ...['Less', 'LessOrEqual', 'Log', 'LogSoftmax', 'LRN', 'LpNormalization', 'LpPool', 'MatMul', 'MatMulInteger', 'Max'],
  ...['MaxPool', 'Mean', 'MeanVarianceNormalization', 'Min', 'Mish', 'Mod', 'Mul', 'Neg', 'Not', 'OneHot', 'Or'],
  ...['PRelu', 'Pad', 'Pow', 'QLinearConv', 'QLinearMatMul', 'QuantizeLinear', 'Range', 'Reciprocal', 'ReduceL1'],
  ...['ReduceL2', 'ReduceLogSum', 'ReduceLogSumExp', 'ReduceMax', 'ReduceMean', 'ReduceMin', 'ReduceProd', 'ReduceSum'],
  ...[
    'ReduceSumSquare',
    'Relu',
    'Reshape',
    'Round',
    'Selu',
    'Shape',
    'Shrink',
    'Sigmoid',
    'Sign',
    'Sin',
    'Sinh',
    'Size',
  ],
  ...[
    'Slice',
    'Softmax',
    'Softplus',
    'Softsign',
    'SpaceToDepth',
    'Split',
    'Sqrt',
    'Squeeze',
    'StringNormalizer',
    'Sub',
  ],
  ...['Sum', 'Swish', 'Tan', 'Tanh', 'TfIdfVectorizer', 'ThresholdedRelu', 'Tile', 'TopK', 'Transpose', 'Trilu'],
  ...['Unsqueeze', 'Where', 'Xor'],
]);
const ML_OPERATORS: ReadonlySet<string> = new Set([
  ...['ArrayFeatureExtractor', 'Binarizer', 'CategoryMapper', 'FeatureVectorizer', 'Imputer', 'LabelEncoder'],
  ...['LinearClassifier', 'LinearRegressor', 'Normalizer', 'OneHotEncoder', 'SVMClassifier', 'SVMRegressor', 'Scaler'],
  ...['TreeEnsemble', 'TreeEnsembleClassifier', 'TreeEnsembleRegressor'],
]);
const PLAIN_OPERATORS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['', ONNX_OPERATORS],
  ['ai.onnx', ONNX_OPERATORS],
  ['ai.onnx.ml', ML_OPERATORS],
  // ONNX Runtime's own tokenizer, which the exports of text models use, and what its optimiser makes of plain operators.
  ['com.microsoft', new Set(['Tokenizer', 'Gelu', 'FusedMatMul', 'FusedGemm', 'FusedConv', 'MatMulNBits'])],
]);

/**
 * Whether a graph consists of operators on the list above only, so that how long it takes depends on sizes alone and can
 * be measured. It is a list of what is allowed: an operator that is new or of another domain is not on it, nor is one
 * that the file brings itself.
 *
 * @param removed  nodes that are left out when the graph is loaded.
 */
export function hasPlainOperators(graph: OnnxGraph, removed: readonly GraphNode[] = []): boolean {
  if (graph.hasFunctions || hasValueSizes(graph)) return false;
  return graph.nodes.every((node) => removed.includes(node) || isPlain(node));
}

function isPlain({ opType, domain, bodies }: GraphNode): boolean {
  return bodies.length === 0 && PLAIN_OPERATORS.get(domain)?.has(opType) === true;
}
