import { fieldOf } from '../../../codec/rows.js';
import { headsOf } from '../../../domain/decode-spec.js';
import type { Run } from '../../../domain/run.js';
import { stringifyJson } from '../../../lib/json/json-text.js';
import type { JsonValue } from '../../../lib/json/json.js';
import type { TensorSpec } from '../../../domain/tensor.js';
import { fits, numbersByPath, valuesOf } from './replayed-example.js';
import type { ReplayedExample } from './replayed-example.js';

/** Between which values of a probability the recorded labels change; one of them is Infinity when all labels are one. */
interface Change {
  readonly path: string;
  readonly below: number;
  readonly from: number;
}

/**
 * Labels that the trainer took from a probability by a threshold which the run does not have.
 *
 * @returns undefined unless everything else is as recorded, and one threshold gives every recorded label.
 */
export function thresholdHint(run: Run, examples: readonly ReplayedExample[]): string | undefined {
  const fields = Object.keys(run.signature.output.properties);
  const wrong = fields.filter((field) => !examples.every((example) => fits(run, field, example)));
  const [field] = wrong;
  if (field === undefined || wrong.length > 1) return undefined;
  const own = examples.filter(({ expected }) => Object.hasOwn(expected, field));
  const change = changeOf(
    field,
    own,
    own.map(({ expected }) => fieldOf(expected, field)!),
    labelsOf(run, field, own),
  );
  if (!change) return undefined;
  const { path, below, from } = change;
  const isProven = own.some(({ expected }) => valuesOf(expected).some((value) => value.path === path));
  const isOpen = below === -Infinity || from === Infinity;
  if (isOpen && !isProven) return undefined;
  const where = !isOpen
    ? `between ${below} and ${from}`
    : below === -Infinity
      ? `at ${from} or below`
      : `above ${below}`;
  const begin = isProven ? 'The probabilities fit, the labels' : 'The labels';
  return `${begin} of "${field}" change where "${path}" is ${where}: set decode.threshold.`;
}

/**
 * Labels that the graph gives by itself, and that differ from the recorded ones as another threshold would have it. The
 * probabilities that prove it are an output which the run does not read.
 *
 * @param outputs  of the model.
 * @returns undefined unless there are such probabilities, and all labels that differ are of one class.
 */
export function graphLabelHint(
  run: Run,
  examples: readonly ReplayedExample[],
  outputs: readonly TensorSpec[],
): string | undefined {
  const heads = headsOf(run.decode);
  const differing = examples.filter(({ matches }) => !matches);
  const probabilities = outputs.find(({ name, dtype, shape }) => {
    const isRead = heads.some((head) => head.kind !== 'tensors' || Object.values(head.fields).includes(name));
    return !isRead && (dtype === 'float32' || dtype === 'float64') && shape?.length === 2 && shape[1] === 2;
  });
  if (!probabilities) return undefined;
  for (const field of Object.keys(run.signature.output.properties)) {
    const labels = labelsOf(
      run,
      field,
      examples.filter(({ expected }) => Object.hasOwn(expected, field)),
    );
    const wrong = new Set(differing.map(({ expected }) => stringifyJson(fieldOf(expected, field) ?? null)));
    if (labels?.length !== 2 || wrong.size !== 1) continue;
    const decode = { kind: 'binary', tensor: probabilities.name, labels, threshold: '…', field };
    const text = stringifyJson(decode).replace('"…"', '…');
    return `The label is the graph's own, which has no threshold but 0.5: if the trainer had another, set decode to ${text}.`;
  }
  return undefined;
}

/** The two labels of a field, that of the lower probability first. */
function labelsOf({ decode }: Run, field: string, own: readonly ReplayedExample[]): readonly JsonValue[] | undefined {
  const heads = headsOf(decode);
  const head = heads.find((one) => 'field' in one && one.field === field);
  if (head) return head.kind === 'binary' || head.kind === 'multi-class' ? head.labels : undefined;
  // What a regression or an interval gives is no label, whatever whole numbers the examples happen to have.
  if (!heads.some((one) => one.kind === 'tensors' && Object.hasOwn(one.fields, field))) return undefined;
  const all = own.flatMap(({ expected, actual }) => [fieldOf(expected, field)!, fieldOf(actual, field)!]);
  const labels = [...new Map(all.map((label) => [stringifyJson(label ?? null), label])).values()];
  const isCategory = labels.every((label) => typeof label !== 'number' || Number.isInteger(label));
  return isCategory ? labels.sort((a, b) => (stringifyJson(a) < stringifyJson(b) ? -1 : 1)) : undefined;
}

function changeOf(
  field: string,
  examples: readonly ReplayedExample[],
  recorded: readonly JsonValue[],
  labels: readonly JsonValue[] | undefined,
): Change | undefined {
  if (labels?.length !== 2 || recorded.some((label) => !labels.includes(label))) return undefined;
  const numbers = [...numbersByPath(examples.map(({ actual }) => actual))].filter(
    ([path, list]) => path !== field && recorded.length > 0 && list.every((number) => number >= 0 && number <= 1),
  );
  const changes = numbers.map(([path, list]): Change => {
    const of = (label: JsonValue) => list.filter((_, i) => recorded[i] === label);
    return { path, below: Math.max(...of(labels[0]!)), from: Math.min(...of(labels[1]!)) };
  });
  // The last column is that of the positive class.
  return changes.reverse().find(({ below, from }) => below < from);
}
