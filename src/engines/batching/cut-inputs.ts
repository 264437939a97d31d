import { rowsIn, sliceRows } from '../../domain/tensor-rows.js';
import type { TensorPart } from '../../domain/tensor-rows.js';

/** Rows of a request that are computed in one call. */
export interface InputsPiece {
  readonly rows: number;
  /** Makes its tensors; to be called once, when the call is next: until then only the request's own are in memory. */
  take(): readonly TensorPart[];
}

/**
 * Cuts the rows of a request into calls of at most `maxRows` rows, of nearly equal size. Parts of rows keep their order,
 * and none is joined with another.
 *
 * @param parts  one part per shape of rows, as `ModelHandle.predictParts` takes them.
 * @returns undefined when one call is enough, or the tensors of a part disagree on its rows.
 */
export function cutInputs(parts: readonly TensorPart[], maxRows: number): InputsPiece[] | undefined {
  const rows = parts.map(({ tensors }) => rowsIn(tensors));
  if (rows.includes(undefined) || (rows as number[]).reduce((sum, count) => sum + count, 0) <= maxRows)
    return undefined;
  const pieces: InputsPiece[] = [];
  let together: TensorPart[] = [];
  let count = 0;
  const flush = () => {
    if (together.length > 0) pieces.push(wholeParts(together, count));
    [together, count] = [[], 0];
  };
  parts.forEach((part, i) => {
    const own = rows[i]!;
    if (count + own > maxRows) flush();
    if (own > maxRows) return void pieces.push(...cutPart(part, own, maxRows));
    together.push(part);
    count += own;
  });
  flush();
  return pieces;
}

function wholeParts(parts: readonly TensorPart[], rows: number): InputsPiece {
  return { rows, take: () => parts };
}

function cutPart({ tensors }: TensorPart, rows: number, maxRows: number): InputsPiece[] {
  const size = Math.ceil(rows / Math.ceil(rows / maxRows));
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => {
    const [start, end] = [i * size, Math.min(rows, (i + 1) * size)];
    return { rows: end - start, take: () => [{ rows: end - start, tensors: sliceRows(tensors, start, end) }] };
  });
}
