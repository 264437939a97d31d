import { datePart } from '../../../codec/encode/date-parts.js';
import { compareOutput, comparisonOf, DEFAULT_TOLERANCE } from '../../../codec/examples-match.js';
import { fieldOf } from '../../../codec/rows.js';
import type { Column } from '../../../domain/encode-spec.js';
import type { JsonObject, JsonValue } from '../../../lib/json/json.js';
import type { Run } from '../../../domain/run.js';
import type { GraphTraits, ModelInfo } from '../../../engines/inference-engine.js';
import { WARNING_FIX } from '../../../domain/verdict.js';
import { LOOK_FOR_NAN } from '../null-outputs.js';
import { graphLabelHint } from './forgotten-threshold.js';
import { followsHint } from './lost-step.js';
import { provenCause, unknownInputHint, formatCause } from './proven-cause.js';
import { replayedExamples } from './replayed-example.js';
import type { ReplayedExample } from './replayed-example.js';
import { asciiWordsHint, wordsHint } from './word-split.js';

/** From here on float32 has no longer a value for each whole number: those of a minute or two of a time stamp are one. */
const MAX_EXACT_INTEGER = 2 ** 24;

/** Inputs above this are probably scaled by the trainer before they reach a network. */
const LARGE_INPUT = 10;

/**
 * Probable cause of a failed self-test: first what the examples prove, then the mistakes that are hard to find.
 *
 * @param outputs  one per example, as clients would get them.
 * @param graph  what is known of the model's operations, and its outputs.
 * @param cure  a sentence on a change of the run that was tried, and after which it repeats its examples.
 * @returns a sentence with a leading space, or an empty text when no known pattern matches.
 */
export function selfTestHint(
  run: Run,
  outputs: readonly JsonObject[],
  graph: GraphTraits & Partial<Pick<ModelInfo, 'outputs'>> = {},
  cure?: string,
): string {
  const examples = replayedExamples(run, outputs);
  const hint =
    shownCause(run, outputs) ??
    cure ??
    graphLabelHint(run, examples, graph.outputs ?? []) ??
    precisionHint(run) ??
    unknownInputHint(run, examples) ??
    asciiWordsHint(graph.words, examples) ??
    textHint(graph) ??
    followsHint(run, examples) ??
    (graph.hasOwnScale || areMostRight(examples) ? undefined : scalerHint(run)) ??
    smallNumbersHint(run, examples);
  return hint === undefined ? '' : ` ${hint}`;
}

/** What the answers alone show to be the cause: no change of the run has to be tried then. */
export function shownCause(run: Run, outputs: readonly JsonObject[]): string | undefined {
  const examples = replayedExamples(run, outputs);
  return nanHint(run, outputs) ?? formatCause(run, examples) ?? orderHint(run, outputs) ?? provenCause(run, examples);
}

function textHint({ words }: GraphTraits): string | undefined {
  const found = wordsHint(words);
  return found && `${found} ${WARNING_FIX.WORDS_DIFFER}`;
}

/** Numbers of which only the default for small ones finds that they differ. */
function smallNumbersHint(run: Run, examples: readonly ReplayedExample[]): string | undefined {
  if (examples.every(({ matches }) => matches)) return undefined;
  const usual = comparisonOf(run, DEFAULT_TOLERANCE);
  if (!examples.every(({ actual, expected }) => compareOutput(actual, expected, usual) === undefined)) return undefined;
  return (
    'Such small numbers are held to a hundredth of the largest that the examples record: if they may differ by more, say so with ' +
    'self_test.tolerance.'
  );
}

/** Inputs that nothing scales spoil more than a few answers. */
function areMostRight(examples: readonly ReplayedExample[]): boolean {
  return examples.filter(({ matches }) => matches).length > examples.length / 2;
}

