import { stringifyJson } from '../../lib/json-text.js';
import type { FieldAlternative, FieldSchema, RowSchema } from '../../domain/signature.js';
import type { Schema } from './openapi-types.js';

/** Keywords that point into, or out of, a schema's own document: they mean nothing in this one. */
const FOREIGN = new Set(['$ref', '$id', '$schema', '$defs', '$anchor', '$dynamicRef', '$dynamicAnchor', 'definitions']);

/** The schema of an input row, for people and generators: units and ranges in the words too. */
export function inputSchema({ properties, required = [], additionalProperties, ...row }: RowSchema): Schema {
  const { oneOf } = row;
  const description = [row.description, oneOf && oneOfNote(oneOf)].filter(Boolean).join(' ');
  return {
    type: 'object',
    ...(description !== '' && { description }),
    ...(required.length > 0 && { required: [...required] }),
    ...(oneOf && { oneOf: oneOf.map((alternative) => ({ required: [...alternative.required] })) }),
    properties: mapFields(properties, (field) => fieldSchema(field)),
    ...(additionalProperties === false && { additionalProperties: false }),
  };
}

/**
 * The schema of an output row.
 *
 * @param onRequest  fields given only to callers that name them: never required, and said so.
 */
export function outputSchema({ description, properties }: RowSchema, onRequest: readonly string[]): Schema {
  const always = Object.keys(properties).filter((name) => !onRequest.includes(name));
  return {
    type: 'object',
    ...(description !== undefined && { description }),
    ...(always.length > 0 && { required: always }),
    properties: mapFields(properties, (field, name) =>
      onRequest.includes(name) ? fieldSchema(field, `Only when \`include\` names \`${name}\`.`) : fieldSchema(field),
    ),
  };
}

/** The output row cut down to some fields. */
export function partOf(schema: RowSchema, fields: readonly string[]): Schema {
  const properties = Object.entries(schema.properties).filter(([name]) => fields.includes(name));
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
  const bare = { ...schema, type, ...(field.enum && { enum: field.enum.filter((value) => value !== null) }) };
  return type === 'array' ? { type: 'string', contentMediaType: 'application/json', contentSchema: bare } : bare;
}

/** The choice between alternatives in words, for pages that do not show the keyword. */
export function oneOfNote(oneOf: readonly FieldAlternative[]): string {
  const fields = oneOf.map(({ required }) => required.map((name) => `\`${name}\``).join(' with ')).join(' or ');
  return `Give exactly one of ${fields}.`;
}

/** What a field means, with its unit and bounds in words. */
export function describeField(field: FieldSchema, note?: string): string | undefined {
  const messages = [
    field.description ?? field.title,
    field.unit !== undefined && `Unit: ${field.unit}.`,
    rangeOf(field),
    field.default !== undefined && `Default: ${stringifyJson(field.default)}.`,
    note,
  ];
  return messages.filter(Boolean).join(' ') || undefined;
}

function fieldSchema(field: FieldSchema, note?: string): Schema {
  const { unit, ...schema } = field;
  const description = describeField(field, note);
  return withoutForeign({
    ...schema,
    ...(description !== undefined && { description }),
    ...(unit !== undefined && { 'x-unit': unit }),
  }) as Schema;
}

function rangeOf({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: FieldSchema): string | undefined {
  const low =
    minimum !== undefined ? `at least ${minimum}` : exclusiveMinimum !== undefined && `more than ${exclusiveMinimum}`;
  const high =
    maximum !== undefined ? `at most ${maximum}` : exclusiveMaximum !== undefined && `less than ${exclusiveMaximum}`;
  if (minimum !== undefined && maximum !== undefined) return `Range: ${minimum} to ${maximum}.`;
  const words = [low, high].filter(Boolean).join(', ');
  return words ? `Range: ${words}.` : undefined;
}

/** Entries, not assignments: a field may be named `__proto__`. */
function mapFields(
  fields: Readonly<Record<string, FieldSchema>>,
  change: (field: FieldSchema, name: string) => Schema,
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
