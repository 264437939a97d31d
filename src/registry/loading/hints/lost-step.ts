import { headsOf } from '../../../domain/decode-spec.js';
import type { HeadDecode } from '../../../domain/decode-spec.js';
import type { Run } from '../../../domain/run.js';
import type { JsonObject, JsonValue } from '../../../lib/json/json.js';
import { valuesOf } from './replayed-example.js';
import type { ReplayedExample } from './replayed-example.js';

/** A recorded number, and the one that the run gives at the same place. */
interface Pair {
  readonly path: string;
  readonly field: string;
  readonly expected: number;
  readonly actual: number;
}

/** What training may do to the numbers of a model, and an exporter leaves out. */
const STEPS: readonly (readonly [string, (value: number) => number])[] = [
  ['the exponential of', Math.exp],
  ['the exponential, less 1, of', Math.expm1],
  ['the square of', (value) => value * value],
  ['10 to the power of', (value) => 10 ** value],
  ['the sigmoid of', sigmoid],
  ['the logarithm of', Math.log],
];

/** Kinds with an `activation`, which is tried by itself. */
const ACTIVATED: ReadonlySet<HeadDecode['kind']> = new Set(['binary', 'multi-class', 'multi-label', 'top-k']);

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

/** Numbers of a step may differ by this part of themselves: twice the tolerance of a self-test. */
const TOLERANCE = 2e-4;

/** Most decimals that somebody rounds to. */
const MAX_DECIMALS = 4;

/**
 * What training did to the numbers of the model that the run does not do: a function of them, or rounding.
 *
 * @returns a sentence; undefined unless every recorded number of a field fits.
 */
export function lostStepHint(run: Run, examples: readonly ReplayedExample[]): string | undefined {
  const pairs = examples.flatMap(pairsOf);
  for (const field of new Set(pairs.filter(({ expected, actual }) => !isClose(actual, expected)).map(fieldOfPair))) {
    const own = pairs.filter((pair) => pair.field === field);
    const hint = roundedHint(run, field, own) ?? stepHint(run, field, own, examples);
    if (hint) return hint;
  }
  return undefined;
}

/** How well numbers follow each other at least to be answers of nearly the same model. */
const MIN_CORRELATION = 0.95;
const MIN_FOLLOWING = 5;

/**
 * Numbers that lie near the recorded ones: no scaler is missing where the answers go the way of the recorded ones.
 *
 * @returns a sentence; undefined unless a field of numbers does so.
 */
export function followsHint(run: Run, examples: readonly ReplayedExample[]): string | undefined {
  if (Object.keys(run.signature.input.properties).length < 2) return undefined;
  const fields = headsOf(run.decode).flatMap((head) => (ACTIVATED.has(head.kind) ? [] : fieldsOf(head)));
  const pairs = examples.flatMap(pairsOf);
  for (const field of fields) {
    const own = pairs.filter((pair) => pair.field === field);
    if (own.every(({ expected, actual }) => isClose(actual, expected))) continue;
    const correlation = own.length < MIN_FOLLOWING ? 0 : correlationOf(own);
    if (correlation < MIN_CORRELATION) continue;
    return (
      `The answers follow the recorded ones (correlation ${correlation.toFixed(2)} for "${field}"): were the examples recorded with another ` +
      'version of the model, or after something that the export does not do (clipping)? Else an input goes in otherwise than in training.'
    );
  }
  return undefined;
}

function correlationOf(pairs: readonly Pair[]): number {
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [pairs.map(({ actual }) => actual), pairs.map(({ expected }) => expected)];
  const [meanX, meanY] = [meanOf(x), meanOf(y)];
  const products = meanOf(x.map((value, i) => (value - meanX) * (y[i]! - meanY)));
  const spread = (values: readonly number[], mean: number) => meanOf(values.map((value) => (value - mean) ** 2));
  return products / Math.sqrt(spread(x, meanX) * spread(y, meanY)) || 0;
}

/** Members of an object that are named otherwise than the labels: `"True"` for true. */
export function memberNameHint(examples: readonly ReplayedExample[]): string | undefined {
  for (const { expected, actual } of examples) {
    for (const [field, recorded] of Object.entries(expected)) {
      const given = actual[field];
      if (!isPlainObject(recorded) || !isPlainObject(given)) continue;
      const name = Object.keys(recorded).find((one) => !Object.hasOwn(given, one));
      if (name === undefined) continue;
      const names = Object.keys(given).slice(0, MAX_NAMES);
      const list = names.map((one) => `"${one}"`).join(', ');
      return `The examples name a member of "${field}" "${name}", and its members are ${list}, the labels as JSON has them.`;
    }
  }
  return undefined;
}

const MAX_NAMES = 3;

function isPlainObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldOfPair({ field }: Pair): string {
  return field;
}

function pairsOf({ expected, actual }: ReplayedExample): Pair[] {
  const given = new Map(valuesOf(actual).map(({ path, value }) => [path, value]));
  return valuesOf(expected).flatMap(({ path, field, value }) => {
    const answer = given.get(path);
    if (typeof value !== 'number' || typeof answer !== 'number') return [];
    return [{ path, field, expected: value, actual: answer }];
  });
}

function isClose(actual: number, expected: number, tolerance = TOLERANCE): boolean {
  return Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected));
}

