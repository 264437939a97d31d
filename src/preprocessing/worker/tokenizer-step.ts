import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Tokenizer } from '@huggingface/tokenizers';

import type { TokenizerEncoding } from '../../domain/encode-spec.js';
import { allocate } from '../../domain/tensor.js';
import type { Tensor } from '../../domain/tensor.js';
import type { ValidationIssue } from '../../domain/validation-issue.js';
import { RunError } from '../../domain/verdict.js';
import { isJsonObject } from '../../lib/json/json.js';
import type { JsonObject, JsonValue } from '../../lib/json/json.js';
import type { PreprocessResult, PreprocessStep } from '../preprocess-messages.js';
import type { RunStep } from './run-step.js';
import { makeTokenizer } from './tokenizer-document.js';

/** Characters of a text unless its run says otherwise. */
const MAX_CHARACTERS = 20_000;

/** Short texts that any tokenizer makes tokens of: they show what it adds around them. */
const SAMPLES = ['a', 'the', '1', '.'];

const UNKNOWN_TOKEN: Omit<ValidationIssue, 'loc'> = {
  msg: "the text has a word or character that the model's tokenizer does not know",
  type: 'value_error.tokenizer',
};

/** Tokens of one text. */
interface Tokens {
  readonly ids: readonly number[];
  readonly types: readonly number[];
}

/** What fills a row that is shorter than the others. */
interface Padding {
  readonly id: number;
  readonly type: number;
  readonly isLeft: boolean;
}

/**
 * Opens a tokenizer of a run.
 *
 * @param folder  of the run's files.
 * @throws RunError CHECKSUM_MISMATCH, ARTIFACT_MISSING, or SIGNATURE_MISMATCH for a tokenizer that cannot be used.
 */
export async function openTokenizer(
  encoding: TokenizerEncoding,
  { pointer }: PreprocessStep,
  folder: string,
): Promise<RunStep> {
  const { max_length: maxLength, max_characters: maxCharacters = MAX_CHARACTERS, padding = 'max_length' } = encoding;
  const document = await readDocument(encoding, folder, pointer);
  const tokenizer = openDocument(document, pointer);
  const added = addedTokens(tokenizer, pointer);
  if (added.before + added.after > maxLength) {
    throw problem(
      pointer,
      `max_length ${maxLength} leaves no room beside the ${added.before + added.after} special tokens`,
    );
  }
  const filling = paddingOf(encoding, document, pointer);
  const cutLeft = memberOf(document.truncation, 'direction') === 'Left';
  return (texts, requireWanted) => {
    const issues: PreprocessResult['issues'][number][] = [];
    const rows = texts.map((text, row) => {
      requireWanted?.();
      const isLong = exceeds(text, maxCharacters);
      const tokens = isLong ? undefined : tokensOf(tokenizer, text);
      if (tokens) return cut(tokens, maxLength, added, cutLeft);
      issues.push({ row, issue: isLong ? tooLong(maxCharacters) : UNKNOWN_TOKEN });
      return { ids: [], types: [] };
    });
    if (padding !== 'longest')
      return Promise.resolve({ tensors: tensorsOf(encoding, rows, maxLength, filling), issues });
    const lengths = rows.map(({ ids }) => Math.max(1, ids.length));
    const longest = Math.max(...lengths);
    const { isLeft } = filling;
    return Promise.resolve({
      tensors: tensorsOf(encoding, rows, longest, filling),
      filled: { lengths, isLeft },
      issues,
    });
  };
}

