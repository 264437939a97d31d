import type { TensorEncoding } from '../../../domain/encode-spec.js';
import type { DType, TensorSpec } from '../../../domain/tensor.js';
import { RunError } from '../../../domain/verdict.js';
import { deriveColumn } from './derive-column.js';
import { matchNames } from './match-names.js';
import { withSizes } from './model-field.js';
import type { CodecPart, ModelField } from './model-field.js';
import type { ColumnRules } from './tags.js';
import { dtypeWords, fieldWords, tensorList, tensorText } from './tensor-words.js';

const NAME_COLUMNS_FIX =
  "Give the columns of the signature the names of the model's inputs, or export the model with the columns' names.";

/**
 * Derives how input fields feed a model, as MLflow's own scoring does it: a model with one input takes all columns side
 * by side as its matrix (or the one array), a model with several takes one field each, by name. Everything that does not
 * fit is told here, in the words of the signature: its owner never wrote an `encode`.
 *
 * @throws RunError SIGNATURE_MISMATCH or SIGNATURE_UNSUPPORTED when the fields do not feed the inputs.
 */
export function deriveInputs(
  fields: readonly ModelField[],
  tensors: readonly TensorSpec[],
  rules: ColumnRules,
): CodecPart<readonly TensorEncoding[]> {
  const [only] = tensors;
  const areSingle = fields.every(({ shape }) => shape.length === 0);
  if (only && tensors.length === 1 && (areSingle || fields.length > 1)) {
    return matrixOf(only, areSingle ? fields : withListSizes(fields, only), rules);
  }
  const parts = pairsOf(fields, tensors).map(([field, tensor]) => pairPart(field, tensor, rules));
  return { fields: parts.flatMap((part) => part.fields), spec: parts.map(({ spec }) => spec) };
}

/** All columns side by side. */
function matrixOf(
  tensor: TensorSpec,
  fields: readonly ModelField[],
  rules: ColumnRules,
): CodecPart<readonly TensorEncoding[]> {
  const { shape } = tensor;
  const width = shape?.length === 1 ? 1 : shape?.[1];
  const values = fields.reduce((sum, field) => sum + (field.shape[0] ?? 1), 0);
  if (shape && (shape.length > 2 || shape.length === 0 || (typeof width === 'number' && width !== values))) {
    const count = fields.length === 1 ? 'one column' : `${fields.length} columns`;
    const names = fields.map(({ field }) => `"${field}"`).join(', ');
    const message = `The signature has ${count} (${names}); the model's input is ${tensorText(tensor)}.`;
    const fix = 'Log the signature of what the exported model takes: infer_signature(X, …) with the X of its export.';
    throw new RunError('SIGNATURE_MISMATCH', message, { fix });
  }
  const part = columns(tensor, fields, rules);
  return { fields: part.fields, spec: [part.spec] };
}

/**
 * Lists among the columns of one input: the sizes that the signature leaves open are known when only one is.
 *
 * @throws RunError SIGNATURE_UNSUPPORTED when they are not, or a list nests.
 */
function withListSizes(fields: readonly ModelField[], tensor: TensorSpec): readonly ModelField[] {
  const open = fields.filter(({ shape }) => shape[0] === null);
  const known = fields.reduce((sum, { shape }) => sum + (shape.length === 0 ? 1 : (shape[0] ?? 0)), 0);
  const size = (tensor.shape?.[1] ?? 0) - known;
  const nested = fields.find(({ shape }) => shape.length > 1);
  if (nested || (open.length > 0 && (open.length > 1 || size < 1))) {
    const names = (nested ? [nested] : open).map(({ field }) => `"${field}"`).join(', ');
    const message = `How many numbers of the model's input ${tensorText(tensor)} are the lists ${names} is not known.`;
    throw new RunError('SIGNATURE_UNSUPPORTED', message, { fix: 'Export the model with one input for each column.' });
  }
  return fields.map((field) => (field.shape[0] === null ? { ...field, shape: [size] } : field));
}

