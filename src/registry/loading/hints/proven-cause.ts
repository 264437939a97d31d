import { fieldOf } from '../../../codec/rows.js';
import { headsOf } from '../../../domain/decode-spec.js';
import type { HeadDecode } from '../../../domain/decode-spec.js';
import type { Run } from '../../../domain/run.js';
import { stringifyJson } from '../../../lib/json/json-text.js';
import type { JsonObject, JsonValue } from '../../../lib/json/json.js';
import { nearestName } from '../../../lib/nearest-name.js';
import { thresholdHint } from './forgotten-threshold.js';
import { lostStepHint, memberNameHint } from './lost-step.js';
import { valuesOf } from './replayed-example.js';
import type { ReplayedExample } from './replayed-example.js';

/** Numbers that differ by less than this, or this part of themselves, are the same value in another place. */
const TOLERANCE = 1e-4;

/**
 * The cause of a failed self-test that the examples themselves prove: what was recorded stands in another place, or
 * changes at another threshold, or is a function of what the model gives, or only rows without a field differ.
 *
 * @returns a sentence; undefined when they prove none.
 */
export function provenCause(run: Run, examples: readonly ReplayedExample[]): string | undefined {
  return (
    orderHint(run, examples) ??
    complementHint(run, examples) ??
    thresholdHint(run, examples) ??
    lostStepHint(run, examples) ??
    nullHint(run, examples) ??
    missingHint(run, examples)
  );
}

/** The cause that examples and run are not written in one way: a name, or the type of a label. */
export function formatCause(run: Run, examples: readonly ReplayedExample[]): string | undefined {
  return (
    misspeltHint(run, examples) ??
    unknownOutputHint(run, examples) ??
    labelTypeHint(run, examples) ??
    memberNameHint(examples) ??
    valueTypeHint(examples)
  );
}

/** An output that was recorded and that the run does not have. */
function unknownOutputHint({ signature }: Run, examples: readonly ReplayedExample[]): string | undefined {
  const known = Object.keys(signature.output.properties);
  for (const [i, { expected, actual }] of examples.entries()) {
    const name = Object.keys(expected).find((one) => !known.includes(one) && !Object.hasOwn(actual, one));
    if (name === undefined) continue;
    const meant = nearestName(name, known);
    const list = known.map((one) => `"${one}"`).join(', ');
    const which = meant === undefined ? `they are ${list}.` : `is "${meant}" meant?`;
    return `Example ${i} records "${name}", which is none of the outputs: ${which}`;
  }
  return undefined;
}

/** Values of another JSON type than those that the model gives: truth values or names for its whole numbers, texts for numbers. */
function valueTypeHint(examples: readonly ReplayedExample[]): string | undefined {
  for (const { expected, actual } of examples.filter(({ matches }) => !matches)) {
    const given = byPath(actual);
    for (const { path, value } of valuesOf(expected)) {
      const answer = given.get(path);
      const types = [typeOfScalar(value), typeOfScalar(answer)];
      if (types.includes(undefined) || types[0] === types[1]) continue;
      const [recorded, model] = [value, answer].map((one) => stringifyJson(one!));
      const start = `The examples record ${recorded} (${types[0]}) for "${path}" and the model gives ${model} (${types[1]}): record what it gives`;
      if (types[1] !== 'number') return `${start}.`;
      const labels = types[0] === 'boolean' ? '[false, true]' : '[…]';
      return `${start}, or name the labels in decode ("binary" or "multi-class", with "labels": ${labels}).`;
    }
  }
  return undefined;
}

function typeOfScalar(value: JsonValue | undefined): 'string' | 'number' | 'boolean' | undefined {
  if (typeof value === 'bigint') return 'number';
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? (typeof value as 'string' | 'number' | 'boolean')
    : undefined;
}

/** An input that the signature does not know, and one that it does which is nearly called so. */
function misspeltHint({ signature }: Run, examples: readonly ReplayedExample[]): string | undefined {
  const known = Object.keys(signature.input.properties);
  for (const [i, { input }] of examples.entries()) {
    const left = known.filter((name) => !Object.hasOwn(input, name));
    for (const name of Object.keys(input)) {
      const meant = known.includes(name) ? undefined : nearestName(name, left);
      if (meant === undefined) continue;
      return `Example ${i} gives "${name}", which is no input of the signature: is "${meant}" meant?`;
    }
  }
  return undefined;
}

/** An input that the signature does not know, where none has nearly its name. */
export function unknownInputHint({ signature }: Run, examples: readonly ReplayedExample[]): string | undefined {
  for (const [i, { input }] of examples.entries()) {
    const unknown = Object.keys(input).find((name) => !Object.hasOwn(signature.input.properties, name));
    if (unknown === undefined) continue;
    return `Example ${i} gives "${unknown}", which is no input of the signature and reaches no model.`;
  }
  return undefined;
}

/** Labels of another JSON type than those of `decode`, such as `"1"` for 1. */
function labelTypeHint({ decode }: Run, examples: readonly ReplayedExample[]): string | undefined {
  for (const head of headsOf(decode)) {
    if (head.kind !== 'binary' && head.kind !== 'multi-class') continue;
    const labels: readonly JsonValue[] = head.labels;
    const texts = labels.map((label) => stringifyJson(label));
    const unknownField = examples
      .map(({ expected }) => fieldOf(expected, head.field))
      .find((label) => label !== undefined && label !== null && !texts.includes(stringifyJson(label)));
    if (unknownField === undefined || labels.some((label) => typeof label === typeof unknownField)) continue;
    const list = texts.slice(0, 3).join(', ');
    return `The examples record ${stringifyJson(unknownField)} (${typeof unknownField}), decode.labels has ${list} (${typeof labels[0]}): write both in one way.`;
  }
  return undefined;
}

