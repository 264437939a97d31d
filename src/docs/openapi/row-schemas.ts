import { stringifyJson } from '../../lib/json/json-text.js';
import type { JsonValue } from '../../lib/json/json.js';
import { isShortExample, shortExample } from '../../lib/json/short-example.js';
import { withShortExamples } from '../../domain/short-schema.js';
import type {
  FieldAlternative,
  FieldSchema,
  OutputFieldSchema,
  OutputRowSchema,
  RowSchema,
} from '../../domain/signature.js';
import type { Schema } from './openapi-types.js';

/** Keywords that point into, or out of, a schema's own document: they mean nothing in this one. */
const FOREIGN = new Set(['$ref', '$id', '$schema', '$defs', '$anchor', '$dynamicRef', '$dynamicAnchor', 'definitions']);

/** Fields of a row that the document describes; a model with more has the others in `GET /models/{model}/schema`. */
const MAX_FIELDS = 1_000;
/** Values of an enum that the document lists. */
const MAX_ENUM = 1_000;

/**
 * The schema of an input row, for people and generators: units, ranges and defaults in the words too. Defaults stand in
 * the words alone: generators of TypeScript types make a field that has one required.
 */
export function inputSchema(row: RowSchema): Schema {
  const { visible, more } = visibleFields(row);
  const required = (row.required ?? []).filter((name) => Object.hasOwn(visible, name));
  return {
    type: 'object',
    ...describeRow(row, more),
    ...(required.length > 0 && { required }),
    ...(row.oneOf && { oneOf: row.oneOf.map((alternative) => ({ required: [...alternative.required] })) }),
    properties: mapFields(visible, (field) => withoutDefault(fieldSchema(field))),
    ...(row.additionalProperties === false && more === 0 && { additionalProperties: false }),
  };
}

/**
 * The schema of an output row.
 *
 * @param onRequest  fields given only to callers that name them: never required, and said so.
 */
export function outputSchema(row: OutputRowSchema, onRequest: readonly string[]): Schema {
  const { visible, more } = visibleFields(row);
  const requested = new Set(onRequest);
  const always = Object.keys(visible).filter((name) => !requested.has(name));
  return {
    type: 'object',
    ...describeRow(row, more),
    ...(always.length > 0 && { required: always }),
    properties: mapFields(visible, (field, name) =>
      requested.has(name) ? fieldSchema(field, `Only when \`include\` names \`${name}\`.`) : fieldSchema(field),
    ),
  };
}

function visibleFields<Field>({ properties }: RowSchema<Field>): {
  visible: RowSchema<Field>['properties'];
  more: number;
} {
  const entries = Object.entries(properties);
  const more = Math.max(0, entries.length - MAX_FIELDS);
  return { visible: more > 0 ? Object.fromEntries(entries.slice(0, MAX_FIELDS)) : properties, more };
}

function describeRow({ description, oneOf }: OutputRowSchema, more: number): { description?: string } {
  const note = more > 0 && `And ${more} more fields: \`GET /models/{model}/schema\` has them all.`;
  const words = [description, oneOf && oneOfNote(oneOf), note].filter(Boolean).join(' ');
  return words ? { description: words } : {};
}

/** The output row cut down to some fields. */
export function partOf(schema: OutputRowSchema, fields: readonly string[]): Schema {
  const wanted = new Set(fields);
  const properties = Object.entries(schema.properties).filter(([name]) => wanted.has(name));
  return outputSchema({ ...schema, properties: Object.fromEntries(properties) }, []);
}

/** A field as a query parameter takes it: never null (leave it out), no default (the server fills it), a list as JSON text. */
export function querySchema(field: FieldSchema): Schema {
  const {
    default: _filledByServer,
    description: _onParameter,
    examples: _onParameter2,
    ...schema
  } = fieldSchema(field);
  const type = [field.type].flat()[0];
  const members = schema.enum as readonly JsonValue[] | undefined;
  const bare = { ...schema, type, ...(members && { enum: members.filter((value) => value !== null) }) };
  return type === 'array' ? { type: 'string', contentMediaType: 'application/json', contentSchema: bare } : bare;
}

/** The type that `querySchema` gives. */
export function queryType({ type }: FieldSchema): string | undefined {
  const [first] = [type].flat();
  return first === 'array' ? 'string' : first;
}

/** The choice between alternatives in words, for pages that do not show the keyword. */
function oneOfNote(oneOf: readonly FieldAlternative[]): string {
  const fields = oneOf.map(({ required }) => required.map((name) => `\`${name}\``).join(' with ')).join(' or ');
  return `Give exactly one of ${fields}.`;
}

/** What a field means, with its unit and bounds in words. */
export function describeField(field: OutputFieldSchema, note?: string): string | undefined {
  const messages = [
    field.description ?? field.title,
    field.unit !== undefined && `Unit: ${field.unit}.`,
    rangeOf(field),
    field.default !== undefined && `Default: ${stringifyJson(shortExample(field.default))}.`,
    hasLongEnum(field) && `One of ${field.enum.length} values: \`GET /models/{model}/schema\` has them all.`,
    note,
  ];
  return messages.filter(Boolean).join(' ') || undefined;
}

function fieldSchema(field: OutputFieldSchema, note?: string): Schema {
  const { unit, ...schema } = shortField(field);
  const description = describeField(field, note);
  return withoutForeign({
    ...schema,
    ...(description !== undefined && { description }),
    ...(unit !== undefined && { 'x-unit': unit }),
  }) as Schema;
}

function withoutDefault({ default: _filledByServer, ...schema }: Schema): Schema {
  return schema;
}

/** A field without what makes a document long. A rule is left out as a whole: half of it would be wrong. */
function shortField<Field extends OutputFieldSchema>(field: Field): Field {
  const { default: fallback } = field;
  const entries = Object.entries(withShortExamples(field)).filter(([key]) => {
    if (key === 'default') return isShortExample(fallback);
    return key !== 'enum' || !hasLongEnum(field);
  });
  return Object.fromEntries(entries) as unknown as Field;
}

function hasLongEnum<Field extends OutputFieldSchema>(
  field: Field,
): field is Field & Required<Pick<OutputFieldSchema, 'enum'>> {
  return (field.enum?.length ?? 0) > MAX_ENUM;
}

function rangeOf({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: OutputFieldSchema): string | undefined {
  const low =
    minimum !== undefined ? `at least ${minimum}` : exclusiveMinimum !== undefined && `more than ${exclusiveMinimum}`;
  const high =
    maximum !== undefined ? `at most ${maximum}` : exclusiveMaximum !== undefined && `less than ${exclusiveMaximum}`;
  if (minimum !== undefined && maximum !== undefined) return `Range: ${minimum} to ${maximum}.`;
  const words = [low, high].filter(Boolean).join(', ');
  return words ? `Range: ${words}.` : undefined;
}

/** Entries, not assignments: a field may be named `__proto__`. */
function mapFields<Field>(
  fields: Readonly<Record<string, Field>>,
  change: (field: Field, name: string) => Schema,
): Record<string, Schema> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, change(field, name)]));
}

function withoutForeign(value: unknown, isFieldMap = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutForeign(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => isFieldMap || !FOREIGN.has(key));
  return Object.fromEntries(
    // Values are data, not schemas.
    entries.map(([key, item]) => [
      key,
      isData(key) && !isFieldMap ? item : withoutForeign(item, key === 'properties' && !isFieldMap),
    ]),
  );
}

function isData(key: string): boolean {
  return ['enum', 'const', 'default', 'examples', 'example'].includes(key);
}
