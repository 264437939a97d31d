import type { RegressionDecode } from '../../domain/decode-spec.js';
import { perRow } from './output-decoder.js';
import type { OutputDecoder } from './output-decoder.js';
import { jsonNumber, requireWidth, tableOf } from './output-table.js';

/** One field per column, `value * multiply + add`; whole numbers keep their digits when neither is given. */
export function compileRegression({ tensor, fields, multiply, add }: RegressionDecode): OutputDecoder {
  const isPlain = multiply === undefined && add === undefined;
  const scale = (value: number | bigint): number | bigint =>
    isPlain ? value : Number(value) * (multiply ?? 1) + (add ?? 0);
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