function pairsOf(fields: readonly ModelField[], tensors: readonly TensorSpec[]): (readonly [ModelField, TensorSpec])[] {
  if (fields.length === 1 && tensors.length === 1) return [[fields[0]!, tensors[0]!]];
  const matched = matchNames(fields, tensors);
  const lost = fields.find((field) => !matched.has(field));
  if (lost) {
    const message = `The signature's input "${lost.field}" is none of the model's inputs, nor one that the exporter renamed: ${tensorList(tensors)}.`;
    throw new RunError('SIGNATURE_MISMATCH', message, { fix: NAME_COLUMNS_FIX });
  }
  const fed = new Set(matched.values());
  const missing = tensors.find((tensor) => !fed.has(tensor));
  if (missing) {
    const message = `The model needs the input ${tensorText(missing)}, and the signature has no column of that name.`;
    throw new RunError('SIGNATURE_MISMATCH', message, { fix: NAME_COLUMNS_FIX });
  }
  return fields.map((field) => [field, matched.get(field)!]);
}

function pairPart(field: ModelField, tensor: TensorSpec, rules: ColumnRules): CodecPart<TensorEncoding> {
  if (field.shape.length > 0) return arrayPart(field, tensor);
  const { shape } = tensor;
  if (shape && (shape.length > 2 || (shape[1] ?? 1) !== 1)) {
    const message = `The column "${field.field}" is one value in the signature; the model's input is ${tensorText(tensor)}.`;
    throw new RunError('SIGNATURE_MISMATCH', message, { fix: NAME_COLUMNS_FIX });
  }
  return columns(tensor, [field], rules);
}

function columns(
  { name, dtype, shape }: TensorSpec,
  fields: readonly ModelField[],
  rules: ColumnRules,
): CodecPart<TensorEncoding> {
  const isText = fields.every(({ kind }) => kind === 'string');
  const made: DType = dtype ?? (isText ? 'string' : 'float32');
  const rank = shape?.length === 1 ? 1 : 2;
  const derived = fields.map((field) => deriveColumn(field, made, rules));
  const spec = {
    kind: 'columns',
    tensor: name,
    dtype: made,
    rank,
    columns: derived.map(({ column }) => column),
  } as const;
  return { fields: derived.map(({ field }) => field), spec };
}

function arrayPart(given: ModelField, tensor: TensorSpec): CodecPart<TensorEncoding> {
  const field = withSizes(given, tensor);
  const dtype = tensor.dtype ?? 'float32';
  const isText = dtype === 'string' || field.kind === 'string';
  if (isText || (field.kind === 'boolean' && dtype !== 'bool')) {
    const message = `The input "${field.field}" is ${fieldWords(field)} in the signature and ${dtypeWords(dtype)} in the model; only lists of numbers are fed, and of booleans where the model takes booleans.`;
    const fix =
      field.kind === 'boolean'
        ? 'Log numbers (X.astype("float32")), or cast the booleans inside the model.'
        : 'Log numbers: code the texts before the model, or log one column for each text.';
    throw new RunError('SIGNATURE_UNSUPPORTED', message, { fix });
  }
  const shape = sizesOf(field, tensor);
  return { fields: [field], spec: { kind: 'array', tensor: tensor.name, dtype, field: field.field, shape } };
}

/**
 * Sizes of the tensor, without the rows; a field may nest otherwise that holds as many numbers.
 *
 * @throws RunError SIGNATURE_MISMATCH when it holds another number of them.
 */
function sizesOf({ field, shape: signed }: ModelField, tensor: TensorSpec): readonly (number | null)[] {
  const sizes = tensor.shape?.slice(1);
  if (!sizes) return signed;
  if (sizes.length === signed.length && sizes.every((size, i) => (size ?? signed[i] ?? size) === (signed[i] ?? size))) {
    return signed;
  }
  if (countOf(sizes) !== undefined && countOf(sizes) === countOf(signed)) return sizes;
  const own = `[${['rows', ...signed.map((size) => size ?? '?')].join(', ')}]`;
  const message = `The input "${field}" has shape ${own} in the signature; the model's input is ${tensorText(tensor)}.`;
  const fix = 'Log the signature of what the exported model takes: infer_signature(X, …) with the X of its export.';
  throw new RunError('SIGNATURE_MISMATCH', message, { fix });
}

/** How many numbers a row holds; undefined when a size varies. */
function countOf(sizes: readonly (number | null)[]): number | undefined {
  return sizes.reduce<number | undefined>(
    (count, size) => (count === undefined || size === null ? undefined : count * size),
    1,
  );
}
