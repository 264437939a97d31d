import type { JsonObject } from '../../lib/json/json.js';
import { sizeOf } from '../../domain/tensor.js';
import type { PreparedRow, TensorEncoder } from './encode-scope.js';

/** Most elements of a tensor whose rows are filled up: one long row must not make thousands of others as long. */
const MAX_PADDED_ELEMENTS = 4_000_000;

/** Places of rows that are computed together, one list per shape; undefined when all are. */
type RowGroup = (
  rows: readonly JsonObject[],
  prepared: readonly PreparedRow[],
  canPad: boolean,
) => readonly (readonly number[])[] | undefined;

/**
 * Compiles how rows are put together by their shapes: those that no padding makes equal are computed apart, and so are
 * those in which other tensors agree. Three tokens with a mask of two are an error of their row, which padding beside a
 * longer row would hide.
 *
 * @returns undefined when the rows of every tensor have one shape.
 */
export function compileRowGroup(parts: readonly TensorEncoder[]): RowGroup | undefined {
  const varying = parts.filter((encoder) => encoder.varying);
  if (varying.length === 0) return undefined;
  return (rows, prepared, canPad) => {
    if (rows.length <= 1) return undefined;
    const apart = new Set(varying.filter((encoder) => !canPad || !mayPad(encoder, rows, prepared)));
    return groupRows(rows.length, (index) => {
      const shapes = varying.map((encoder) => encoder.varying!.shapeOf(rows[index]!, prepared[index]!));
      return varying
        .map((encoder, i) => (apart.has(encoder) ? shapes[i]!.join() : agreementOf(shapes[i]!, shapes)))
        .join(';');
    });
  };
}

/** By axis: which is the first of a row's tensors that is as long there; a tensor without any element is none of them. */
function agreementOf(shape: readonly number[], all: readonly (readonly number[])[]): string {
  return shape.map((size, axis) => (size === 0 ? 'none' : all.findIndex((other) => other[axis] === size))).join();
}

/** Places of rows that have the same key, which tells their shapes; groups in the order of their first rows. */
export function groupRows(count: number, keyOf: (index: number) => string): number[][] {
  const groups = new Map<string, number[]>();
  for (let index = 0; index < count; index += 1) {
    const key = keyOf(index);
    const group = groups.get(key);
    if (group) group.push(index);
    else groups.set(key, [index]);
  }
  return [...groups.values()];
}

/** Whether rows may be filled up to one shape of so many elements. */
export function mayFillUp(rows: number, rowSize: number): boolean {
  return rows * rowSize <= MAX_PADDED_ELEMENTS;
}

/** The smallest shape that holds each of the rows. */
export function commonShape(
  { rowShape, varying }: TensorEncoder,
  rows: readonly JsonObject[],
  prepared: readonly PreparedRow[],
): readonly number[] {
  if (!varying) return rowShape as readonly number[];
  const common = rowShape.map((size) => size ?? 0);
  rows.forEach((row, index) => {
    varying.shapeOf(row, prepared[index]!).forEach((size, axis) => {
      if (rowShape[axis] === null && size > common[axis]!) common[axis] = size;
    });
  });
  return common;
}

function mayPad(encoder: TensorEncoder, rows: readonly JsonObject[], prepared: readonly PreparedRow[]): boolean {
  if (encoder.varying?.pad === undefined) return false;
  return mayFillUp(rows.length, sizeOf(commonShape(encoder, rows, prepared)));
}
