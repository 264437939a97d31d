import type { TensorEncoding } from '../../../domain/encode-spec.js';
import type { DType } from '../../../domain/tensor.js';
import { RunError } from '../../../domain/verdict.js';
import { parseJson } from '../../../lib/json/json-text.js';
import { isJsonObject } from '../../../lib/json/json.js';
import type { JsonObject, JsonValue } from '../../../lib/json/json.js';
import type { ModelField } from './model-field.js';
import { dtypeWords, fieldWords, kindOf } from './tensor-words.js';

/** Maximum number of example rows that are kept. */
const MAX_EXAMPLE_ROWS = 32;

/** Maximum number of items of a made-up value of varying size. */
const MADE_UP_SIZE = 1;

const EPOCH = '1970-01-01T00:00:00Z';

/**
 * Input rows of an `input_example.json`: a data frame (`columns` and `data`), an array, columns by name, or rows. What
 * does not fit the fields is left out.
 *
 * @returns no rows when the example is none of these.
 */
export function exampleRows(text: string, fields: readonly ModelField[]): JsonObject[] {
  const example = withoutParams(readJson(text));
  const rows = Array.isArray(example)
    ? rowsOfList(example, fields)
    : isJsonObject(example)
      ? rowsOf(example, fields)
      : [];
  return rows
    .slice(0, MAX_EXAMPLE_ROWS)
    .filter((row) => fields.every((f) => !f.isRequired || Object.hasOwn(row, f.field)));
}

/** A valid row of zeros, empty texts and the first second of 1970, for a run without an input example. */
export function madeUpRow(fields: readonly ModelField[]): JsonObject {
  return Object.fromEntries(
    fields.map(({ field, kind, shape, format }) => [field, format ? EPOCH : madeUpValue(kind, shape)]),
  );
}

function madeUpValue(kind: ModelField['kind'], [size, ...inner]: ModelField['shape']): JsonValue {
  if (size !== undefined) return Array.from({ length: size ?? MADE_UP_SIZE }, () => madeUpValue(kind, inner));
  return kind === 'string' ? '' : kind === 'boolean' ? false : 0;
}

function readJson(text: string): JsonValue {
  try {
    return parseJson(text, { allowNonFinite: true });
  } catch {
    return null;
  }
}

/** An example logged with parameters is wrapped: `{"inputs": …, "params": …}`. */
function withoutParams(example: JsonValue): JsonValue {
  const isWrapped = isJsonObject(example) && 'inputs' in example && 'params' in example;
  return isWrapped ? example.inputs! : example;
}

function rowsOf(example: JsonObject, fields: readonly ModelField[]): JsonObject[] {
  const { columns, data } = example;
  if (Array.isArray(columns) && Array.isArray(data)) return rowsOfFrame(columns, data, fields);
  const values = fields.map(({ name, field }) => example[name ?? field]);
  const count = Math.max(0, ...values.map((value) => (Array.isArray(value) ? value.length : 0)));
  const areColumns = values.every((value) => value === undefined || (Array.isArray(value) && value.length === count));
  if (!areColumns || count === 0) return [toRow(fields, values)];
  return Array.from({ length: count }, (_, row) =>
    toRow(
      fields,
      values.map((value) => (value as JsonValue[] | undefined)?.[row]),
    ),
  );
}

function rowsOfFrame(columns: JsonValue[], data: JsonValue[], fields: readonly ModelField[]): JsonObject[] {
  const arrays = data.filter(Array.isArray) as JsonValue[][];
  const [only] = fields;
  if (fields.length === 1 && only!.shape.length === 1) return arrays.map((list) => toRow(fields, [list]));
  // Of columns of one name the first counts.
  const placeOf = new Map(columns.map((name, i) => [name, i] as const).reverse());
  const places = fields.map(({ name }) => placeOf.get(name ?? ''));
  const isNamed = places.some((place) => place !== undefined);
  return arrays.map((list) =>
    toRow(
      fields,
      places.map((place, i) => list[isNamed ? (place ?? -1) : i]),
    ),
  );
}

function rowsOfList(example: JsonValue[], fields: readonly ModelField[]): JsonObject[] {
  if (example.every(isJsonObject)) {
    return example.map((row) =>
      toRow(
        fields,
        fields.map(({ name, field }) => row[name ?? field]),
      ),
    );
  }
  if (fields.length === 1) return example.map((value) => toRow(fields, [value]));
  return example.map((row) => toRow(fields, Array.isArray(row) ? row : [row]));
}

function toRow(fields: readonly ModelField[], values: readonly (JsonValue | undefined)[]): JsonObject {
  const entries = fields.flatMap(({ field, shape }, i) => {
    let value = values[i];
    if (shape.length === 0 && Array.isArray(value) && value.length === 1) value = value[0];
    const isMissing = value === undefined || value === null || (typeof value === 'number' && !Number.isFinite(value));
    return isMissing ? [] : [[field, value!] as const];
  });
  return Object.fromEntries(entries);
}

/**
 * Numbers of the signature may be whole ones to the model; then so must those of the input example.
 *
 * @throws RunError SIGNATURE_MISMATCH, in the words of the signature, when one is not.
 */
export function requireWholeNumbers(
  rows: readonly JsonObject[],
  fields: readonly ModelField[],
  tensors: readonly TensorEncoding[],
): void {
  for (const tensor of tensors) {
    if (tensor.kind !== 'columns' || kindOf(tensor.dtype) !== 'integer') continue;
    const own = new Set(tensor.columns.map(({ field }) => field));
    for (const field of fields.filter((one) => one.kind === 'number' && own.has(one.field))) {
      const value = rows.flatMap((row) => (Object.hasOwn(row, field.field) ? [row[field.field]] : [])).find(isFraction);
      if (value !== undefined) throw notWhole(field, tensor.dtype, value);
    }
  }
}

function isFraction(value: unknown): value is number {
  return typeof value === 'number' && !Number.isInteger(value);
}

function notWhole(field: ModelField, dtype: DType, value: number): RunError {
  const message = `The column "${field.field}" is ${fieldWords(field)} in the signature and ${dtypeWords(dtype)} in the model: the input example has ${value}.`;
  const fix =
    'Export the model with inputs of floating point (scikit-learn: FloatTensorType, or DoubleTensorType), or log the signature and the example of the whole numbers that it takes.';
  return new RunError('SIGNATURE_MISMATCH', message, { fix });
}
