import { isDeepStrictEqual } from 'node:util';

import type { OneOfEncoding } from '../../domain/encode-spec.js';
import { fieldOf } from '../rows.js';
import { compileArray } from './array-encoder.js';
import { mismatch } from './encode-scope.js';
import type { EncodeScope, TensorEncoder } from './encode-scope.js';
import { compileImage } from './preprocessed-encoder.js';
import type { PreprocessedField } from './preprocessed-encoder.js';

/** A tensor whose rows are written here or by a thread of its own, each from the field that it gives. */
interface OneOfParts {
  readonly encoder: TensorEncoder;
  /** Those of the fields that a thread of its own turns into rows. */
  readonly preprocessed: readonly PreprocessedField[];
}

/**
 * Compiles one tensor from whichever field a row gives.
 *
 * @throws RunError `SIGNATURE_MISMATCH` when the signature does not make rows give exactly one of the fields, or the
 *   encodings make different tensors.
 */
export function compileOneOf({ tensor = '', of }: OneOfEncoding, scope: EncodeScope, pointer: string): OneOfParts {
  const fields = of.map(({ field }) => field);
  if (!scope.hasExactlyOneOf(fields)) {
    const alternatives = fields.map((field) => `{"required":["${field}"]}`).join(', ');
    throw mismatch(pointer, `signature.input must say "oneOf": [${alternatives}], so that clients know`);
  }
  const parts = of.map((encoding, i) => {
    const place = `${pointer}/of/${i}`;
    if (encoding.tensor !== undefined) throw mismatch(place, 'tensor is named once, beside "of"');
    const given = scope.withGiven(encoding.field);
    return encoding.kind === 'array'
      ? compileArray({ ...encoding, tensor }, given, place)
      : compileImage({ ...encoding, tensor }, given, place);
  });
  const [{ dtype, rowShape }, ...others] = parts.map(shapeOf) as [Shape, ...Shape[]];
  others.forEach((other, i) => {
    if (isDeepStrictEqual(other, { dtype, rowShape })) return;
    throw mismatch(
      `${pointer}/of/${i + 1}`,
      `makes ${textOf(other)}, but the first makes ${textOf({ dtype, rowShape })}`,
    );
  });
  if (rowShape.includes(null)) throw mismatch(pointer, 'the shape of alternatives must have no null');
  const targets = parts.flatMap((part, i) => ('writeRow' in part ? [{ field: fields[i]!, part }] : []));
  return {
    encoder: {
      tensor,
      dtype,
      rowShape,
      writeRow(visit, data, offset, ownShape) {
        for (const { field, part } of targets) {
          if (fieldOf(visit.row, field) !== undefined) return part.writeRow(visit, data, offset, ownShape);
        }
      },
    },
    preprocessed: parts.filter((part): part is PreprocessedField => !('writeRow' in part)),
  };
}

type Shape = Pick<TensorEncoder, 'dtype' | 'rowShape'>;

function shapeOf(part: TensorEncoder | PreprocessedField): Shape {
  const { dtype, rowShape } = 'writeRow' in part ? part : part.tensors[0]!;
  return { dtype, rowShape };
}

function textOf({ dtype, rowShape }: Shape): string {
  return `${dtype} [${rowShape.map((size) => size ?? 'null').join(', ')}]`;
}
