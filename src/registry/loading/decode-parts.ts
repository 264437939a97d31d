import type { AnswerShape, DecodeContext, RowDecoder } from '../../codec/decode/row-decoder.js';
import type { EncodedRows } from '../../codec/encode/row-encoder.js';
import type { JsonObject } from '../../lib/json/json.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import { runInSlices } from '../../lib/run-in-slices.js';
import { sliceRows } from '../../domain/tensor-rows.js';
import type { TensorPart } from '../../domain/tensor-rows.js';
import type { Tensor } from '../../domain/tensor.js';

/** The rows of a request, encoded. */
export interface EncodedRequest extends DecodeContext {
  readonly encoded: EncodedRows;
  /** On-request output fields the caller asked for. */
  readonly include: ReadonlySet<string>;
}

/** What decoding the rows of a request takes. */
export interface DecodeRequest extends EncodedRequest {
  /** Input tensors that the decoder reads, one part per part of `encoded`: those are gone once they are sent. */
  readonly kept: readonly TensorPart[];
}

/** Output rows of all parts, in the order of the request. */
export function decodeParts(decoder: RowDecoder, parts: readonly TensorPart[], request: DecodeRequest): JsonObject[] {
  const { rows, encoded, include } = request;
  if (isWhole(parts, rows.length, encoded)) return decoder.decode(parts[0]!.tensors, wholeContext(request), include);
  const outputs: JsonObject[] = [];
  for (const { tensors, indexes, context } of partsInOrder(parts, request)) {
    const decoded = decoder.decode(tensors, context, include);
    indexes.forEach((index, i) => (outputs[index] = decoded[i]!));
  }
  return outputs;
}

/** Rows and values that are written at once: more are written bit by bit, with other requests in between. */
const MAX_ROWS_AT_ONCE = 1_000;
const MAX_VALUES_AT_ONCE = 50_000;

/** The same as JSON; a promise where it is long. */
export function writeParts(
  decoder: RowDecoder,
  parts: readonly TensorPart[],
  request: DecodeRequest,
  shape: AnswerShape,
): string | Promise<string> {
  const { rows, encoded, include } = request;
  const isShort = rows.length <= MAX_ROWS_AT_ONCE && valuesIn(parts) <= MAX_VALUES_AT_ONCE;
  if (!isShort) return runInSlices(writeBits(decoder, parts, request, shape));
  if (!isWhole(parts, rows.length, encoded))
    return writeOutputs(decoder, decodeParts(decoder, parts, request), include, shape);
  const list = decoder.write(parts[0]!.tensors, wholeContext(request), include, shape);
  return shape === 'rows' ? list : forColumns(decoder, list, include);
}

/** Output rows as JSON. */
export function writeOutputs(
  decoder: RowDecoder,
  outputs: readonly JsonObject[],
  include: ReadonlySet<string>,
  shape: AnswerShape,
): string {
  const list = listOf(decoder, outputs, include, shape);
  return shape === 'rows' ? list : forColumns(decoder, list, include);
}

function listOf(
  decoder: RowDecoder,
  outputs: readonly JsonObject[],
  include: ReadonlySet<string>,
  shape: AnswerShape,
): string {
  if (shape === 'rows') return stringifyJson(outputs);
  const names = decoder.fieldNames(include);
  return stringifyJson(outputs.map((output) => names.map((name) => output[name])));
}

/** Rows that are lists, with what their values are. */
function forColumns(decoder: RowDecoder, list: string, include: ReadonlySet<string>): string {
  return `{"columns":${JSON.stringify(decoder.fieldNames(include))},"data":${list}}`;
}

/** Pauses wherever other work may come in between. */
function* writeBits(
  decoder: RowDecoder,
  parts: readonly TensorPart[],
  request: DecodeRequest,
  shape: AnswerShape,
): Generator<void, string> {
  const { include } = request;
  const texts: string[] = [];
  const outputs: JsonObject[] = [];
  for (const part of partsInOrder(parts, request)) {
    for (const { tensors, indexes, context } of bitsOf(part)) {
      if (request.encoded.order === undefined) texts.push(itemsOf(decoder.write(tensors, context, include, shape)));
      else decoder.decode(tensors, context, include).forEach((row, i) => (outputs[indexes[i]!] = row));
      yield;
    }
  }
  for (let start = 0; start < outputs.length; start += MAX_ROWS_AT_ONCE) {
    texts.push(itemsOf(listOf(decoder, outputs.slice(start, start + MAX_ROWS_AT_ONCE), include, shape)));
    yield;
  }
  const list = `[${texts.join(',')}]`;
  return shape === 'rows' ? list : forColumns(decoder, list, include);
}

/** What stands between the brackets of a list. */
function itemsOf(list: string): string {
  return list.slice(1, -1);
}

function* bitsOf(part: DecodedPart): Generator<DecodedPart> {
  const { tensors, indexes, context } = part;
  const count = indexes.length;
  const values = valuesIn([{ rows: count, tensors }]);
  const size = Math.max(1, Math.min(MAX_ROWS_AT_ONCE, Math.floor((MAX_VALUES_AT_ONCE * count) / Math.max(1, values))));
  const canSlice = Array.from(tensors.values(), (tensor: Tensor) => tensor.shape[0]).every((rows) => rows === count);
  if (size >= count || !canSlice) {
    yield part;
    return;
  }
  for (let start = 0; start < count; start += size) {
    const end = Math.min(count, start + size);
    yield {
      tensors: sliceRows(tensors, start, end),
      indexes: indexes.slice(start, end),
      context: {
        rows: context.rows.slice(start, end),
        prepared: context.prepared.slice(start, end),
        inputs: context.inputs && sliceRows(context.inputs, start, end),
      },
    };
  }
}

function valuesIn(parts: readonly TensorPart[]): number {
  let values = 0;
  for (const { tensors } of parts) for (const { data } of tensors.values()) values += data.length;
  return values;
}

/** Whether all rows were computed together, as they nearly always are. */
function isWhole(parts: readonly TensorPart[], rows: number, encoded: EncodedRows): boolean {
  return parts.length === 1 && encoded.order === undefined && parts[0]!.rows === rows;
}

function wholeContext({ rows, prepared, kept }: DecodeRequest): DecodeContext {
  return { rows, prepared, inputs: kept[0]?.tensors };
}

interface DecodedPart extends Pick<TensorPart, 'tensors'> {
  /** Place in the request of each of its rows. */
  readonly indexes: readonly number[];
  readonly context: DecodeContext;
}

function* partsInOrder(
  parts: readonly TensorPart[],
  { rows, prepared, encoded, kept }: DecodeRequest,
): Generator<DecodedPart> {
  const order = encoded.order ?? rows.map((_, i) => i);
  let start = 0;
  // The part of `encoded` that the rows came from: no part of outputs holds rows of two of them.
  let source = 0;
  let sourceStart = 0;
  for (const { rows: count, tensors } of parts) {
    while (start >= sourceStart + encoded.parts[source]!.rows) sourceStart += encoded.parts[source++]!.rows;
    const indexes = order.slice(start, start + count);
    const own = kept[source];
    const inputs = own && sliceRows(own.tensors, start - sourceStart, start - sourceStart + count);
    const context = {
      rows: indexes.map((index) => rows[index]!),
      prepared: indexes.map((index) => prepared[index]!),
      inputs,
    };
    yield { tensors, indexes, context };
    start += count;
  }
}
