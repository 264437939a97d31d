import type { WordSplit } from '../../../engines/inference-engine.js';
import type { ReplayedExample } from './replayed-example.js';

const OTHER_LETTER = /[^\x00-\x7f]/;

/** What skl2onnx writes for the words of scikit-learn that are no words of ONNX Runtime: ASCII only, of any length. */
const OF_EXPORTER = '[a-zA-Z0-9_]+';

/** Words of any letters to Python, of those of ASCII to ONNX Runtime (RE2). */
const HAS_ASCII_WORDS = /^(?!.*\\p).*\\w/s;

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

/**
 * How a model whose words are `\w` splits texts otherwise than scikit-learn does.
 *
 * @returns a sentence; undefined when it does not.
 */
export function asciiWordsWarning(words: WordSplit | undefined): string | undefined {
  if (!words || !HAS_ASCII_WORDS.test(words.pattern)) return undefined;
  return (
    `The model takes ${words.pattern} for words, in which ONNX Runtime knows the letters A to Z only, and scikit-learn all: ` +
    'words with other letters fall apart.'
  );
}

/**
 * Words of which the model knows ASCII letters only, where none but texts with other letters differ: `\w` of ONNX Runtime
 * (RE2) has no others, that of Python has.
 */
export function asciiWordsHint(words: WordSplit | undefined, examples: readonly ReplayedExample[]): string | undefined {
  if (!words || !/\\w|a-z/.test(words.pattern) || /\\p/.test(words.pattern)) return undefined;
  const failed = examples.filter(({ matches }) => !matches);
  const hasOthers = ({ input }: ReplayedExample) =>
    Object.values(input).some((value) => typeof value === 'string' && OTHER_LETTER.test(value));
  if (failed.length === 0 || !failed.every(hasOthers)) return undefined;
  return (
    `Only texts with other letters than A to Z differ, which are in no word of the model (${words.pattern}): export it with ` +
    '"tokenexp": r"[\\p{L}\\p{N}_]{2,}", and lower-case the texts in encode.prepare (docs/run-format.md).'
  );
}
