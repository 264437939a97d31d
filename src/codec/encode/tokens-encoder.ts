import type { TokensEncoding } from '../../domain/encode-spec.js';
import { RunError } from '../../domain/verdict.js';
import { splitAtSpaces } from '../text/python-spaces.js';
import { mismatch, missingRule } from './encode-scope.js';
import type { EncodeScope, TensorEncoder } from './encode-scope.js';
import { tensorElement } from './tensor-element.js';

/** Largest whole number up to which float32 has them all. */
const MAX_FLOAT32_INT = 2 ** 24;

/**
 * Compiles a text as token indexes. Characters are code points; words are what
 * Python's white space separates.
 *
 * @throws RunError `SIGNATURE_MISMATCH` when an index does not fit the dtype or the vocabulary repeats a token,
 *   `ARTIFACT_MISSING` when the vocabulary file was not read.
 */
export function compileTokens(encoding: TokensEncoding, scope: EncodeScope, pointer: string): TensorEncoder {
  const { offset: first = 2, pad = 0, unknown = 1, length, missing = '' } = encoding;
  const source = scope.source(encoding.field, ['string'], missingRule(encoding.missing), pointer);
  const indexes = indexesOf(vocabularyOf(encoding, scope, pointer), first, pointer);
  const maxIndex = Math.max(first + indexes.size - 1, pad, unknown);
  const element = tensorElement(encoding.dtype);
  if (!element.inRange(maxIndex) || (encoding.dtype === 'float32' && maxIndex > MAX_FLOAT32_INT)) {
    throw mismatch(pointer, `the token index ${maxIndex} does not fit ${encoding.dtype}`);
  }
  const split = encoding.split === 'characters' ? splitChars : splitAtSpaces;
  return {
    tensor: encoding.tensor ?? '',
    dtype: encoding.dtype,
    rowShape: [length],
    writeRow(visit, data, offset) {
      const end = offset + length;
      let at = offset;
      for (const token of split((source.read(visit) as string | undefined) ?? missing)) {
        // Stops here, so that the cost of a text is bounded by the tensor and not by what was sent.
        if (at === end) break;
        element.write(data, at++, indexes.get(token) ?? unknown);
      }
      while (at < end) element.write(data, at++, pad);
    },
  };
}

function vocabularyOf({ vocabulary }: TokensEncoding, scope: EncodeScope, pointer: string): readonly string[] {
  if (!('path' in vocabulary)) return vocabulary;
  const tokens = scope.files.get(vocabulary.path);
  if (tokens) return tokens;
  throw new RunError('ARTIFACT_MISSING', `${pointer}/vocabulary: the file "${vocabulary.path}" was not read.`);
}

function indexesOf(vocabulary: readonly string[], first: number, pointer: string): ReadonlyMap<string, number> {
  const indexes = new Map<string, number>();
  vocabulary.forEach((token, i) => {
    if (indexes.has(token))
      throw mismatch(`${pointer}/vocabulary`, `token ${i} (${JSON.stringify(token)}) is there twice`);
    indexes.set(token, i + first);
  });
  return indexes;
}

function splitChars(text: string): Iterable<string> {
  return text;
}
