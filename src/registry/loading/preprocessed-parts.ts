import type { EncodedRows } from '../../codec/encode/row-encoder.js';
import { groupRows, mayFillUp } from '../../codec/encode/row-shapes.js';
import { pickColumns, pickRows } from '../../domain/tensor-rows.js';
import type { TensorPart } from '../../domain/tensor-rows.js';
import { sizeOf } from '../../domain/tensor.js';
import type { NamedTensors, Tensor } from '../../domain/tensor.js';
import type { FilledRows, PreprocessResult } from '../../preprocessing/preprocess-messages.js';

type RowTensors = Pick<PreprocessResult, 'tensors' | 'filled'>;

/**
 * Puts the tensors of texts and images beside the others of their rows. Rows that no filling makes equally long become
 * parts of their own, as rows of lists do.
 *
 * @param results  one row for each of the request, in its order.
 * @param canPad  whether rows may be filled up to the length of another.
 */
export function addPreprocessed(encoded: EncodedRows, results: readonly RowTensors[], canPad: boolean): EncodedRows {
  const [only] = encoded.parts;
  const apart = results.filter((result) => result.filled && !(canPad && isSmall(result)));
  if (only && encoded.parts.length === 1 && apart.length === 0) {
    const tensors = new Map([...only.tensors, ...results.flatMap((result) => result.tensors)]);
    return { parts: [{ rows: only.rows, tensors }], order: undefined };
  }
  const parts: TensorPart[] = [];
  const order: number[] = [];
  let start = 0;
  for (const part of encoded.parts) {
    const indexOf = (place: number) => encoded.order?.[start + place] ?? start + place;
    const keyOf = (place: number) => apart.map(({ filled }) => filled!.lengths[indexOf(place)]!).join();
    for (const places of groupRows(part.rows, keyOf)) {
      const indexes = places.map(indexOf);
      const own = results.flatMap((result) => [...rowsOfResult(result, indexes)]);
      parts.push({ rows: places.length, tensors: new Map([...pickRows(part.tensors, places), ...own]) });
      order.push(...indexes);
    }
    start += part.rows;
  }
  return { parts, order: order.every((index, i) => index === i) ? undefined : order };
}

function isSmall({ tensors }: RowTensors): boolean {
  return tensors.every(([, { shape }]) => mayFillUp(shape[0]!, sizeOf(shape.slice(1))));
}

/** The rows at these places, no longer than the longest of them. */
function rowsOfResult({ tensors, filled }: RowTensors, indexes: readonly number[]): NamedTensors {
  const picked = pickRows(new Map(tensors), indexes);
  if (!filled) return picked;
  const length = Math.max(...indexes.map((index) => filled.lengths[index]!));
  return new Map([...picked].map(([name, tensor]) => [name, cutRows(tensor, length, filled)]));
}

function cutRows(tensor: Tensor, length: number, { isLeft }: FilledRows): Tensor {
  const full = tensor.shape[1]!;
  if (length === full) return tensor;
  return isLeft ? pickColumns(tensor, full - length, full) : pickColumns(tensor, 0, length);
}
