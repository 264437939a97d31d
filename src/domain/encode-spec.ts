import type { JsonValue } from '../lib/json/json.js';
import type { DType } from './tensor.js';

/** A file of the run folder with the digest it must have. */
export interface FileReference {
  /** Relative to the run folder, forward slashes. */
  readonly path: string;
  /** Lower-case hex SHA-256 of the file's bytes. */
  readonly sha256: string;
}

/** One change of a text, declared in `run.json` and applied in order. */
export type TextStep =
  | { readonly kind: 'lowercase' }
  | { readonly kind: 'trim' }
  /** The cleaning of the Made With ML tagging lesson, 2021; `stem` adds NLTK's Porter stemmer. */
  | { readonly kind: 'clean'; readonly lower?: boolean; readonly stem?: boolean };

/** A text derived from an input field before encoding; tensors and the output's `echo` may name it. */
export interface PreparedText {
  readonly name: string;
  readonly field: string;
  readonly steps: readonly TextStep[];
}

/** `(value - subtract) / divide`; a missing value is replaced first. `"nan"` hands NaN to the model. */
export interface NumberColumn {
  readonly kind: 'number';
  readonly field: string;
  readonly missing?: number | 'nan';
  readonly subtract?: number;
  readonly divide?: number;
}

/**
 * One-hot (`values.length` columns) or index (one column). `unknown` is the rule for a value outside `values`:
 * refuse the row, all zeros (one-hot only), that index, or as gradient boosting has it `-1` or `"nan"` (index only).
 * `missing` stands in for an absent value: one of `values`, `"unknown"` to treat it by that rule, or `-1` or `"nan"`
 * (index only) where they are not among `values`.
 */
export interface CategoryColumn {
  readonly kind: 'category';
  readonly field: string;
  readonly as: 'one-hot' | 'index';
  /** Texts, numbers and truth values; whole numbers beyond 2^53 are bigints. */
  readonly values: readonly (string | number | bigint | boolean)[];
  readonly unknown: 'error' | 'zeros' | 'nan' | number;
  readonly missing?: JsonValue;
}

/** false → 0, true → 1. */
export interface BooleanColumn {
  readonly kind: 'boolean';
  readonly field: string;
  readonly missing?: number | 'nan';
}

export type DatePart = 'epoch-days' | 'epoch-seconds' | 'year' | 'month' | 'day' | 'weekday' | 'hour';

/**
 * A whole number taken from an ISO 8601 date or date-time in UTC, rounded down; `weekday` is 0 (Monday) to 6, `month` 1
 * to 12. A date-time without a zone is read as UTC.
 */
export interface DateColumn {
  readonly kind: 'date';
  readonly field: string;
  readonly part: DatePart;
  readonly missing?: number | 'nan';
  readonly subtract?: number;
  readonly divide?: number;
}

/** A text as it is, or a whole number in digits, for tensors of dtype `string`. `field` may name a prepared text. */
export interface StringColumn {
  readonly kind: 'string';
  readonly field: string;
  readonly missing?: string;
}

/** A list of `size` numbers as that many columns, each as a number column; `missing` stands for null ones, too. */
export interface ListColumn {
  readonly kind: 'list';
  readonly field: string;
  readonly size: number;
  readonly missing?: number | 'nan';
  readonly subtract?: number;
  readonly divide?: number;
}

export type Column = NumberColumn | CategoryColumn | BooleanColumn | DateColumn | StringColumn | ListColumn;

/** The input that an encoding makes. */
interface EncodedTensor {
  /** The model's own name of it; may be left out where the model has this input only. */
  readonly tensor?: string;
}

/** Columns side by side: shape [rows, width], or [rows] with `rank` 1 (one column only). */
export interface ColumnsEncoding extends EncodedTensor {
  readonly kind: 'columns';
  readonly dtype: DType;
  readonly rank?: 1 | 2;
  readonly columns: readonly Column[];
}

/**
 * A text as token indexes, shape [rows, length]. Characters are code points; words are what white space separates.
 * The token at position i of `vocabulary` has index i + `offset`.
 * Longer texts are cut at the end, shorter ones filled with `pad` at the end.
 */
export interface TokensEncoding extends EncodedTensor {
  readonly kind: 'tokens';
  readonly dtype: 'int32' | 'int64' | 'float32';
  readonly field: string;
  readonly split: 'characters' | 'words';
  readonly vocabulary: readonly string[] | FileReference;
  /** Index of the first token of the vocabulary; default 2, after padding 0 and unknown 1. */
  readonly offset?: number;
  readonly pad?: number;
  readonly unknown?: number;
  readonly length: number;
  readonly missing?: string;
}

