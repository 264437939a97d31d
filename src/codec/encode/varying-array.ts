import type { ArrayEncoding } from '../../domain/encode-spec.js';
import type { JsonObject, JsonValue } from '../../lib/json/json.js';
import { sizeOf } from '../../domain/tensor.js';
import { fieldOf } from '../rows.js';
import { listSizesOf, placesOf } from './array-layout.js';
import { mismatch } from './encode-scope.js';
import type { TensorEncoder, ValueSource } from './encode-scope.js';
import { NestedNumbers } from './nested-numbers.js';
import { tensorElement } from './tensor-element.js';
import type { TensorElement } from './tensor-element.js';

/**
 * Compiles nested numbers whose lists have lengths of their own in each row, where `shape` has `null`.
 *
 * @throws RunError `SIGNATURE_MISMATCH` when the field does not nest as the shape, or `pad` does not fit.
 */
export function compileVaryingArray(encoding: ArrayEncoding, source: ValueSource, pointer: string): TensorEncoder {
  const { tensor = '', dtype, field, shape, layout, pad } = encoding;
  if (layout !== undefined) throw mismatch(pointer, 'layout needs a shape without null');
  requireDepth(source, shape, pointer);
  const element = tensorElement(dtype, encoding);
  if (pad !== undefined && !element.inRange(pad)) throw mismatch(pointer, `pad ${pad} does not fit ${dtype}`);
  const isBig = dtype === 'int64' || dtype === 'uint64';
  const shapeOf = (row: JsonObject) => ownShape(shape, fieldOf(row, field));
  return {
    tensor,
    dtype,
    rowShape: shape,
    varying: { shapeOf, ...(pad !== undefined && { pad: isBig ? BigInt(pad) : pad }) },
    writeRow(visit, data, offset, rowShape) {
      const value = source.read(visit) as JsonValue[];
      writerFor(element, shapeOf(visit.row), rowShape).write(visit, field, value, data, offset);
    },
  };
}

/** How large the value of a row is, by the first items of its lists. */
function ownShape(shape: readonly (number | null)[], value: JsonValue | undefined): number[] {
  let inner = value;
  return shape.map((size) => {
    const items: readonly JsonValue[] = Array.isArray(inner) ? inner : [];
    inner = items[0];
    return size ?? items.length;
  });
}

/** @param rowShape  of all rows that are written, in which this one fills the beginning of each axis. */
function writerFor(element: TensorElement, own: readonly number[], rowShape: readonly number[]): NestedNumbers {
  const isCut = own.some((size, axis) => axis > 0 && size !== rowShape[axis]);
  if (!isCut) return new NestedNumbers(element, own);
  const strides = rowShape.map((_, axis) => sizeOf(rowShape.slice(axis + 1)));
  return new NestedNumbers(element, own, placesOf({ sizes: own, strides }));
}

function requireDepth({ schema }: ValueSource, shape: readonly (number | null)[], pointer: string): void {
  const declared = listSizesOf(schema, pointer, false);
  if (declared.length !== shape.length)
    throw mismatch(pointer, `the field nests ${declared.length} deep, the shape ${shape.length}`);
  const axis = declared.findIndex((size, i) => size !== undefined && shape[i] !== null && shape[i] !== size);
  if (axis >= 0)
    throw mismatch(pointer, `lists of level ${axis + 1} hold ${declared[axis]} items, the shape ${shape[axis]}`);
}
