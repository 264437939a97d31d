import { fieldOf } from '../../codec/rows.js';
import { rejectsNull, typeOf } from '../../codec/validate/schema-check.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import type { JsonObject } from '../../lib/json/json.js';
import type { EncodeSpec } from '../../domain/encode-spec.js';
import type { Run } from '../../domain/run.js';
import type { TensorSpec } from '../../domain/tensor.js';
import { warning } from '../../domain/verdict.js';
import type { Warning } from '../../domain/verdict.js';
import type { WordSplit } from '../../engines/inference-engine.js';
import { unprovenMissing } from './hints/unproven-missing.js';
import { asciiWordsWarning, wordsHint } from './hints/word-split.js';
import { containsText, isOfNumbers, unexpectedNulls } from './null-outputs.js';

/** Equal answers to this many different rows indicate a constant model. */
const ENOUGH_ROWS = 3;

/**
 * What is worth knowing about a run that passed its self-test, but is no reason to reject it.
 *
 * @param inputs  tensors the loaded model declares.
 * @param outputs  one per example, in order.
 * @param known.words  how the model splits texts, if it does.
 * @param known.encode  as the owner of the run wrote it, where that is known.
 */
export function runWarnings(
  run: Run,
  inputs: readonly TensorSpec[],
  outputs: readonly JsonObject[],
  { words, encode }: { readonly words?: WordSplit; readonly encode?: EncodeSpec } = {},
): Warning[] {
  const otherWords = wordsHint(words) ?? (hasAsciiTexts(run) ? undefined : asciiWordsWarning(words));
  return [
    ...exampleWarnings(run),
    ...unprovenWarnings(run),
    ...missingWarnings(run, encode),
    ...textWarnings(run),
    ...enumWarnings(run),
    ...nullWarnings(run, outputs),
    ...equalWarnings(run, outputs),
    ...inputs.filter((input) => isOpen(run, input)).map(openWarning),
    ...(otherWords === undefined ? [] : [warning('WORDS_DIFFER', otherWords)]),
  ];
}

function exampleWarnings({ examples }: Run): Warning[] {
  if (examples.length > 1) return [];
  return [warning('EXAMPLES_FEW', `The run has ${examples.length === 1 ? 'one example' : 'no examples'}.`)];
}

/** Whether the trainer recorded what the model answers to the examples, or to some of them. */
export function hasOutputs({ examples }: Pick<Run, 'examples'>): boolean {
  return examples.some(({ output }) => Object.keys(output).length > 0);
}

function unprovenWarnings(run: Run): Warning[] {
  if (!hasOutputs(run)) {
    const message = 'No example says what the trainer saw, so nothing proves that these are the answers of its model.';
    return [warning('ANSWERS_UNPROVEN', message)];
  }
  const names = missingFields(run).map((name) => `"${name}"`);
  if (names.length === 0) return [];
  return [warning('ANSWERS_UNPROVEN', `No example records ${names.join(', ')}, so nothing proves these answers.`)];
}

function missingWarnings(run: Run, encode: EncodeSpec | undefined): Warning[] {
  const names = encode && hasOutputs(run) ? unprovenMissing(run, encode).map((name) => `"${name}"`) : [];
  if (names.length === 0) return [];
  const message = `No example is without ${names.join(', ')}, so nothing proves what "missing" says of that.`;
  return [warning('MISSING_UNPROVEN', message)];
}

/** Whether texts are cleaned before they reach the model, which leaves the letters A to Z. */
function hasAsciiTexts({ encode }: Run): boolean {
  const { prepare = [] } = encode;
  return prepare.length > 0 && prepare.every(({ steps }) => steps.some(({ kind }) => kind === 'clean'));
}

/** Output fields that no example has. What repeats the row proves itself, and what is given on request only may be left out. */
function missingFields({ signature, decode, examples }: Run): string[] {
  const { echo = {}, on_request: onRequest = [] } = decode;
  return Object.keys(signature.output.properties).filter(
    (name) =>
      !Object.hasOwn(echo, name) &&
      !onRequest.includes(name) &&
      !examples.some(({ output }) => Object.hasOwn(output, name)),
  );
}

function textWarnings({ examples, signature }: Run): Warning[] {
  const fields = Object.entries(signature.input.properties).filter(([, schema]) => isOfNumbers(schema));
  for (const [i, { input }] of examples.entries()) {
    const found = fields.find(([name]) => containsText(fieldOf(input, name)));
    if (!found) continue;
    const [name, schema] = found;
    return [warning('NUMBER_AS_TEXT', `Example ${i} gives the input "${name}", of type ${typeOf(schema)}, as a text.`)];
  }
  return [];
}

function enumWarnings({ signature }: Run): Warning[] {
  return Object.entries(signature.input.properties)
    .filter(([, schema]) => rejectsNull(schema))
    .map(([name]) =>
      warning('ENUM_WITHOUT_NULL', `The type of "${name}" allows null, its enum does not: null is 422.`),
    );
}

function nullWarnings(run: Run, outputs: readonly JsonObject[]): Warning[] {
  return unexpectedNulls(run, outputs).map(({ field, isEvery }) =>
    warning('ANSWERS_NULL', `The field "${field}" is null for ${isEvery ? 'every example' : 'some examples'}.`),
  );
}

function equalWarnings({ examples, decode }: Run, outputs: readonly JsonObject[]): Warning[] {
  const own = outputs.map((answer) =>
    Object.entries(answer).filter(([name]) => !Object.hasOwn(decode.echo ?? {}, name)),
  );
  const isEqual = new Set(own.map((fields) => stringifyJson(fields))).size === 1;
  if (examples.length < ENOUGH_ROWS || !isEqual) return [];
  const rows = new Set(examples.map(({ input }) => stringifyJson(input)));
  if (rows.size < ENOUGH_ROWS) return [];
  return [warning('ANSWERS_EQUAL', `All ${rows.size} different examples get the same answer.`)];
}

/** Whether the model takes rows of any width, and the run does not say that it means that. */
function isOpen({ encode }: Run, { name, shape }: TensorSpec): boolean {
  // A tokenizer makes rows as long as their texts are, and the model is made for that.
  if (encode.tensors.some((one) => one.kind === 'tokenizer' && Object.values(one.tensors).includes(name))) return false;
  const made = encode.tensors.find(({ tensor }) => tensor === name);
  const own = made?.kind === 'array' ? made.shape : [];
  return shape?.slice(1).some((size, axis) => size === null && own[axis] !== null) ?? false;
}

function openWarning({ name }: TensorSpec): Warning {
  const message = `The model's input "${name}" does not fix the width of a row: only the examples show that encode matches.`;
  return warning('DIMENSION_OPEN', message);
}
