import { isJsonObject } from '../../lib/json/json.js';
import type { JsonValue } from '../../lib/json/json.js';
import { outputTypesOf } from '../../domain/signature.js';
import type { FieldSchema, FieldType, OutputFieldSchema, OutputType, RowSchema } from '../../domain/signature.js';
import { RunError } from '../../domain/verdict.js';
import { canonicalNumber } from './parse-scalars.js';
import { compilePattern, PatternError } from './pattern.js';

const NUMERIC: readonly FieldType[] = ['integer', 'number'];
const TYPES_OF_KEYWORD = {
  minimum: NUMERIC,
  maximum: NUMERIC,
  exclusiveMinimum: NUMERIC,
  exclusiveMaximum: NUMERIC,
  multipleOf: NUMERIC,
  minLength: ['string'],
  maxLength: ['string'],
  pattern: ['string'],
  format: ['string'],
  contentEncoding: ['string'],
  contentMediaType: ['string'],
  items: ['array'],
  minItems: ['array'],
  maxItems: ['array'],
  enum: ['string', 'integer', 'number', 'boolean'],
} as const satisfies Partial<Record<keyof FieldSchema, readonly FieldType[]>>;

/** The field's type without `null`. */
export function typeOf(schema: FieldSchema): FieldType {
  return typeof schema.type === 'string' ? schema.type : schema.type[0];
}

/** Whether the field may be null, which means missing: its type and, where there is one, its enum must name null. */
export function isNullable(schema: OutputFieldSchema): boolean {
  return typeof schema.type !== 'string' && outputTypesOf(schema).includes('null') && !rejectsNull(schema);
}

/** Whether the type allows null and the enum does not: by JSON Schema, null is refused then. */
export function rejectsNull({ type, enum: members }: OutputFieldSchema): boolean {
  return typeof type !== 'string' && members !== undefined && !members.includes(null);
}

/** A segment of a JSON pointer. */
export function pointerTo(parent: string, key: string): string {
  return `${parent}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/**
 * Refuses a row schema that contradicts itself, which JSON Schema alone does not see.
 *
 * @param pointer  where the schema sits in `run.json`, for the message.
 * @throws RunError `RUN_FILE_INVALID` naming the pointer and the rule of each contradiction.
 */
export function checkRowSchema(schema: RowSchema, pointer: string): void {
  const issues: string[] = [];
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(schema.properties, name)) issues.push(`${pointer}/required: "${name}" is not in properties`);
  }
  for (const [name, field] of Object.entries(schema.properties)) {
    checkField(field, pointerTo(`${pointer}/properties`, name), issues);
  }
  throwIssues(issues);
}

/** Faults of a run file that are told; who mends them finds the others then. */
const MAX_TOLD = 20;

/** @throws RunError `RUN_FILE_INVALID` listing the first faults; nothing when there are none. */
export function throwIssues(issues: readonly string[]): void {
  if (issues.length === 0) return;
  const others = issues.length > MAX_TOLD ? [`and ${issues.length - MAX_TOLD} more`] : [];
  throw new RunError('RUN_FILE_INVALID', `${[...issues.slice(0, MAX_TOLD), ...others].join('; ')}.`);
}

/** Whether a value of the run file has exactly the field's type: no text for a number here. */
export function isOfType(schema: OutputFieldSchema, value: JsonValue): boolean {
  return outputTypesOf(schema).some((type) => hasType(type, schema, value));
}

function hasType(type: OutputType, { items }: OutputFieldSchema, value: JsonValue): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'object':
      return isJsonObject(value);
    case 'string':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'number':
      return typeof value === 'bigint' || Number.isFinite(value);
    case 'integer':
      return typeof value === 'bigint' || Number.isInteger(value);
    case 'array':
      return Array.isArray(value) && value.every((item) => items && isOfType(items, item));
  }
}

/** Values by which an enum's members are equal: 9 and 9.0, and the same number as bigint. */
export function memberKey<T extends JsonValue | undefined>(value: T): T | number | bigint {
  return typeof value === 'number' || typeof value === 'bigint' ? canonicalNumber(value) : value;
}

function checkField(schema: FieldSchema, pointer: string, issues: string[]): void {
  checkKeywords(schema, pointer, issues);
  checkOrder(schema, pointer, issues);
  checkEnum(schema, pointer, issues);
  checkPattern(schema, pointer, issues);
  if (typeOf(schema) !== 'array') return;
  if (schema.items) checkField(schema.items, `${pointer}/items`, issues);
  else issues.push(`${pointer}: an array must say what its items are`);
}

function checkKeywords(schema: FieldSchema, pointer: string, issues: string[]): void {
  const type = typeOf(schema);
  for (const [keyword, types] of Object.entries(TYPES_OF_KEYWORD)) {
    if (!Object.hasOwn(schema, keyword) || (types as readonly FieldType[]).includes(type)) continue;
    issues.push(`${pointer}/${keyword}: does nothing for type ${type}`);
  }
}

function checkOrder(schema: FieldSchema, pointer: string, issues: string[]): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const pairs = [
    ['minLength', schema.minLength, 'maxLength', schema.maxLength, false],
    ['minItems', schema.minItems, 'maxItems', schema.maxItems, false],
    ['minimum', minimum, 'maximum', maximum, false],
    ['minimum', minimum, 'exclusiveMaximum', exclusiveMaximum, true],
    ['exclusiveMinimum', exclusiveMinimum, 'maximum', maximum, true],
    ['exclusiveMinimum', exclusiveMinimum, 'exclusiveMaximum', exclusiveMaximum, true],
  ] as const;
  for (const [low, from, high, to, isStrict] of pairs) {
    if (from === undefined || to === undefined || from < to || (from === to && !isStrict)) continue;
    issues.push(`${pointer}/${low}: ${from} leaves no value below ${high} ${to}`);
  }
  if (multipleOf !== undefined && !(multipleOf > 0)) issues.push(`${pointer}/multipleOf: must be above 0`);
}

function checkEnum(schema: FieldSchema, pointer: string, issues: string[]): void {
  if (!schema.enum) return;
  if (schema.enum.length === 0) issues.push(`${pointer}/enum: names no value`);
  const seen = new Set<JsonValue>();
  schema.enum.forEach((value, i) => {
    if (!isOfType(schema, value)) issues.push(`${pointer}/enum/${i}: is not of type ${typeOf(schema)}`);
    if (seen.has(memberKey(value))) issues.push(`${pointer}/enum/${i}: names a value twice`);
    seen.add(memberKey(value));
  });
}

function checkPattern({ pattern }: FieldSchema, pointer: string, issues: string[]): void {
  if (pattern === undefined) return;
  try {
    compilePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    issues.push(`${pointer}/pattern: ${error.message}`);
  }
}
