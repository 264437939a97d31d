import type { DecodeContext, RowDecoder } from '../../codec/decode/row-decoder.js';
import type { EncodedRows } from '../../codec/encode/row-encoder.js';
import type { JsonObject } from '../../lib/json.js';
import { stringifyJson } from '../../lib/json-text.js';
import { sliceRows } from '../../domain/tensor-rows.js';
import type { TensorPart } from '../../domain/tensor-rows.js';

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

/** The same as the text of a JSON array. */
export function writeParts(decoder: RowDecoder, parts: readonly TensorPart[], request: DecodeRequest): string {
  const { rows, encoded, include } = request;
  if (isWhole(parts, rows.length, encoded)) return decoder.write(parts[0]!.tensors, wholeContext(request), include);
  return stringifyJson(decodeParts(decoder, parts, request));
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
