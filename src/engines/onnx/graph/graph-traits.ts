import type { GraphTraits, WordSplit } from '../../inference-engine.js';
import type { OnnxGraph } from './onnx-graph.js';

/** Operators (https://onnx.ai/onnx/operators/) that scale numbers, or for which their scale does not count. */
const SCALAR_OPERATORS = new Set(['Scaler', 'TreeEnsemble', 'TreeEnsembleClassifier', 'TreeEnsembleRegressor']);

/** What the nodes of a graph tell of mistakes in what is around it; those of bodies are left out. */
export function graphTraits(graph: OnnxGraph): GraphTraits {
  const words = wordsOf(graph);
  return { hasOwnScale: graph.nodes.some(({ opType }) => SCALAR_OPERATORS.has(opType)), ...(words && { words }) };
}

/** Of the first tokenizer whose words are counted. */
function wordsOf({ nodes }: OnnxGraph): WordSplit | undefined {
  const countInputs = nodes.filter(({ opType }) => opType === 'TfIdfVectorizer');
  const pattern = nodes.find(({ opType }) => opType === 'Tokenizer')?.settings.get('tokenexp');
  if (countInputs.length === 0 || typeof pattern !== 'string') return undefined;
  const lengths = countInputs.map(({ settings }) => Number(settings.get('max_gram_length') ?? 1));
  return { pattern, maxWords: Math.max(...lengths) };
}
