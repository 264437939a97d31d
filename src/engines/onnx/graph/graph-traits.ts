import type { GraphTraits, WordSplit } from '../../inference-engine.js';
import type { OnnxGraph } from './onnx-graph.js';

/** Operators (https://onnx.ai/onnx/operators/) that scale numbers, or for which their scale does not count. */
const SCALES = new Set(['Scaler', 'TreeEnsemble', 'TreeEnsembleClassifier', 'TreeEnsembleRegressor']);

/** What the nodes of a graph tell of mistakes in what is around it; those of bodies are left out. */
export function graphTraits(graph: OnnxGraph): GraphTraits {
  const words = wordsOf(graph);
  return { hasOwnScale: graph.nodes.some(({ opType }) => SCALES.has(opType)), ...(words && { words }) };
}

/** Of the first tokenizer whose words are counted. */
function wordsOf({ nodes }: OnnxGraph): WordSplit | undefined {
  const counting = nodes.filter(({ opType }) => opType === 'TfIdfVectorizer');
  const pattern = nodes.find(({ opType }) => opType === 'Tokenizer')?.settings.get('tokenexp');
  if (counting.length === 0 || typeof pattern !== 'string') return undefined;
  const lengths = counting.map(({ settings }) => Number(settings.get('max_gram_length') ?? 1));
  return { pattern, maxWords: Math.max(...lengths) };
}
