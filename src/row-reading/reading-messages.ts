import type { EncodedRows } from '../codec/encode/row-encoder.js';
import type { PreparedRow } from '../codec/encode/encode-scope.js';
import type { ValidateOptions } from '../codec/validate/row-validator.js';
import type { ErrorCode, ErrorDetails } from '../domain/app-error.js';
import type { EncodeSpec } from '../domain/encode-spec.js';
import type { RowNote } from '../domain/input/row-note.js';
import type { RowSchema } from '../domain/signature.js';
import type { ValidationIssue } from '../domain/validation-issue.js';
import type { JsonObject, JsonValue } from '../lib/json/json.js';
import type { ValueBounds } from './value-bounds.js';

/** Where the rows of a body are: in its member `inputs` or `texts`, or the body itself is the one row. */
export type BodyForm = 'inputs' | 'texts' | 'row';

/**
 * The member of a body that holds the list of its rows: of one without `inputs` it may be `data`, whose rows are lists of
 * values under the names in `columns`.
 *
 * @returns undefined when there is no list.
 */
export function rowListOf(body: JsonObject, form: BodyForm): string | undefined {
  if (form === 'row') return undefined;
  const names = form === 'inputs' ? ['inputs', 'data'] : [form];
  return names.find((name) => Object.hasOwn(body, name) && Array.isArray(body[name]));
}

/** A body on its way to a thread. The bytes are shared, so that they can be read again. */
export interface SharedBody {
  /** Number of the body: a thread that has just read it need not do so again. */
  readonly body: number;
  readonly bytes: SharedArrayBuffer;
  readonly form: BodyForm;
}

/** Bounds of what is made of a body. */
export interface BodyBounds {
  readonly maxRows: number;
  /** Objects, lists and members. */
  readonly maxStructures: number;
  /** Of the run that the rows are for, or of all, where the body itself says which it is; undefined when there is none. */
  readonly values?: ValueBounds;
}

/** What a thread needs of a run to check and encode its rows. */
export interface RowCodecSpec {
  readonly input: RowSchema;
  readonly encode: EncodeSpec;
  readonly vocabularies: ReadonlyMap<string, readonly string[]>;
}

/** How rows are to be encoded. */
export interface EncodeOptions {
  /** `rows`: checked, but not encoded, for a run whose texts or images go through further threads. */
  readonly result: 'tensors' | 'rows';
  readonly mode: ValidateOptions['mode'];
  /** Whether rows may be filled up to the shape of others. */
  readonly canPad: boolean;
  /** Input fields and prepared texts that are needed of each row besides the tensors. */
  readonly keep: readonly string[];
  readonly wantsNotes: boolean;
  /** Which rows: from, included, to, excluded. */
  readonly from: number;
  readonly to: number;
}

export type ReadingRequest = { readonly id: number } & (
  | ({ readonly kind: 'read' } & SharedBody & BodyBounds)
  | ({ readonly kind: 'encode'; readonly codec: number } & SharedBody & EncodeOptions)
  | { readonly kind: 'codec'; readonly codec: number; readonly spec: RowCodecSpec }
  | { readonly kind: 'forget'; readonly codec: number }
);

/**
 * What a body says besides its rows: members in short, with the number of rows in place of the list.
 * @see worker/outline.ts
 */
export interface BodyOutline {
  /** The body, shortened, without its rows; anything when it is no object. */
  readonly body: JsonValue | undefined;
  /** Rows of the list; undefined when there is no list of them. */
  readonly rows: number | undefined;
  /** Items of `texts` that are not what they should be, by their place; at most as many as an answer lists. */
  readonly oddItems: readonly (readonly [index: number, item: JsonValue])[];
}

/** Rows as tensors. */
export interface RemoteEncoded {
  /** Undefined when the rows themselves were wanted. */
  readonly encoded?: EncodedRows;
  readonly count: number;
  /** The fields that were to be kept, or whole rows; undefined when there were none to keep. */
  readonly rows?: readonly JsonObject[];
  readonly prepared?: readonly PreparedRow[];
  readonly notes?: readonly RowNote[];
  /** What is wrong with rows that were wanted themselves: `rows` are then those sent, with their texts alone. */
  readonly issues?: readonly ValidationIssue[];
}

export type ReadingReply = { readonly id: number } & (
  | { readonly kind: 'outline'; readonly outline: BodyOutline }
  | { readonly kind: 'encoded'; readonly result: RemoteEncoded }
  | { readonly kind: 'issues'; readonly issues: readonly ValidationIssue[] }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly details: ErrorDetails }
  | { readonly kind: 'failed'; readonly cause: string }
  | { readonly kind: 'done' }
);