/**
 * Nested numbers (vectors, matrices, images): [rows, ...shape], `(value - subtract) / divide`. The field may nest
 * otherwise than the shape as long as both hold as many numbers, which keep their row-major order. Rows that are computed
 * together and have different sizes are filled up with `pad` at the end, or computed apart without it.
 */
export interface ArrayEncoding extends EncodedTensor {
  readonly kind: 'array';
  readonly dtype: Exclude<DType, 'string'>;
  readonly field: string;
  /** `null` for a size that each row has of its own. */
  readonly shape: readonly (number | null)[];
  /** Order of the field's axes and of the tensor's, one letter an axis: `hwc→chw` (or `hwc->chw`). */
  readonly layout?: string;
  /** A value of the tensor, after `subtract` and `divide`. */
  readonly pad?: number;
  readonly subtract?: number;
  readonly divide?: number;
}

/** How an image of another size becomes one of the size that the model takes. The filters are those of Python's PIL. */
export interface ImageResize {
  readonly filter: 'nearest' | 'box' | 'bilinear' | 'bicubic' | 'lanczos';
  /**
   * `stretch` (default) makes both sides fit; `crop` resizes the shorter side to `shorter_side` and cuts the middle out,
   * as torchvision's Resize and CenterCrop do.
   */
  readonly fit?: 'stretch' | 'crop';
  /** With `crop`, pixels; the larger of width and height unless set. */
  readonly shorter_side?: number;
}

/** A PNG or JPEG image in base64 as [rows, channels, height, width]: `(pixel * scale - mean) / std` by channel. */
export interface ImageEncoding extends EncodedTensor {
  readonly kind: 'image';
  readonly dtype: 'float32' | 'uint8';
  readonly field: string;
  readonly width: number;
  readonly height: number;
  /** 3 for red, green and blue; 1 for grey. */
  readonly channels: 1 | 3;
  /** Default `chw`. */
  readonly layout?: 'chw' | 'hwc';
  /** Default 1/255, which makes pixels 0 to 1; `uint8` tensors hold pixels as they are. */
  readonly scale?: number;
  /** One for all channels, or one each; default 0. */
  readonly mean?: number | readonly number[];
  /** One for all channels, or one each; default 1. */
  readonly std?: number | readonly number[];
  /** An image of another size is refused unless set. */
  readonly resize?: ImageResize;
  /** Whether the image is turned as its EXIF orientation says; default `exif`. */
  readonly orientation?: 'exif' | 'ignore';
  /** What is behind transparent pixels; `ignore` takes their colours as they are. Default `white`. */
  readonly transparency?: 'white' | 'ignore';
  /** Most pixels of an image as it is sent; default 16,777,216. */
  readonly max_pixels?: number;
}

/** A text as a Hugging Face `tokenizer.json` splits it: up to three tensors of [rows, length]. */
export interface TokenizerEncoding {
  readonly kind: 'tokenizer';
  /** Its inputs are named in `tensors`. */
  readonly tensor?: undefined;
  /** Default `int64`. */
  readonly dtype?: 'int64' | 'int32';
  readonly field: string;
  readonly tokenizer: FileReference;
  /** Tokens, special ones included; longer texts are cut as the tokenizer's own truncation says, at the end unless it does. */
  readonly max_length: number;
  /** `max_length` (default): every row is filled up to it; `longest`: to the longest row of a request. */
  readonly padding?: 'max_length' | 'longest';
  /** Id that fills short rows; the tokenizer's own padding unless set. */
  readonly pad?: number;
  readonly missing?: string;
  /** Most characters of a text, longer ones are refused; default 20,000. */
  readonly max_characters?: number;
  /** The model's own name of each input that the tokenizer makes. */
  readonly tensors: TokenizerTensors;
}

export interface TokenizerTensors {
  readonly input_ids: string;
  readonly attention_mask?: string;
  readonly token_type_ids?: string;
}

/** What a thread of its own turns into tensors, because it takes long. */
export type PreprocessedEncoding = ImageEncoding | TokenizerEncoding;

/**
 * One tensor from whichever field a row gives, e.g. an image or its pixels. `oneOf` of the signature makes sure that it
 * gives exactly one. All encodings make the same shape and dtype, and name no tensor themselves.
 */
export interface OneOfEncoding extends EncodedTensor {
  readonly kind: 'one-of';
  readonly of: readonly (ArrayEncoding | ImageEncoding)[];
}

export type TensorEncoding = ColumnsEncoding | TokensEncoding | ArrayEncoding | PreprocessedEncoding | OneOfEncoding;

/** How the fields of a row become the model's input tensors. */
export interface EncodeSpec {
  readonly prepare?: readonly PreparedText[];
  readonly tensors: readonly TensorEncoding[];
}
