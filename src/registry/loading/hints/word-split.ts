import type { WordSplit } from '../../../engines/inference-engine.js';

/** What skl2onnx writes for the words of scikit-learn that are no words of ONNX Runtime: ASCII only, of any length. */
const OF_EXPORTER = '[a-zA-Z0-9_]+';

/**
 * How a model splits texts otherwise than scikit-learn does, whose vectorizers take words of two characters or more
 * unless they are told another pattern.
 *
 * @returns a sentence; undefined when it does not.
 */
export function wordsHint(words: WordSplit | undefined): string | undefined {
  if (words?.pattern !== OF_EXPORTER) return undefined;
  const siblings = words.maxWords > 1 ? ', and words of one letter part their neighbours' : '';
  return (
    `The model takes ${OF_EXPORTER} for words, scikit-learn \\b\\w\\w+\\b: words with other letters than A to Z fall apart` +
    `${siblings}.`
  );
}
