import { AppError } from './app-error.js';
import { rowsOf, sizeOf } from './tensor.js';
import type { NamedTensors, NumericData, Tensor, TensorData } from './tensor.js';

/**
 * Tensors of some rows of a request, rows on axis 0. Outputs of a single row may have any shape: models that take one
 * row may give no dimension of rows.
 */
export interface TensorPart {
  readonly rows: number;
  readonly tensors: NamedTensors;
}

/**
 * Joins the rows of several requests into one batch.
 *
 * @param parts  one entry per request; each holds the same tensor names, rows on axis 0.
 * @returns      one set of tensors with all rows, in the order of `parts`; a single part is given back as it is.
 * @throws AppError `INTERNAL_ERROR` when names, dtypes or trailing shapes differ, or `parts` is empty.
 */
export function concatRows(parts: readonly NamedTensors[]): NamedTensors {
  const first = parts[0];
  if (first === undefined) throw rowsError('there are no parts to join');
  if (parts.length === 1) return first;

  const joined = new Map<string, Tensor>();
  for (const [name, tensor] of first) {
    joined.set(
      name,
      concatTensors(
        name,
        tensor,
        parts.map((part) => part.get(name)),
      ),
    );
  }
  if (parts.some((part) => part.size !== first.size)) throw rowsError('the parts hold different tensors');
  return joined;
}

/**
 * Rows `start` (included) to `end` (excluded) of every tensor, as copies: what comes back shares no memory with the
 * batch, so that one request's answer never keeps another's alive.
 */
export function sliceRows(tensors: NamedTensors, start: number, end: number): NamedTensors {
  const result = new Map<string, Tensor>();
  for (const [name, tensor] of tensors) {
    const trailing = tensor.shape.slice(1);
    const width = sizeOf(trailing);
    const data = tensor.data.slice(start * width, end * width);
    result.set(name, { dtype: tensor.dtype, shape: [end - start, ...trailing], data });
  }
  return result;
}

/** The rows at these places of every tensor, in this order, as copies. */
export function pickRows(tensors: NamedTensors, places: readonly number[]): NamedTensors {
  const selected = new Map<string, Tensor>();
  for (const [name, { dtype, shape, data }] of tensors) {
    const trailing = shape.slice(1);
    const width = sizeOf(trailing);
    const rows = places.map((place) => data.slice(place * width, (place + 1) * width));
    selected.set(name, { dtype, shape: [places.length, ...trailing], data: concatData(rows, places.length * width) });
  }
  return selected;
}

/** Columns `from` (included) to `to` (excluded) of a tensor of [rows, columns], as a copy. */
export function pickColumns({ dtype, shape, data }: Tensor, from: number, to: number): Tensor {
  const [rows, columns] = shape as [number, number];
  const kept = Array.from({ length: rows }, (_, row) => data.slice(row * columns + from, row * columns + to));
  return { dtype, shape: [rows, to - from], data: concatData(kept, rows * (to - from)) };
}

/** The named tensors of a part as copies, which stay when the part itself is sent to another thread. */
export function copyTensors({ rows, tensors }: TensorPart, names: readonly string[]): TensorPart {
  const copies = new Map<string, Tensor>();
  for (const name of names) {
    const tensor = tensors.get(name);
    if (tensor) copies.set(name, { ...tensor, data: tensor.data.slice() });
  }
  return { rows, tensors: copies };
}

/**
 * Writes rows into a tensor of the same dtype and row shape.
 *
 * @param places  row of `tensor` for each row of `rows`.
 */
export function setRows(tensor: Tensor, rows: Tensor, places: readonly number[]): void {
  const width = sizeOf(tensor.shape.slice(1));
  const [data, given] = [tensor.data as NumericData, rows.data as NumericData];
  places.forEach((place, i) => {
    (data as Float32Array).set((given as Float32Array).subarray(i * width, (i + 1) * width), place * width);
  });
}

/**
 * The first dimension that all tensors share; scalars have none and count for nothing.
 *
 * @returns undefined when tensors disagree, or none has rows.
 */
export function rowsIn(tensors: NamedTensors): number | undefined {
  let rows: number | undefined;
  for (const { shape } of tensors.values()) {
    if (shape.length === 0) continue;
    if (rows !== undefined && shape[0] !== rows) return undefined;
    rows = shape[0];
  }
  return rows;
}

/** Bytes that tensors take: of numbers, and of the characters of texts. */
export function bytesIn(tensors: NamedTensors): number {
  let bytes = 0;
  for (const { data } of tensors.values()) {
    if (!Array.isArray(data)) bytes += data.byteLength;
    else for (const text of data) bytes += text.length;
  }
  return bytes;
}

/** Bytes of the largest row at most: several texts of a row are each taken for as long as the longest of all. */
export function rowBytesIn(tensors: NamedTensors): number {
  let bytes = 0;
  for (const { data, shape } of tensors.values()) {
    const rows = Math.max(1, shape[0] ?? 1);
    if (!Array.isArray(data)) bytes += data.byteLength / rows;
    else bytes += (data.length / rows) * longestOf(data);
  }
  return bytes;
}

function longestOf(texts: readonly string[]): number {
  let longest = 0;
  for (const { length } of texts) if (length > longest) longest = length;
  return longest;
}

function concatTensors(name: string, first: Tensor, tensors: readonly (Tensor | undefined)[]): Tensor {
  let rows = 0;
  let length = 0;
  for (const tensor of tensors) {
    if (tensor === undefined) throw rowsError(`a part lacks the tensor "${name}"`);
    if (!hasSameRowShape(first, tensor)) throw rowsError(`the parts disagree on the dtype or shape of "${name}"`);
    rows += rowsOf(tensor);
    length += tensor.data.length;
  }
  const data = concatData(
    tensors.map((tensor) => tensor!.data),
    length,
  );
  return { dtype: first.dtype, shape: [rows, ...first.shape.slice(1)], data };
}

function concatData(parts: readonly TensorData[], length: number): TensorData {
  const first = parts[0]!;
  if (Array.isArray(first)) return first.concat(...(parts.slice(1) as string[][]));
  const data = new (first.constructor as new (length: number) => NumericData)(length);
  let offset = 0;
  for (const part of parts) {
    (data as Float32Array).set(part as Float32Array, offset);
    offset += part.length;
  }
  return data;
}

function hasSameRowShape(first: Tensor, other: Tensor): boolean {
  if (first.dtype !== other.dtype || first.shape.length !== other.shape.length) return false;
  return first.shape.every((size, axis) => axis === 0 || size === other.shape[axis]);
}

function rowsError(message: string): AppError {
  return new AppError('INTERNAL_ERROR', {}, { cause: new Error(`Cannot join rows: ${message}.`) });
}
