import type { HeadOf } from '../../domain/decode-spec.js';
import { given, perRow } from './output-decoder.js';
import type { OutputDecoder } from './output-decoder.js';
import type { DecodedTensor } from '../tensor-mismatch.js';
import type { JsonValue } from '../../lib/json/json.js';
import type { NamedTensors } from '../../domain/tensor.js';
import { ONLY_OUTPUT, jsonNumber, modelError, requireWidth, tableOf } from './output-table.js';

/** One field per column, `value * multiply + add`; whole numbers keep their digits when neither is given. */
export function compileRegression({ tensor = ONLY_OUTPUT, fields, ...scaling }: HeadOf<'regression'>): OutputDecoder {
  const scale = compileScale(scaling);
  return {
    fields,
    tensors: [{ tensor, isTable: true, width: fields.length }],
    decode(outputs, rows) {
      const table = tableOf(outputs, tensor, rows);
      requireWidth(table, fields.length, tensor);
      const at = (row: number, column: number) => table.data[row * table.width + column] as number | bigint;
      return new Map(fields.map((field, column) => [field, perRow(rows, (row) => jsonNumber(scale(at(row, column))))]));
    },
  };
}

/** Two quantiles as one object, and a third one for a field of its own. */
export function compileInterval(decode: HeadOf<'interval'>): OutputDecoder {
  const { tensor = ONLY_OUTPUT, field, value_field: valueField, value } = decode;
  const scale = compileScale(decode);
  const [low, high] = [decode.low, decode.high].map((source) => compileColumn(source, tensor));
  const middle = value === undefined ? undefined : compileColumn(value, tensor);
  const read = (column: ColumnReader, outputs: NamedTensors, rows: number) =>
    column.valuesOf(outputs, rows).map((one) => jsonNumber(scale(one)));
  return {
    fields: given(field, valueField),
    tensors: [low!, high!, ...(middle ? [middle] : [])].map(({ read: tensorRead }) => tensorRead),
    decode(outputs, rows) {
      const [lows, highs] = [read(low!, outputs, rows), read(high!, outputs, rows)];
      const columns = new Map<string, JsonValue[]>();
      columns.set(
        field,
        lows.map((one, row) => ({ low: one, high: highs[row]! })),
      );
      if (valueField !== undefined && middle) columns.set(valueField, read(middle, outputs, rows));
      return columns;
    },
  };
}

/** One number per row. */
interface ColumnReader {
  readonly read: DecodedTensor;
  /** @throws AppError `PREDICTION_FAILED` when the tensor has no such column. */
  valuesOf(outputs: NamedTensors, rows: number): (number | bigint)[];
}

/** @param source  a column of `tensor`, or the name of a tensor of one column. */
function compileColumn(source: number | string, tensor: string): ColumnReader {
  const [name, column] = typeof source === 'string' ? [source, 0] : [tensor, source];
  const isAlone = typeof source === 'string';
  return {
    read: { tensor: name, isTable: true, ...(isAlone ? { width: 1 } : { leastWidth: column + 1 }) },
    valuesOf(outputs, rows) {
      const { data, width } = tableOf(outputs, name, rows);
      if (isAlone ? width !== 1 : width <= column)
        throw modelError(`The output "${name}" has ${width} columns where decode reads column ${column}.`);
      return perRow(rows, (row) => data[row * width + column] as number | bigint);
    },
  };
}

/** `value * multiply + add`; a whole number keeps its digits when neither is given. */
function compileScale({
  multiply,
  add,
}: {
  readonly multiply?: number;
  readonly add?: number;
}): (value: number | bigint) => number | bigint {
  if (multiply === undefined && add === undefined) return (value) => value;
  return (value) => Number(value) * (multiply ?? 1) + (add ?? 0);
}
