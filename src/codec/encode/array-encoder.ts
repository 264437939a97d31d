import type { ArrayEncoding } from '../../domain/encode-spec.js';
import type { JsonValue } from '../../lib/json.js';
import type { FieldSchema } from '../../domain/signature.js';
import { sizeOf } from '../../domain/tensor.js';
import type { TensorData } from '../../domain/tensor.js';
import { mismatch } from './encode-scope.js';
import type { EncodeScope, EncodeVisit, TensorEncoder } from './encode-scope.js';
import { notEnoughItems, tooManyItems } from '../validate/issues.js';
import { isNullable, typeOf } from '../validate/schema-check.js';
import { tensorElement } from './tensor-element.js';
import type { TensorElement } from './tensor-element.js';

/**
 * Compiles nested numbers of a fixed shape.
 *
 * @throws RunError `SIGNATURE_MISMATCH` when the field is not nested as deeply as the shape, or holds no numbers.
 */
export function compileArray(encoding: ArrayEncoding, scope: EncodeScope, pointer: string): TensorEncoder {
  const { tensor, dtype, field, shape } = encoding;
  if (encoding.divide === 0) throw mismatch(pointer, 'divide must not be 0');
  const source = scope.source(field, ['array'], false, pointer);
  requireArrayDepth(source.schema, shape, pointer);
  const writer = new NestedWriter(tensorElement(dtype, encoding), shape);
  return {
    tensor,
    dtype,
    rowShape: shape,
    writeRow(visit, data, offset) {
      writer.write(visit, field, source.read(visit) as JsonValue[], data, offset);
    },
  };
}

class NestedWriter {
  /** Elements below one item of each axis. */
  private readonly strides: readonly number[];

  constructor(
    private readonly element: TensorElement,
    private readonly shape: readonly number[],
  ) {
    this.strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  }

  write(visit: EncodeVisit, field: string, value: readonly JsonValue[], data: TensorData, offset: number): void {
    this.writeAxis(visit, [field], value, 0, data, offset);
  }

  private writeAxis(
    visit: EncodeVisit,
    path: (string | number)[],
    items: readonly JsonValue[],
    axis: number,
    data: TensorData,
    offset: number,
  ): void {
    const size = this.shape[axis]!;
    if (items.length !== size) {
      visit.report(path, items.length < size ? notEnoughItems(size) : tooManyItems(size));
      return;
    }
    if (axis === this.shape.length - 1) return this.writeNumbers(visit, path, items, data, offset);
    const stride = this.strides[axis]!;
    for (let i = 0; i < size; i++) {
      path.push(i);
      this.writeAxis(visit, path, items[i] as JsonValue[], axis + 1, data, offset + i * stride);
      path.pop();
    }
  }

  private writeNumbers(
    visit: EncodeVisit,
    path: readonly (string | number)[],
    items: readonly JsonValue[],
    data: TensorData,
    offset: number,
  ): void {
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      const value = typeof item === 'boolean' ? Number(item) : (item as number | bigint);
      if (!this.element.write(data, offset + i, value)) visit.report([...path, i], this.element.issueFor(value));
    }
  }
}

function requireArrayDepth(schema: FieldSchema, shape: readonly number[], pointer: string): void {
  let inner: FieldSchema | undefined = schema;
  for (let axis = 0; axis < shape.length; axis++) {
    if (!inner || typeOf(inner) !== 'array')
      throw mismatch(pointer, `the field nests ${axis} deep, the shape ${shape.length}`);
    inner = inner.items;
    if (inner && isNullable(inner)) throw mismatch(pointer, 'items that may be null have no place in a tensor');
  }
  if (!inner || !['integer', 'number', 'boolean'].includes(typeOf(inner))) {
    throw mismatch(pointer, `below ${shape.length} levels the field must hold numbers or booleans`);
  }
}
