import type { JsonValue } from '../lib/json.js';

export type FieldType = 'string' | 'integer' | 'number' | 'boolean' | 'array';

/**
 * JSON Schema of one field of a row: the keywords a signature may use and bestrun enforces.
 * `x-…` keys are annotations and travel into the OpenAPI document unread.
 */
export interface FieldSchema {
  readonly type: FieldType | readonly [FieldType, 'null'];
  readonly title?: string;
  readonly description?: string;
  /** Unit of a number, e.g. `years`. */
  readonly unit?: string;
  readonly examples?: readonly JsonValue[];
  /** Value an absent field takes. */
  readonly default?: JsonValue;
  readonly enum?: readonly JsonValue[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  /** `image` is a PNG or JPEG image in base64, bare or as a `data:` URL. */
  readonly format?: 'date' | 'date-time' | 'uuid' | 'image';
  /** For readers of the schema: how an image travels. */
  readonly contentEncoding?: 'base64';
  readonly contentMediaType?: 'image/png' | 'image/jpeg';
  readonly items?: FieldSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** Fields that a row gives together. */
export interface FieldAlternative {
  readonly required: readonly string[];
}

/** JSON Schema of one row: an object with named fields, in the order clients see them. */
export interface RowSchema {
  readonly type: 'object';
  readonly description?: string;
  readonly properties: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  /** Inputs only: a row has the fields of exactly one of these alternatives, e.g. an image or its pixels. */
  readonly oneOf?: readonly FieldAlternative[];
  /** `false` refuses fields the signature does not name; they are ignored otherwise. */
  readonly additionalProperties?: boolean;
}

/** What goes into a model and what comes out, for one row. */
export interface Signature {
  readonly input: RowSchema;
  readonly output: RowSchema;
}