/** What was recorded for one place is what another one gives. */
function orderHint(run: Run, examples: readonly ReplayedExample[]): string | undefined {
  const rows = examples.map(({ expected, actual }) => ({ expected: byPath(expected), actual: byPath(actual) }));
  const places = valuesOf(examples[0]?.actual ?? {});
  for (const { path, field } of places) {
    const own = rows.filter(({ expected }) => expected.has(path));
    const isInPlace = (place: string) =>
      own.every(({ expected, actual }) => isSame(actual.get(place), expected.get(path)));
    if (!isUseful(own.map(({ expected }) => expected.get(path))) || isInPlace(path)) continue;
    const other = places.find((place) => place.path !== path && isInPlace(place.path));
    if (other) return `The values of "${path}" stand in "${other.path}": ${orderAdvice(run, field, other.field)}.`;
  }
  return undefined;
}

function byPath(answer: JsonObject): Map<string, JsonValue> {
  return new Map(valuesOf(answer).map(({ path, value }) => [path, value]));
}

/** Whether values are so peculiar that they stand elsewhere by no accident: they differ, or are a number with a fraction. */
function isUseful(values: readonly (JsonValue | undefined)[]): boolean {
  const changed = new Set(values.map((value) => stringifyJson(value ?? null)));
  return changed.size > 1 || (values.length > 0 && typeof values[0] === 'number' && !Number.isInteger(values[0]));
}

function isSame(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(b));
  return a !== undefined && b !== undefined && stringifyJson(a) === stringifyJson(b);
}

/** What to do about values of one output field that stand in another, or elsewhere in the same. */
function orderAdvice(run: Run, field: string, other: string): string {
  const heads = headsOf(run.decode);
  const at = heads.findIndex((head) => fieldsOf(head).includes(other));
  const place = run.decode.kind === 'heads' ? `decode.heads[${Math.max(at, 0)}]` : 'decode';
  const kind = heads[at]?.kind;
  switch (kind) {
    case 'regression':
      return `check the order of ${place}.fields`;
    case 'tensors':
    case 'embedding':
      if (field === other) return AS_THE_MODEL_GIVES_IT;
      return kind === 'tensors' ? `check ${place}.fields` : `check ${place}`;
    case 'multi-class':
    case 'multi-label':
    case 'binary':
      return `check the order of ${place}.labels`;
    case 'interval':
      return `check ${place}.low, ${place}.high and ${place}.value`;
    default:
      return `check ${place}`;
  }
}

const AS_THE_MODEL_GIVES_IT =
  'a list is answered in the order that the model gives it: record it so, or change the order before the export';

function fieldsOf(head: HeadDecode): readonly string[] {
  if (head.kind === 'regression') return head.fields;
  if (head.kind === 'tensors') return Object.keys(head.fields);
  const named = head as { field: string; probability_field?: string; probabilities_field?: string };
  return [named.field, named.probability_field, named.probabilities_field].filter((name) => name !== undefined);
}

/** The probability of the other class. */
function complementHint({ decode }: Run, examples: readonly ReplayedExample[]): string | undefined {
  for (const head of headsOf(decode)) {
    if (head.kind !== 'binary' || head.probability_field === undefined) continue;
    const name = head.probability_field;
    const pairs = examples
      .map(({ expected, actual }) => [fieldOf(expected, name), fieldOf(actual, name)] as const)
      .filter(([expected]) => typeof expected === 'number');
    const isOther = pairs.every(
      ([expected, actual]) => typeof actual === 'number' && isSame(1 - actual, expected) && !isSame(actual, expected),
    );
    if (pairs.length > 0 && isOther)
      return `"${name}" is that of the other class: check decode.positive, and the order of decode.labels.`;
  }
  return undefined;
}

/** Only rows that give null for a field with a default differ: null counts as left out. */
function nullHint({ signature }: Run, examples: readonly ReplayedExample[]): string | undefined {
  const failed = examples.filter(({ matches }) => !matches);
  const found = Object.entries(signature.input.properties).find(
    ([name, schema]) => (schema.default ?? null) !== null && failed.every(({ input }) => fieldOf(input, name) === null),
  );
  if (!found || failed.length === 0) return undefined;
  const [name, { default: value }] = found;
  return (
    `Only the examples that give null for "${name}" differ, which takes its default ${stringifyJson(value!)} like a field ` +
    'that is left out: leave "default" out of the signature, so that "missing" in encode counts.'
  );
}

/** Only rows without a field differ. */
function missingHint({ signature, encode }: Run, examples: readonly ReplayedExample[]): string | undefined {
  const failed = examples.filter(({ matches }) => !matches);
  const passing = examples.filter(({ matches }) => matches);
  if (passing.length === 0) return undefined;
  const lacks = (name: string) => (example: ReplayedExample) => (fieldOf(example.input, name) ?? null) === null;
  const field = Object.keys(signature.input.properties).find(
    (name) => failed.every(lacks(name)) && !passing.some(lacks(name)),
  );
  if (field === undefined) return undefined;
  return `Only the examples without "${field}" differ: check "missing" of "${field}" in encode, the value that training had in its place.${lostNan(encode, field)}`;
}

/** Trees of scikit-learn take NaN since 1.3, and skl2onnx does not write down to which side it goes. */
function lostNan({ tensors }: Run['encode'], field: string): string {
  const columns = tensors.flatMap((tensor) => (tensor.kind === 'columns' ? tensor.columns : []));
  const hasNan = columns.some((column) => column.field === field && 'missing' in column && column.missing === 'nan');
  return hasNan
    ? ' Trees and forests of scikit-learn lose NaN in the export (docs/run-format.md, "Exports to ONNX").'
    : '';
}
