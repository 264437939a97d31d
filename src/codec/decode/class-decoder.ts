import type { HeadOf } from '../../domain/decode-spec.js';
import type { JsonObject, JsonValue } from '../../lib/json/json.js';
import { argmax } from '../../domain/numeric.js';
import { given, perRow } from './output-decoder.js';
import type { OutputDecoder } from './output-decoder.js';
import {
  ONLY_OUTPUT,
  activateRow,
  activateValue,
  activationRounding,
  jsonNumber,
  labelKey,
  modelError,
  requireWidth,
  tableOf,
  thresholdFor,
} from './output-table.js';
import { newRow } from '../rows.js';

const DEFAULT_THRESHOLD = 0.5;

/** Two classes from one probability. No probability, no label: NaN gives null for both. */
export function compileBinary(decode: HeadOf<'binary'>): OutputDecoder {
  const { tensor = ONLY_OUTPUT, activation, labels, field, probability_field: probabilityField } = decode;
  const threshold = decode.threshold ?? DEFAULT_THRESHOLD;
  // A softmax over one column says 1 whatever the model thinks.
  const leastWidth = Math.max((decode.positive ?? 0) + 1, activation === 'softmax' ? 2 : 1);
  return {
    fields: given(field, probabilityField),
    tensors: [{ tensor, isTable: true, leastWidth }],
    decode(outputs, rows) {
      const table = tableOf(outputs, tensor, rows);
      if (table.width < leastWidth) {
        throw modelError(`The output "${tensor}" has ${table.width} columns where decode needs ${leastWidth}.`);
      }
      const positive = decode.positive ?? table.width - 1;
      const round = activationRounding(table.dtype);
      const probabilities = perRow(rows, (row) => round(activateValue(table, row, positive, activation)));
      const least = thresholdFor(table.dtype, threshold);
      const columns = new Map<string, JsonValue[]>();
      columns.set(
        field,
        probabilities.map((p) => (Number.isNaN(p) ? null : labels[p >= least ? 1 : 0])),
      );
      if (probabilityField !== undefined) columns.set(probabilityField, probabilities.map(jsonNumber));
      return columns;
    },
  };
}

/** The class with the highest probability; null when one of them is NaN, because then none is known to be highest. */
export function compileMultiClass(decode: HeadOf<'multi-class'>): OutputDecoder {
  const { tensor = ONLY_OUTPUT, activation, labels, field } = decode;
  const { probability_field: probabilityField, probabilities_field: probabilitiesField } = decode;
  const keys = labels.map(labelKey);
  return {
    fields: given(field, probabilityField, probabilitiesField),
    tensors: [{ tensor, isTable: true, width: labels.length }],
    decode(outputs, rows, fieldNames) {
      const table = tableOf(outputs, tensor, rows);
      requireWidth(table, labels.length, tensor);
      const probabilities = perRow(rows, (row) => activateRow(table, row, activation));
      const bestIndexes = probabilities.map(argmax);
      const columns = new Map<string, JsonValue[]>();
      columns.set(
        field,
        bestIndexes.map((best) => labels[best] ?? null),
      );
      if (probabilityField !== undefined) {
        columns.set(
          probabilityField,
          bestIndexes.map((best, row) => jsonNumber(probabilities[row]![best] ?? NaN)),
        );
      }
      if (probabilitiesField !== undefined && fieldNames.has(probabilitiesField)) {
        columns.set(
          probabilitiesField,
          probabilities.map((row) => byLabel(keys, row)),
        );
      }
      return columns;
    },
  };
}

/** Every label at or above its threshold, in the order of the labels; NaN is never above. */
export function compileMultiLabel(decode: HeadOf<'multi-label'>): OutputDecoder {
  const {
    tensor = ONLY_OUTPUT,
    activation,
    labels,
    threshold,
    field,
    probabilities_field: probabilitiesField,
  } = decode;
  const thresholds = typeof threshold === 'number' ? labels.map(() => threshold) : threshold;
  return {
    fields: given(field, probabilitiesField),
    tensors: [{ tensor, isTable: true, width: labels.length }],
    decode(outputs, rows, fieldNames) {
      const table = tableOf(outputs, tensor, rows);
      requireWidth(table, labels.length, tensor);
      const round = activationRounding(table.dtype);
      const probabilities = perRow(rows, (row) => activateRow(table, row, activation).map(round));
      const least = thresholds.map((one) => thresholdFor(table.dtype, one));
      const columns = new Map<string, JsonValue[]>();
      columns.set(
        field,
        probabilities.map((row) => labels.filter((_, i) => row[i]! >= least[i]!)),
      );
      if (probabilitiesField !== undefined && fieldNames.has(probabilitiesField)) {
        columns.set(
          probabilitiesField,
          probabilities.map((row) => byLabel(labels, row)),
        );
      }
      return columns;
    },
  };
}

/** The labels with the highest scores, the first of equals first; null when a score is NaN: none is known to be higher. */
export function compileTopK(decode: HeadOf<'top-k'>): OutputDecoder {
  const { tensor = ONLY_OUTPUT, activation, labels, k, field } = decode;
  return {
    fields: [field],
    tensors: [{ tensor, isTable: true, width: labels.length }],
    decode(outputs, rows) {
      const table = tableOf(outputs, tensor, rows);
      requireWidth(table, labels.length, tensor);
      return new Map([[field, perRow(rows, (row) => highest(activateRow(table, row, activation), labels, k))]]);
    },
  };
}

function highest(values: readonly number[], labels: readonly JsonValue[], k: number): JsonValue {
  if (values.some(Number.isNaN)) return null;
  const places = values.map((_, i) => i).sort((a, b) => compareValues(values[a]!, values[b]!) || a - b);
  return places.slice(0, k).map((i): JsonObject => ({ label: labels[i]!, score: jsonNumber(values[i]!) }));
}

/** Not their difference: that of two infinities is NaN. */
function compareValues(one: number, other: number): number {
  return one === other ? 0 : one > other ? -1 : 1;
}

function byLabel(keys: readonly string[], probabilities: readonly number[]): JsonObject {
  const object = newRow();
  keys.forEach((key, i) => {
    object[key] = jsonNumber(probabilities[i]!);
  });
  return object;
}
