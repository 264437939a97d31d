import type { ImageEncoding, PreprocessedEncoding, TokenizerEncoding } from '../../domain/encode-spec.js';
import type { JsonObject } from '../../lib/json/json.js';
import type { DType } from '../../domain/tensor.js';
import { EncodeVisit, mismatch, missingRule } from './encode-scope.js';
import type { EncodeScope, PreparedRow } from './encode-scope.js';

/** A text or an image that a thread of its own turns into tensors, because that takes long. */
export interface PreprocessedField {
  readonly encoding: PreprocessedEncoding;
  /** Where the encoding stands in `run.json`. */
  readonly pointer: string;
  /** The input field, which problems name. */
  readonly field: string;
  /** The tensors it becomes; `null` for a size that depends on the rows. */
  readonly tensors: readonly PreprocessedTensor[];
  /** The text of a row; undefined when the row gives another field in its place, which is encoded already. */
  read(row: JsonObject, prepared: PreparedRow): string | undefined;
}

interface PreprocessedTensor {
  readonly tensor: string;
  readonly dtype: DType;
  readonly rowShape: readonly (number | null)[];
}

/**
 * Compiles an image.
 *
 * @throws RunError `SIGNATURE_MISMATCH` when the field is no image, or mean and std are not what `channels` needs.
 */
export function compileImage(encoding: ImageEncoding, scope: EncodeScope, pointer: string): PreprocessedField {
  const { tensor = '', dtype, field, width, height, channels, layout = 'chw' } = encoding;
  const source = scope.source(field, ['string'], 'none', pointer);
  if (source.schema.format !== 'image') {
    throw mismatch(pointer, `the field "${field}" must say "format": "image", so that its clients know`);
  }
  requireScaling(encoding, pointer);
  const { shorter_side: side, fit } = encoding.resize ?? {};
  if (side !== undefined && (fit !== 'crop' || side < Math.max(width, height))) {
    throw mismatch(pointer, `shorter_side needs "fit": "crop", and at least the larger of width and height`);
  }
  const rowShape = layout === 'chw' ? [channels, height, width] : [height, width, channels];
  const visit = emptyVisit();
  return {
    encoding,
    pointer,
    field,
    tensors: [{ tensor, dtype, rowShape }],
    read: (row) => {
      visit.row = row;
      return source.read(visit) as string | undefined;
    },
  };
}

/**
 * Compiles a text for a tokenizer.
 *
 * @throws RunError `SIGNATURE_MISMATCH` when the field is no text, or may be missing unprovided.
 */
export function compileTokenizer(encoding: TokenizerEncoding, scope: EncodeScope, pointer: string): PreprocessedField {
  const { dtype = 'int64', field, missing, max_length: maxLength, padding, tensors } = encoding;
  const source = scope.source(field, ['string'], missingRule(missing), pointer);
  const names = Object.values(tensors) as string[];
  if (new Set(names).size < names.length) throw mismatch(pointer, 'tensors names one tensor twice');
  const rowShape = [padding === 'longest' ? null : maxLength];
  const visit = emptyVisit();
  return {
    encoding,
    pointer,
    field: source.field,
    tensors: names.map((tensor) => ({ tensor, dtype, rowShape })),
    read: (row, prepared) => {
      visit.row = row;
      visit.prepared = prepared;
      return (source.read(visit) as string | undefined) ?? missing!;
    },
  };
}

function emptyVisit(): EncodeVisit {
  return new EncodeVisit(() => [], []);
}

function requireScaling({ dtype, channels, scale, mean, std }: ImageEncoding, pointer: string): void {
  const isScaled = scale !== undefined || mean !== undefined || std !== undefined;
  if (dtype === 'uint8' && isScaled)
    throw mismatch(pointer, 'uint8 takes pixels as they are, without scale, mean and std');
  for (const [name, value] of Object.entries({ mean, std })) {
    if (Array.isArray(value) && value.length !== channels) {
      throw mismatch(pointer, `${name} has ${value.length} numbers for ${channels} channels`);
    }
  }
  if ([std].flat().includes(0)) throw mismatch(pointer, 'std must not be 0');
}