/** Whether numbers that differ were recorded, so that a function of them fits by no accident. */
function areSeveral(pairs: readonly Pair[]): boolean {
  return new Set(pairs.map(({ expected }) => expected)).size > 1 && pairs.length > 2;
}

function roundedHint(run: Run, field: string, pairs: readonly Pair[]): string | undefined {
  const decimals = Math.max(...pairs.map(({ expected }) => decimalsOf(expected)));
  if (decimals > MAX_DECIMALS || !areSeveral(pairs)) return undefined;
  const half = 0.5 * 10 ** -decimals;
  if (!pairs.every(({ expected, actual }) => Math.abs(actual - expected) <= half * 1.01)) return undefined;
  const how = decimals === 0 ? 'to whole numbers' : `to ${decimals} decimal${decimals === 1 ? '' : 's'}`;
  return `The examples record "${field}" rounded ${how}: record all digits, or set self_test.tolerance to ${half}.`;
}

/** Decimals of a number as it was written, or as float32 has what was written. */
function decimalsOf(number: number): number {
  for (let decimals = 0; decimals <= MAX_DECIMALS; decimals += 1) {
    const rounded = Number(number.toFixed(decimals));
    if (rounded === number || Math.fround(rounded) === number) return decimals;
  }
  return Infinity;
}

function stepHint(
  run: Run,
  field: string,
  pairs: readonly Pair[],
  examples: readonly ReplayedExample[],
): string | undefined {
  if (!areSeveral(pairs)) return undefined;
  const head = headsOf(run.decode).find((one) => fieldsOf(one).includes(field));
  const isActivated = head !== undefined && ACTIVATED.has(head.kind);
  const found = STEPS.find(
    ([, step]) =>
      !(isActivated && step === sigmoid) && pairs.every(({ expected, actual }) => isClose(step(actual), expected)),
  );
  const name = found?.[0] ?? (!isActivated && isSoftmax(field, examples) ? 'the softmax of' : undefined);
  if (name) {
    return (
      `Every recorded "${field}" is ${name} what the model gives: its export ends before the last step of the training's ` +
      'prediction. Add the step to the graph (docs/run-format.md, "Exports to ONNX"), or record what the model gives.'
    );
  }
  return linearHint(run, field, pairs, head);
}

/** One scale and one offset for all numbers of the field, as a scaled target has. */
function linearHint(run: Run, field: string, pairs: readonly Pair[], head: HeadDecode | undefined): string | undefined {
  // The output of a linear model of one input is such a function of what it is when that input is not scaled.
  if (Object.keys(run.signature.input.properties).length < 2) return undefined;
  const sorted = [...pairs].sort((a, b) => a.actual - b.actual);
  const [low, high] = [sorted[0]!, sorted.at(-1)!];
  const scale = (high.expected - low.expected) / (high.actual - low.actual);
  const offset = low.expected - scale * low.actual;
  if (!Number.isFinite(scale) || scale === 0) return undefined;
  const isFit = pairs.every(({ expected, actual }) => isClose(scale * actual + offset, expected));
  if (!isFit || !isNoAccident(pairs, scale, offset)) return undefined;
  const [times, plus] = [rounded(scale), rounded(offset, Math.abs(high.expected))];
  const sum = plus === 0 ? '' : ` + ${plus}`;
  const start = `Every recorded "${field}" is ${times} × what the model gives${sum}`;
  if (head?.kind !== 'regression') return `${start}: record it in the unit of the model.`;
  const { multiply = 1, add = 0 } = head;
  const [newMultiply, newAdd] = [rounded(scale * multiply), rounded(scale * add + offset, Math.abs(high.expected))];
  const cure = newAdd === 0 ? `"multiply": ${newMultiply}` : `"multiply": ${newMultiply}, "add": ${newAdd}`;
  return `${start}: the trainer scaled the target. Set ${cure} in decode, by the numbers of the scaler.`;
}

/** Two points make a line; one more than that may be on it by accident. */
const MIN_POINTS = 3;

/** Two numbers lie on a line whatever they are, and so do numbers that hardly differ. */
function isNoAccident(pairs: readonly Pair[], scale: number, offset: number): boolean {
  const distinct = new Set(pairs.map(({ actual }) => actual.toPrecision(DIGITS / 2)));
  return distinct.size > MIN_POINTS && !(isClose(scale, 1) && isClose(offset, 0));
}

const DIGITS = 6;

/** A number as people write it; zero when it is nothing beside `unit`. */
function rounded(number: number, unit = 0): number {
  return Math.abs(number) < unit * TOLERANCE ? 0 : Number(number.toPrecision(DIGITS));
}

/** Whether the recorded list or object is the softmax of the given one. */
function isSoftmax(field: string, examples: readonly ReplayedExample[]): boolean {
  return examples.every((example) => {
    const own = pairsOf(example).filter((pair) => pair.field === field);
    const top = Math.max(...own.map(({ actual }) => actual));
    const sum = own.reduce((total, { actual }) => total + Math.exp(actual - top), 0);
    return own.length > 1 && own.every(({ actual, expected }) => isClose(Math.exp(actual - top) / sum, expected));
  });
}

function fieldsOf(head: HeadDecode): readonly string[] {
  if (head.kind === 'regression') return head.fields;
  if (head.kind === 'tensors') return Object.keys(head.fields);
  return Object.entries(head).flatMap(([name, value]) => (name.endsWith('field') ? [String(value)] : []));
}
