import { enumRules, isMultiple, numberRules, stringRules } from '../../codec/validate/field-rules.js';
import { PatternError } from '../../codec/validate/pattern.js';
import { isNullable, isOfType, memberKey } from '../../codec/validate/schema-check.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import type { JsonValue } from '../../lib/json/json.js';
import { outputTypesOf } from '../../domain/signature.js';
import type { OutputFieldSchema, OutputType } from '../../domain/signature.js';

/** The end of a range, and whether the value itself is outside. */
export interface Bound {
  readonly value: number;
  readonly isExclusive: boolean;
  /** Where the field says so. */
  readonly keyword: 'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum';
}

/** An end of a range: its keywords, and 1 where a smaller value lets more through. */
export const BOUND_TYPES = [
  { loose: 'minimum', strict: 'exclusiveMinimum', sign: 1 },
  { loose: 'maximum', strict: 'exclusiveMaximum', sign: -1 },
] as const;
type Side = (typeof BOUND_TYPES)[number];

/** The one type of a field besides `null`; undefined when it may be of several types, or of any. */
export function singleTypeOf(schema: OutputFieldSchema): OutputType | undefined {
  const types = outputTypesOf(schema).filter((type) => type !== 'null');
  return types.length > 1 ? undefined : (types[0] ?? 'null');
}

/**
 * The type of the values that a field lets through, in words when there are several: `integer` also for a `number` that
 * lets whole ones alone through.
 */
export function valueTypeOf(schema: OutputFieldSchema): string {
  const type = singleTypeOf(schema);
  if (type === undefined) return severalTypes(schema);
  if (type !== 'number') return type;
  const { multipleOf, enum: members } = schema;
  const isInteger = isIntegerStep(multipleOf) || members?.every((value) => value === null || isIntegerValue(value));
  return isInteger ? 'integer' : 'number';
}

function severalTypes({ type }: OutputFieldSchema): string {
  if (type === undefined) return 'any';
  return [type]
    .flat()
    .filter((one) => one !== 'null')
    .sort()
    .join(' or ');
}

/** The stricter of the two keywords of a side, in whole numbers for those; undefined when the side is open. */
export function boundOf(schema: OutputFieldSchema, { loose, strict, sign }: Side): Bound | undefined {
  const isInteger = valueTypeOf(schema) === 'integer';
  const ends = [strict, loose].flatMap((keyword): Bound[] => {
    const value = schema[keyword];
    if (value === undefined) return [];
    const isExclusive = keyword === strict;
    if (!isInteger) return [{ value, isExclusive, keyword }];
    const inside = sign * Math.ceil(sign * value);
    return [{ value: isExclusive && inside === value ? inside + sign : inside, isExclusive: false, keyword }];
  });
  const [first, second] = ends;
  return second && (second.value - first!.value) * sign > 0 ? second : first;
}

/** Least difference between two values; undefined when there is none. */
export function stepOf(schema: OutputFieldSchema): number | undefined {
  const { multipleOf } = schema;
  const isInteger = singleTypeOf(schema) === 'integer';
  return isInteger && (multipleOf === undefined || isMultiple(1, multipleOf)) ? 1 : multipleOf;
}

/** A least length or number of items; undefined when it leaves nothing out. */
export function leastOf(schema: OutputFieldSchema, keyword: 'minLength' | 'minItems'): number | undefined {
  return schema[keyword] === 0 ? undefined : schema[keyword];
}

/** The values that the field may have, when it lists them all, without those that its other rules exclude. */
export function membersOf(schema: OutputFieldSchema): readonly JsonValue[] | undefined {
  const values = schema.enum?.filter((value) => value !== null || !isNullable(schema));
  if (!values) return undefined;
  // Both of them are no limit.
  if (singleTypeOf(schema) === 'boolean' && values.length === 2) return undefined;
  const { enum: _, ...rest } = schema;
  return values.filter((value) => allows(rest, value));
}

/** Whether a field lets a value of a run file through. */
export function allows(schema: OutputFieldSchema, value: JsonValue): boolean {
  if (!isOfType(schema, value)) return false;
  if (value === null) return true;
  return satisfiesRules(schema, value);
}

/** A key by which two values of a run file are the same. */
export function keyOf(value: JsonValue): string {
  return stringifyJson(memberKey(value));
}

function satisfiesRules(schema: OutputFieldSchema, value: JsonValue): boolean {
  try {
    const satisfiesAll = <T>(rules: readonly ((value: T) => unknown)[]) => rules.every((rule) => !rule(value as T));
    switch (singleTypeOf(schema)) {
      case 'string':
        return satisfiesAll(stringRules(schema));
      case 'integer':
      case 'number':
        return satisfiesAll(numberRules(schema));
      default:
        return satisfiesAll(enumRules(schema));
    }
  } catch (error) {
    // A run whose pattern is invalid already has its verdict; its hash is shown anyway.
    if (error instanceof PatternError) return true;
    throw error;
  }
}

function isIntegerStep(step: number | undefined): boolean {
  return step !== undefined && Number.isInteger(step);
}

function isIntegerValue(value: JsonValue): boolean {
  return typeof value === 'bigint' || Number.isInteger(value);
}
