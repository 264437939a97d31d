import type { RegressionDecode, TensorsDecode } from '../../domain/decode-spec.js';
import type { JsonValue } from '../../lib/json.js';
import { outputTypesOf } from '../../domain/signature.js';
import type { OutputFieldSchema, OutputRowSchema } from '../../domain/signature.js';
import { sizeOf } from '../../domain/tensor.js';
import type { Tensor } from '../../domain/tensor.js';
import { perRow } from './output-decoder.js';
import type { OutputDecoder } from './output-decoder.js';
import { jsonNumber, modelError, outputOf, requireWidth, tableOf } from './output-table.js';

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

/** Tensors as they are, nested by their shape, or the one value of a row, of the type that `schema` promises. */
export function compileTensors({ fields, single = [] }: TensorsDecode, schema: OutputRowSchema): OutputDecoder {
  const sources = Object.entries(fields);
  const rowsOfField = (field: string) => {
    if (!single.includes(field)) return nestedRows;
    const convert = converterFor(schema.properties[field]);
    if (!convert) return singleRows;
    return (tensor: Tensor, rows: number, name: string) => singleRows(tensor, rows, name).map(convert);
  };
  return {
    fields: sources.map(([field]) => field),
    tensors: [...new Set(Object.values(fields))].map((tensor) => ({ tensor, isTable: false })),
    decode(outputs, rows, fieldNames) {
      return new Map(
        sources
          .filter(([field]) => fieldNames.has(field))
          .map(([field, name]) => [field, rowsOfField(field)(outputOf(outputs, name, rows), rows, name)]),
      );
    },
  };
}

/**
 * Classifiers give the classes of a boolean as 0 and 1, and those of whole numbers, when they were trained on their
 * names, as texts. What is none of these stays, for the self-test to find.
 */
function converterFor(schema: OutputFieldSchema | undefined): ((value: JsonValue) => JsonValue) | undefined {
  switch (schema && outputTypesOf(schema).find((type) => type !== 'null')) {
    case 'boolean':
      return (value) => (value === 0 || value === 1 ? value === 1 : value);
    case 'integer':
    case 'number':
      return (value) => (typeof value === 'string' && NUMBER.test(value) ? Number(value) : value);
    default:
      return undefined;
  }
}

/** Plainer than what clients may send (`parseNumber`): ` +1_0 ` is a class of its own, not a ten. */
const NUMBER = /^-?\d{1,15}(\.\d{1,15})?$/;

function singleRows(tensor: Tensor, rows: number, name: string): JsonValue[] {
  if (sizeOf(tensor.shape.slice(1)) === 1) return perRow(rows, (row) => elementOf(tensor, row));
  throw modelError(`The output "${name}" has shape [${tensor.shape.join(', ')}], not one value per row.`);
}

function nestedRows(tensor: Tensor, rows: number): JsonValue[] {
  const shape = tensor.shape.slice(1);
  const size = sizeOf(shape);
  return perRow(rows, (row) => nested(tensor, shape, row * size));
}

function nested(tensor: Tensor, shape: readonly number[], offset: number): JsonValue {
  const [size, ...inner] = shape;
  if (size === undefined) return elementOf(tensor, offset);
  const stride = sizeOf(inner);
  return Array.from({ length: size }, (_, i) => nested(tensor, inner, offset + i * stride));
}

function elementOf({ dtype, data }: Tensor, index: number): JsonValue {
  const value = data[index]!;
  if (typeof value === 'string') return value;
  return dtype === 'bool' ? value !== 0 : jsonNumber(value);
}
