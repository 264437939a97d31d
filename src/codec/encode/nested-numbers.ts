import type { JsonValue } from '../../lib/json/json.js';
import { sizeOf } from '../../domain/tensor.js';
import type { TensorData } from '../../domain/tensor.js';
import type { EncodeVisit } from './encode-scope.js';
import { notEnoughItems, tooManyItems } from '../validate/issues.js';
import type { TensorElement } from './tensor-element.js';

/** Writes the numbers in lists of lists of fixed lengths, in row-major order or where a layout puts them. */
export class NestedNumbers {
  /** Numbers below one item of each axis. */
  private readonly strides: readonly number[];

  /**
   * @param sizes  length of the lists on each level, the outermost first.
   * @param places  place of each number in the tensor, by its place in row-major order; that place itself when undefined.
   * @param missing  what stands for a number that is null.
   */
  constructor(
    private readonly element: TensorElement,
    private readonly sizes: readonly number[],
    private readonly places?: Uint32Array,
    private readonly missing = NaN,
  ) {
    this.strides = sizes.map((_, axis) => sizeOf(sizes.slice(axis + 1)));
  }

  /** Writes the value of a field from `offset` on; reports lists of another length and numbers that do not fit. */
  write(visit: EncodeVisit, field: string, value: readonly JsonValue[], data: TensorData, offset: number): void {
    this.writeAxis(visit, [field], value, 0, data, offset, 0);
  }

  /** @param at  numbers of the row before these items, in row-major order. */
  private writeAxis(
    visit: EncodeVisit,
    path: (string | number)[],
    items: readonly JsonValue[],
    axis: number,
    data: TensorData,
    offset: number,
    at: number,
  ): void {
    const size = this.sizes[axis]!;
    if (items.length !== size) {
      visit.report(path, items.length < size ? notEnoughItems(size) : tooManyItems(size));
      return;
    }
    if (axis === this.sizes.length - 1) return this.writeNumbers(visit, path, items, data, offset, at);
    const stride = this.strides[axis]!;
    for (let i = 0; i < size; i++) {
      path.push(i);
      this.writeAxis(visit, path, items[i] as JsonValue[], axis + 1, data, offset, at + i * stride);
      path.pop();
    }
  }

  private writeNumbers(
    visit: EncodeVisit,
    path: readonly (string | number)[],
    items: readonly JsonValue[],
    data: TensorData,
    offset: number,
    at: number,
  ): void {
    const { element, places, missing } = this;
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      const value = item === null ? missing : typeof item === 'boolean' ? Number(item) : (item as number | bigint);
      const place = places === undefined ? at + i : places[at + i]!;
      if (!element.write(data, offset + place, value)) visit.report([...path, i], element.issueFor(value));
    }
  }
}
