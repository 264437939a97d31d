import type { ArrayEncoding } from '../../domain/encode-spec.js';
import type { JsonValue } from '../../lib/json/json.js';
import { fitArray } from './array-layout.js';
import { mismatch } from './encode-scope.js';
import type { EncodeScope, TensorEncoder } from './encode-scope.js';
import { NestedNumbers } from './nested-numbers.js';
import { tensorElement } from './tensor-element.js';
import { compileVaryingArray } from './varying-array.js';

/**
 * Compiles nested numbers of a fixed shape, or of one that varies from row to row.
 *
 * @throws RunError `SIGNATURE_MISMATCH` when the field's lists cannot fill the shape, or hold no numbers.
 */
export function compileArray(encoding: ArrayEncoding, scope: EncodeScope, pointer: string): TensorEncoder {
  const { tensor = '', dtype, field, shape, layout, pad } = encoding;
  if (encoding.divide === 0) throw mismatch(pointer, 'divide must not be 0');
  const source = scope.source(field, ['array'], 'none', pointer);
  if (!isFixed(shape)) return compileVaryingArray(encoding, source, pointer);
  if (pad !== undefined) throw mismatch(pointer, 'pad does nothing where the shape has no null');
  const { sizes, places } = fitArray(source.schema, shape, layout, pointer);
  const numbers = new NestedNumbers(tensorElement(dtype, encoding), sizes, places);
  return {
    tensor,
    dtype,
    rowShape: shape,
    writeRow(visit, data, offset) {
      numbers.write(visit, field, source.read(visit) as JsonValue[], data, offset);
    },
  };
}

function isFixed(shape: readonly (number | null)[]): shape is readonly number[] {
  return !shape.includes(null);
}
