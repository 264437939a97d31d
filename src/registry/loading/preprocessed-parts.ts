import type { EncodedRows } from '../../codec/encode/row-encoder.js';
import { groupRows, mayFillUp } from '../../codec/encode/row-shapes.js';
import { pickColumns, pickRows, setRows } from '../../domain/tensor-rows.js';
import type { TensorPart } from '../../domain/tensor-rows.js';
import { sizeOf } from '../../domain/tensor.js';
import type { Tensor } from '../../domain/tensor.js';
import type { FilledRows, PreprocessResult } from '../../preprocessing/preprocess-messages.js';

/** Tensors of some rows of a request. */
interface RowTensors extends Pick<PreprocessResult, 'tensors' | 'filled'> {
  /** Which row of the request each of their rows is of, smallest first. */
  readonly places: readonly number[];
}

interface LocatedRows extends RowTensors {
  /** Their row of each row of the request. */
  readonly rowOf: ReadonlyMap<number, number>;
}

/**
 * Puts the tensors of texts and images beside the others of their rows. Rows that no filling makes equally long become
 * parts of their own, as rows of lists do.
 *
 * A tensor that is there already gets the rows that were made for it; the others come from the thread alone, for all rows.
 *
 * @param canPad  whether rows may be filled up to the length of another.
 */
export function addPreprocessed(encoded: EncodedRows, results: readonly RowTensors[], canPad: boolean): EncodedRows {
  const [only] = encoded.parts;
  const apart = results.filter((result) => result.filled && !(canPad && isSmall(result)));
  if (only && encoded.parts.length === 1 && apart.length === 0) {
    const tensors = new Map(only.tensors);
    for (const { tensors: made, places } of results) putRows(tensors, made, places);
    return { parts: [{ rows: only.rows, tensors }], order: undefined };
  }
  const located = results.map((result) => ({
    ...result,
    rowOf: new Map(result.places.map((place, row) => [place, row])),
  }));
  const locatedApart = located.filter((_, i) => apart.includes(results[i]!));
  const parts: TensorPart[] = [];
  const order: number[] = [];
  let start = 0;
  for (const part of encoded.parts) {
    const indexOf = (place: number) => encoded.order?.[start + place] ?? start + place;
    const keyOf = (place: number) =>
      locatedApart.map(({ filled, rowOf }) => filled!.lengths[rowOf.get(indexOf(place))!]).join();
    for (const rows of groupRows(part.rows, keyOf)) {
      const indexes = rows.map(indexOf);
      const tensors = new Map(pickRows(part.tensors, rows));
      for (const result of located) putOwnRows(tensors, result, indexes);
      parts.push({ rows: rows.length, tensors });
      order.push(...indexes);
    }
    start += part.rows;
  }
  return { parts, order: order.every((index, i) => index === i) ? undefined : order };
}

function isSmall({ tensors }: RowTensors): boolean {
  return tensors.every(([, { shape }]) => mayFillUp(shape[0]!, sizeOf(shape.slice(1))));
}

/** @param indexes  rows of the request that `tensors` are of; those made are no longer than the longest of them. */
function putOwnRows(tensors: Map<string, Tensor>, result: LocatedRows, indexes: readonly number[]): void {
  const { filled, rowOf } = result;
  const own = indexes.flatMap((index, row) => {
    const made = rowOf.get(index);
    return made === undefined ? [] : [{ row, made }];
  });
  if (own.length === 0) return;
  const madeRows = own.map(({ made }) => made);
  const selected = pickRows(new Map(result.tensors), madeRows);
  const length = filled && Math.max(1, ...madeRows.map((row) => filled.lengths[row]!));
  const made = [...selected].map(
    ([name, tensor]) => [name, filled ? cutRows(tensor, length!, filled) : tensor] as const,
  );
  putRows(
    tensors,
    made,
    own.map(({ row }) => row),
  );
}

function putRows(tensors: Map<string, Tensor>, made: RowTensors['tensors'], places: readonly number[]): void {
  for (const [name, rows] of made) {
    const tensor = tensors.get(name);
    if (tensor) setRows(tensor, rows, places);
    else tensors.set(name, rows);
  }
}

function cutRows(tensor: Tensor, length: number, { isLeft }: FilledRows): Tensor {
  const full = tensor.shape[1]!;
  if (length === full) return tensor;
  return isLeft ? pickColumns(tensor, full - length, full) : pickColumns(tensor, 0, length);
}