/** NaN travels as null. */
function nanHint({ examples, signature }: Run, outputs: readonly JsonObject[]): string | undefined {
  const fields = Object.entries(signature.output.properties).filter(([, { type }]) =>
    [type].flat().some((name) => name === 'number' || name === 'integer'),
  );
  const isNan = fields.some(([field]) =>
    outputs.every(
      (answer, i) => fieldOf(answer, field) === null && typeof fieldOf(examples[i]!.output, field) === 'number',
    ),
  );
  return isNan && outputs.length > 0 ? `The model answers NaN to every example: ${LOOK_FOR_NAN}.` : undefined;
}

/** Every label is another one, and always the same. */
function orderHint(run: Run, outputs: readonly JsonObject[]): string | undefined {
  const { decode, examples } = run;
  if (decode.kind === 'multi-class') return exchangeHint(run, decode.field, outputs);
  if (decode.kind !== 'binary') return undefined;
  const { field, labels } = decode;
  const otherOf = (label: JsonValue | undefined) => (label === labels[0] ? labels[1] : labels[0]);
  const isReversed = outputs.every((answer, i) => {
    const recorded = fieldOf(examples[i]!.output, field);
    return recorded !== undefined && fieldOf(answer, field) === otherOf(recorded);
  });
  return isReversed ? 'Every label is swapped: check the order of decode.labels, or decode.positive.' : undefined;
}

/** Values that float32 rounds so much that a tree decides otherwise. */
function precisionHint({ encode, examples }: Run): string | undefined {
  for (const tensor of encode.tensors) {
    if (tensor.kind !== 'columns' || tensor.dtype !== 'float32') continue;
    for (const column of tensor.columns) {
      if ((column.kind !== 'number' && column.kind !== 'date') || column.subtract || (column.divide ?? 1) !== 1)
        continue;
      const value = examples.map(({ input }) => numberOf(fieldOf(input, column.field), column)).find(isRounded);
      if (value === undefined) continue;
      return (
        `The input "${tensor.tensor}" is float32, which cannot hold the ${value} of "${column.field}": it becomes ` +
        `${Math.fround(value)}. Train it on smaller numbers, such as the difference to a fixed time, which "subtract" ` +
        'in encode can make. A float64 input (DoubleTensorType) helps models other than trees: the thresholds of trees are ' +
        'float32 in ONNX.'
      );
    }
  }
  return undefined;
}

/** The number that a column of numbers or dates makes of a value, if it makes one. */
function numberOf(value: JsonValue | undefined, column: Column): number | undefined {
  if (column.kind === 'date') return typeof value === 'string' ? datePart(value, column.part) : undefined;
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
}

function isRounded(number: number | undefined): number is number {
  return number !== undefined && Math.abs(number) > MAX_EXACT_INTEGER && Math.fround(number) !== number;
}

function exchangeHint({ examples }: Run, field: string, outputs: readonly JsonObject[]): string | undefined {
  const expectedOf = new Map<JsonValue | undefined, JsonValue | undefined>();
  for (const [i, answer] of outputs.entries()) {
    const [actual, expected] = [fieldOf(answer, field), fieldOf(examples[i]!.output, field)];
    if (expectedOf.has(actual) && expectedOf.get(actual) !== expected) return undefined;
    expectedOf.set(actual, expected);
  }
  const isExchange = expectedOf.size > 1 && new Set(expectedOf.values()).size === expectedOf.size;
  const isOther = [...expectedOf].some(([actual, expected]) => actual !== expected);
  return isExchange && isOther ? 'Labels are exchanged: check the order of decode.labels.' : undefined;
}

function scalerHint({ encode, examples }: Run): string | undefined {
  const columns = encode.tensors.flatMap((tensor) => (tensor.kind === 'columns' ? tensor.columns : []));
  const numbers = columns.filter((column) => column.kind === 'number');
  const hasScale = numbers.some(({ subtract = 0, divide = 1 }) => subtract !== 0 || divide !== 1);
  if (hasScale) return undefined;
  const large = numbers.find(({ field }) =>
    examples.some(({ input }) => Math.abs(Number(fieldOf(input, field) ?? 0)) > LARGE_INPUT),
  );
  return large
    ? `Did the trainer scale its inputs? No column of encode does ("${large.field}", for example, is not scaled): add subtract and divide, or export the scaler with the model.`
    : undefined;
}
