import type { JsonValue } from '../lib/json/json.js';

export type FieldType = 'string' | 'integer' | 'number' | 'boolean' | 'array';

/**
 * What training saw of a field. It is told to people and noted beside predictions; it is never a rule, and no part of the
 * contract.
 */
export interface ObservedValues {
  readonly minimum?: number;
  readonly maximum?: number;
  /** 1st and 99th percentile. */
  readonly p01?: number;
  readonly p99?: number;
  readonly mean?: number;
  /** Share of rows without a value, 0 to 1. */
  readonly missing?: number;
  /** Every value that occurred. */
  readonly values?: readonly JsonValue[];
}

/** Types of values in an output row: all that JSON Schema has. */
export type OutputType = FieldType | 'object' | 'null';

/** Keywords of every field. Other `x-…` keys are annotations and travel into the OpenAPI document unread. */
interface FieldKeywords {
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
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly 'x-observed'?: ObservedValues;
}

/** Fields that a row gives together. */
export interface FieldAlternative {
  readonly required: readonly string[];
}

/** JSON Schema of one field of an input row: the keywords a signature may use and bestrun enforces. */
export interface FieldSchema extends FieldKeywords {
  readonly type: FieldType | readonly [FieldType, 'null'];
  readonly items?: FieldSchema;
}

/**
 * JSON Schema of one field of an output row, or of a value inside one. Objects nest; further keywords of JSON Schema
 * may be there: clients see them, and nothing here reads them.
 */
export interface OutputFieldSchema extends FieldKeywords {
  /** Any type when left out. */
  readonly type?: OutputType | readonly OutputType[];
  readonly items?: OutputFieldSchema;
  readonly properties?: Readonly<Record<string, OutputFieldSchema>>;
  readonly required?: readonly string[];
  /** Whether an object may hold other members than `properties`, or what each of those is. */
  readonly additionalProperties?: boolean | OutputFieldSchema;
}

/** JSON Schema of one row: an object with named fields, in the order clients see them. */
export interface RowSchema<Field = FieldSchema> {
  readonly type: 'object';
  readonly description?: string;
  readonly properties: Readonly<Record<string, Field>>;
  readonly required?: readonly string[];
  /** Inputs only: a row has the fields of exactly one of these alternatives, e.g. an image or its pixels. */
  readonly oneOf?: readonly FieldAlternative[];
  /** `false` refuses fields the signature does not name; they are ignored otherwise. */
  readonly additionalProperties?: boolean;
}

/** JSON Schema of one output row. */
export type OutputRowSchema = RowSchema<OutputFieldSchema>;

/** What goes into a model and what comes out, for one row. */
export interface Signature {
  readonly input: RowSchema;
  readonly output: OutputRowSchema;
}

/** The types a value of an output field may have; every type when its schema names none. */
export function outputTypesOf({ type }: OutputFieldSchema): readonly OutputType[] {
  if (type === undefined) return OUTPUT_TYPES;
  return typeof type === 'string' ? [type] : type;
}

const OUTPUT_TYPES = ['string', 'integer', 'number', 'boolean', 'array', 'object', 'null'] as const;

/**
 * A field with `change` made to the schemas of what is inside it: the items of a list, the members of an object. The
 * order of its keywords stays.
 */
export function mapInnerFields<Field extends OutputFieldSchema>(
  field: Field,
  change: (inner: OutputFieldSchema) => OutputFieldSchema,
): Field {
  const { items, properties, additionalProperties: others } = field as OutputFieldSchema;
  const members = properties && Object.entries(properties).map(([name, member]) => [name, change(member)] as const);
  return {
    ...field,
    ...(items && { items: change(items) }),
    ...(members && { properties: Object.fromEntries(members) }),
    ...(typeof others === 'object' && { additionalProperties: change(others) }),
  };
}
