import type { DType, TensorSpec } from '../../../domain/tensor.js';
import type { ModelField, ValueKind } from './model-field.js';

const WORDS_OF_KIND: Readonly<Record<ValueKind, string>> = {
  string: 'texts',
  integer: 'whole numbers',
  number: 'numbers',
  boolean: 'booleans',
};

/** A model's tensor for people: `"label" (int64, [rows])`. */
export function tensorText({ name, dtype, shape }: TensorSpec): string {
  return `"${name}" (${[dtype ?? 'any type', ...(shape ? [shapeText(shape)] : [])].join(', ')})`;
}

/** Tensors for people, separated by commas. */
export function tensorList(tensors: readonly TensorSpec[]): string {
  return tensors.map(tensorText).join(', ') || 'none';
}

/** What a field of the signature holds, with MLflow's own word for it: `whole numbers (long)`. */
export function fieldWords({ kind, shape, declared }: ModelField): string {
  const words = WORDS_OF_KIND[kind];
  const values = shape.length > 0 ? `lists of ${words}` : words;
  return declared === undefined ? values : `${values} (${declared})`;
}

/** What a tensor of the model holds: `texts`, `numbers (float32)`. */
export function dtypeWords(dtype: DType): string {
  if (dtype === 'string') return WORDS_OF_KIND.string;
  return `${WORDS_OF_KIND[kindOf(dtype)]} (${dtype})`;
}

/** What kind of value an element type holds; `number` when a model does not say. */
export function kindOf(dtype: DType | null): ValueKind {
  if (dtype === 'string') return 'string';
  if (dtype === 'bool') return 'boolean';
  return dtype === null || dtype.startsWith('float') ? 'number' : 'integer';
}

/** Axis 0 holds the rows. */
function shapeText(shape: readonly (number | null)[]): string {
  return `[${shape.map((size, axis) => size ?? (axis === 0 ? 'rows' : '?')).join(', ')}]`;
}
