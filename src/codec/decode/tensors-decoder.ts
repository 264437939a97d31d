import type { HeadOf } from '../../domain/decode-spec.js';
import type { JsonValue } from '../../lib/json/json.js';
import { outputTypesOf } from '../../domain/signature.js';
import type { OutputFieldSchema, OutputRowSchema } from '../../domain/signature.js';
import { sizeOf } from '../../domain/tensor.js';
import type { Tensor } from '../../domain/tensor.js';
import { perRow } from './output-decoder.js';
import type { OutputDecoder } from './output-decoder.js';
import { jsonNumber, modelError, outputOf, requireRows } from './output-table.js';

/** Tensors as they are, nested by their shape, or the one value of a row, of the type that `schema` promises. */
export function compileTensors({ fields, single = [] }: HeadOf<'tensors'>, schema: OutputRowSchema): OutputDecoder {
  const sources = Object.entries(fields).map(([field, tensor]) => ({
    field,
    tensor,
    rank: single.includes(field) ? 0 : rankOf(schema.properties[field]),
    read: compileField(schema.properties[field], single.includes(field)),
  }));
  return {
    fields: sources.map(({ field }) => field),
    tensors: sources.map(({ tensor, rank }) => ({ tensor, isTable: false, rank })),
    decode(outputs, rows, fieldNames) {
      return new Map(
        sources
          .filter(({ field }) => fieldNames.has(field))
          .map(({ field, tensor, read }) => [field, read(outputOf(outputs, tensor), rows, tensor)]),
      );
    },
  };
}

/** The values of a field, one per row. @throws AppError `PREDICTION_FAILED` when the tensor has other rows. */
type ReadRows = (tensor: Tensor, rows: number, name: string) => JsonValue[];

function compileField(schema: OutputFieldSchema | undefined, isSingle: boolean): ReadRows {
  if (!isSingle) return nestedRows(rankOf(schema));
  const convert = converterFor(schema);
  return convert ? (tensor, rows, name) => singleRows(tensor, rows, name).map(convert) : singleRows;
}

/**
 * Dimensions of one row's value, by how deeply its schema nests lists.
 *
 * @returns undefined when the schema leaves that open.
 */
function rankOf(schema: OutputFieldSchema | undefined): number | undefined {
  if (schema?.type === undefined) return undefined;
  const types = outputTypesOf(schema).filter((type) => type !== 'null');
  if (!types.includes('array')) return 0;
  const inner = types.length === 1 ? rankOf(schema.items) : undefined;
  return inner === undefined ? undefined : inner + 1;
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
  const isScalar = tensor.shape.length === 0 && rows === 1;
  if (!isScalar) requireRows(tensor, rows, name);
  if (sizeOf(tensor.shape.slice(1)) === 1) return perRow(rows, (row) => elementOf(tensor, row));
  const shape = `[${tensor.shape.join(', ')}]`;
  throw modelError(
    `The output "${name}" has shape ${shape}, not one value per row: make its field a list in the signature (MLflow: infer_signature(X, model.predict(X))).`,
  );
}

/**
 * Rows of a tensor of any rank. One row that was computed alone may have no dimension of rows: its tensor has as many
 * dimensions as the value then (the boxes of an image, or what `squeeze()` leaves).
 */
function nestedRows(rank: number | undefined): ReadRows {
  return (tensor, rows, name) => {
    const { shape } = tensor;
    const hasRows = shape.length !== rank && shape.length > 0;
    if (rows === 1 && !hasRows) return [nested(tensor, shape, 0)];
    if (!hasRows) throw modelError(`The output "${name}" has shape [${shape.join(', ')}] for ${rows} rows.`);
    requireRows(tensor, rows, name);
    const inner = shape.slice(1);
    const size = sizeOf(inner);
    return perRow(rows, (row) => nested(tensor, inner, row * size));
  };
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
