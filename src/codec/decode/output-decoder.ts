import type { JsonValue } from '../../lib/json/json.js';
import type { NamedTensors } from '../../domain/tensor.js';
import type { DecodedTensor } from '../tensor-mismatch.js';

/** Values by output field, one per row. */
export type FieldColumns = ReadonlyMap<string, readonly JsonValue[]>;

/** One kind of decoding, compiled. */
export interface OutputDecoder {
  /** Output fields it fills. */
  readonly fields: readonly string[];
  /** Output tensors it reads. */
  readonly tensors: readonly DecodedTensor[];
  /** Input tensors it reads, too. */
  readonly inputNames?: readonly string[];
  /**
   * The wanted fields of all rows.
   *
   * @throws AppError `PREDICTION_FAILED` when a tensor is not what `decode` says.
   */
  decode(outputs: NamedTensors, rows: number, fieldNames: ReadonlySet<string>, inputs?: NamedTensors): FieldColumns;
}

/** The names that were given, in order. */
export function given(...names: readonly (string | undefined)[]): string[] {
  return names.filter((name) => name !== undefined);
}

/** One value per row. */
export function perRow<T>(rows: number, valueOf: (row: number) => T): T[] {
  const values = new Array<T>(rows);
  for (let row = 0; row < rows; row++) values[row] = valueOf(row);
  return values;
}