async function readDocument(
  { tokenizer: file }: TokenizerEncoding,
  folder: string,
  pointer: string,
): Promise<JsonObject> {
  const bytes = await readFile(join(folder, file.path)).catch((error: unknown) => {
    throw new RunError('ARTIFACT_MISSING', `${pointer}/tokenizer: "${file.path}" cannot be read.`, { cause: error });
  });
  if (createHash('sha256').update(bytes).digest('hex') !== file.sha256) {
    throw new RunError('CHECKSUM_MISMATCH', `"${file.path}" is not the file whose sha256 is in run.json.`);
  }
  const document = parsed(bytes.toString('utf8'));
  if (isJsonObject(document)) return document;
  throw problem(pointer, `"${file.path}" is not a tokenizer.json`);
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

function openDocument(document: JsonObject, pointer: string): Tokenizer {
  try {
    return makeTokenizer(document);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw problem(pointer, `the tokenizer cannot be used here (${cause})`, error);
  }
}

/** How many tokens the tokenizer adds before and after those of a text. */
function addedTokens(tokenizer: Tokenizer, pointer: string): { before: number; after: number } {
  for (const text of SAMPLES) {
    const { ids } = tokenizer.encode(text);
    const own = tokenizer.encode(text, { add_special_tokens: false }).ids;
    if (own.length === 0) continue;
    const before = ids.findIndex((_, at) => own.every((id, i) => ids[at + i] === id));
    if (before !== -1) return { before, after: ids.length - before - own.length };
  }
  throw problem(pointer, 'the tokenizer changes the tokens of a text when it adds its special ones');
}

/**
 * Tokens of a text, or nothing where a part of it is in no vocabulary and no token stands for such parts: Python refuses it. A
 * lone half of a surrogate pair is no text: Python would not take it either. Without a post-processor the library names no
 * types, which are 0 then.
 */
function tokensOf(tokenizer: Tokenizer, text: string): Tokens | undefined {
  const { ids, token_type_ids: types } = tokenizer.encode(text.toWellFormed(), { return_token_type_ids: true });
  const known = ids.filter((id) => id !== undefined);
  return known.length < ids.length ? undefined : { ids: known, types: types ?? known.map(() => 0) };
}

/** Special tokens stay; of the others those at the end go, or at the beginning. */
function cut(
  { ids, types }: Tokens,
  maxLength: number,
  { before, after }: { before: number; after: number },
  left: boolean,
): Tokens {
  if (ids.length <= maxLength) return { ids, types };
  const [head, tail] = left ? [before, maxLength - before] : [maxLength - after, after];
  const keep = (list: readonly number[]) => [...list.slice(0, head), ...list.slice(list.length - tail)];
  return { ids: keep(ids), types: keep(types) };
}

function paddingOf({ pad }: TokenizerEncoding, document: JsonObject, pointer: string): Padding {
  const id = pad ?? memberOf(document.padding, 'pad_id');
  if (typeof id !== 'number') {
    throw problem(pointer, 'the tokenizer has no padding; say with "pad" which id fills short rows');
  }
  const type = memberOf(document.padding, 'pad_type_id');
  const isLeft = memberOf(document.padding, 'direction') === 'Left';
  return { id, type: typeof type === 'number' ? type : 0, isLeft };
}

function tensorsOf(
  { dtype = 'int64', tensors }: TokenizerEncoding,
  rows: readonly Tokens[],
  length: number,
  { id, type, isLeft }: Padding,
): [string, Tensor][] {
  const make = (fill: number, valuesOf: (tokens: Tokens) => readonly number[]): Tensor => {
    const data = allocate(dtype, rows.length * length) as Int32Array | BigInt64Array;
    const convert = (dtype === 'int64' ? BigInt : Number) as unknown as (value: number) => never;
    if (fill !== 0) data.fill(convert(fill));
    rows.forEach((tokens, row) => {
      const values = valuesOf(tokens);
      const start = row * length + (isLeft ? length - values.length : 0);
      values.forEach((value, i) => (data[start + i] = convert(value)));
    });
    return { dtype, shape: [rows.length, length], data };
  };
  const { input_ids: ids, attention_mask: mask, token_type_ids: types } = tensors;
  return [
    [ids, make(id, (tokens) => tokens.ids)],
    ...(mask === undefined ? [] : [[mask, make(0, (tokens) => tokens.ids.map(() => 1))] as [string, Tensor]]),
    ...(types === undefined ? [] : [[types, make(type, (tokens) => tokens.types)] as [string, Tensor]]),
  ];
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) ? value[name] : undefined;
}

/** Characters are code points, one or two units each. */
function exceeds(text: string, limit: number): boolean {
  return text.length > limit && (text.length > limit * 2 || [...text].length > limit);
}

function tooLong(limit: number): Omit<ValidationIssue, 'loc'> {
  const msg = `ensure this value has at most ${limit} characters`;
  return { msg, type: 'value_error.any_str.max_length', ctx: { limit_value: limit } };
}

function problem(pointer: string, message: string, cause?: unknown): RunError {
  return new RunError('SIGNATURE_MISMATCH', `${pointer}/tokenizer: ${message}.`, { cause });
}
