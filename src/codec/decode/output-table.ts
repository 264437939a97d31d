import { AppError } from '../../domain/app-error.js';
import type { Activation } from '../../domain/decode-spec.js';
import type { JsonValue } from '../../lib/json/json.js';
import { numberOrNull, sigmoid, softmax } from '../../domain/numeric.js';
import type { DType, NamedTensors, Tensor, TensorData } from '../../domain/tensor.js';
import { canonicalNumber } from '../validate/parse-scalars.js';

/**
 * Stands for the one output of a model where the run leaves its name out. Only until the model is loaded: then
 * `nameOnlyOutput` puts its name there.
 */
export const ONLY_OUTPUT = '';

/** An output tensor as one row of numbers per row. */
interface OutputTable {
  readonly width: number;
  readonly data: TensorData;
  readonly dtype: DType;
}

/** The model's output contradicts the run's `decode`: an error of the model, logged with its cause. */
export function modelError(message: string): AppError {
  return new AppError('PREDICTION_FAILED', {}, { cause: new Error(message) });
}

/** @throws AppError `PREDICTION_FAILED` when the model did not give the tensor. */
export function outputOf(outputs: NamedTensors, name: string): Tensor {
  const tensor = outputs.get(name);
  if (!tensor) throw modelError(`The model gave no output "${name}".`);
  return tensor;
}

/** @throws AppError `PREDICTION_FAILED` when the tensor has another number of rows. */
export function requireRows({ shape }: Tensor, rows: number, name: string): void {
  if (shape[0] !== rows) throw modelError(`The output "${name}" has shape [${shape.join(', ')}] for ${rows} rows.`);
}

/**
 * A numeric output of shape [rows] or [rows, columns]; of a row that was computed alone also [] and [columns], which is
 * what `squeeze()` leaves.
 *
 * @throws AppError `PREDICTION_FAILED` when it is missing, of another rank or row count, or holds texts.
 */
export function tableOf(outputs: NamedTensors, name: string, rows: number): OutputTable {
  const tensor = outputOf(outputs, name);
  const { dtype, shape, data } = tensor;
  if (dtype === 'string') throw modelError(`The output "${name}" holds texts where numbers are decoded.`);
  if (shape.length > 2) throw modelError(`The output "${name}" has shape [${shape.join(', ')}], not [rows, columns].`);
  if (rows === 1 && shape.length < 2) return { width: shape[0] ?? 1, data, dtype };
  requireRows(tensor, rows, name);
  return { width: shape[1] ?? 1, data, dtype };
}

/**
 * A threshold as numbers of this type are held against it. Python compares float32 with the float32 that is nearest: 0.9 of
 * ten trees is 0.8999999762 there, and at the threshold 0.9 all the same.
 */
export function thresholdFor(dtype: DType, threshold: number): number {
  return dtype === 'float32' ? Math.fround(threshold) : threshold;
}

/**
 * Rounds what an activation makes of numbers of this type, before it is held against a threshold. What is made of float32 is
 * float32 where models are trained: sigmoid(-1e-8) is 0.5 there.
 */
export function activationRounding(dtype: DType): (value: number) => number {
  return dtype === 'float32' ? Math.fround : (value) => value;
}

/** @throws AppError `PREDICTION_FAILED` when the table has another number of columns. */
export function requireWidth(table: OutputTable, width: number, name: string): void {
  if (table.width === width) return;
  throw modelError(`The output "${name}" has ${table.width} columns where decode has ${width} labels or fields.`);
}

/** One row of numbers, after the activation. */
export function activateRow({ data, width }: OutputTable, row: number, activation: Activation = 'none'): number[] {
  const values = new Array<number>(width);
  for (let column = 0; column < width; column++) values[column] = Number(data[row * width + column]);
  switch (activation) {
    case 'none':
      return values;
    case 'sigmoid':
      return values.map(sigmoid);
    case 'softmax':
      return softmax(values);
  }
}

/** One number of a row, after the activation. */
export function activateValue(
  table: OutputTable,
  row: number,
  column: number,
  activation: Activation = 'none',
): number {
  // A softmax needs its whole row.
  if (activation === 'softmax') return activateRow(table, row, activation)[column]!;
  const value = Number(table.data[row * table.width + column]);
  return activation === 'sigmoid' ? sigmoid(value) : value;
}

/** A number as JSON can hold it: NaN and the infinities become null; a bigint that fits becomes a number. */
export function jsonNumber(value: number | bigint): number | bigint | null {
  if (typeof value === 'bigint') return canonicalNumber(value);
  return numberOrNull(value);
}

/** An object key for a label. */
export function labelKey(label: JsonValue): string {
  return typeof label === 'object' ? JSON.stringify(label) : String(label);
}
