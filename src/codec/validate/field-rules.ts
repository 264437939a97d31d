import type { JsonValue } from '../../lib/json/json.js';
import { IMAGE_URL_HEAD } from '../../domain/input/image-text.js';
import type { OutputFieldSchema } from '../../domain/signature.js';
import { parseDate, parseDateTime } from './iso-dates.js';
import { compilePattern } from './pattern.js';
import * as faults from './issues.js';
import type { Issue } from './issues.js';
import { memberKey } from './schema-check.js';

/** A rule of a field beyond its type: the fault when a value of that type breaks it. */
export type Rule<T> = (value: T) => Issue | undefined;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The first bytes of a PNG or a JPEG file in base64; the rest is seen when it is decoded. */
const IMAGE_START = new RegExp(`^(?:${IMAGE_URL_HEAD})?(?:iVBORw0KGg|/9j/)`, 'i');

/** Quotients this near to a whole number count as whole; the tolerance of the dialect's own library. */
const MULTIPLE_TOLERANCE = 1e-8;

/** The rules of a number in the order they are reported: enum, >, >=, <, <=, multiple. */
export function numberRules(schema: OutputFieldSchema): Rule<number | bigint>[] {
  const { exclusiveMinimum, minimum, exclusiveMaximum, maximum, multipleOf } = schema;
  const rules: Rule<number | bigint>[] = enumRules(schema);
  if (exclusiveMinimum !== undefined)
    rules.push(ruleOf((value) => value > exclusiveMinimum, faults.notGreater(exclusiveMinimum)));
  if (minimum !== undefined) rules.push(ruleOf((value) => value >= minimum, faults.notAtLeast(minimum)));
  if (exclusiveMaximum !== undefined)
    rules.push(ruleOf((value) => value < exclusiveMaximum, faults.notLess(exclusiveMaximum)));
  if (maximum !== undefined) rules.push(ruleOf((value) => value <= maximum, faults.notAtMost(maximum)));
  if (multipleOf !== undefined) {
    rules.push(ruleOf((value) => isMultiple(value, multipleOf), faults.notMultiple(multipleOf)));
  }
  return rules;
}

/** The rules of a text in the order they are reported: enum, shortest, longest, pattern, format. Lengths in code points. */
export function stringRules(schema: OutputFieldSchema): Rule<string>[] {
  const { minLength, maxLength, pattern } = schema;
  const rules: Rule<string>[] = enumRules(schema);
  if (minLength !== undefined) rules.push(ruleOf((text) => !hasLessThan(text, minLength), faults.tooShort(minLength)));
  if (maxLength !== undefined) rules.push(ruleOf((text) => !hasMoreThan(text, maxLength), faults.tooLong(maxLength)));
  if (pattern !== undefined) {
    const expression = compilePattern(pattern);
    const { maxLength: most } = expression;
    if (most < Infinity) rules.push(ruleOf((text) => text.length <= most, faults.tooLong(most)));
    rules.push(ruleOf((text) => expression.test(text), faults.patternMismatch(pattern)));
  }
  // An output's format may be any word.
  const hasRule = schema.format !== undefined && Object.hasOwn(FORMAT_RULES, schema.format);
  return hasRule ? [...rules, FORMAT_RULES[schema.format]] : rules;
}

/** The rules of a list before its items: fewest and most items. */
export function listRules({ minItems, maxItems }: OutputFieldSchema): Rule<readonly unknown[]>[] {
  const rules: Rule<readonly unknown[]>[] = [];
  if (minItems !== undefined) rules.push(ruleOf((items) => items.length >= minItems, faults.notEnoughItems(minItems)));
  if (maxItems !== undefined) rules.push(ruleOf((items) => items.length <= maxItems, faults.tooManyItems(maxItems)));
  return rules;
}

/** The rule that a value is one of `enum`; numbers are compared by value. */
export function enumRules(schema: OutputFieldSchema): Rule<JsonValue>[] {
  if (!schema.enum) return [];
  const members = new Set(schema.enum.map(memberKey));
  return [ruleOf((value: JsonValue) => members.has(memberKey(value)), faults.notMember(schema.enum))];
}

const FORMAT_RULES: Readonly<Record<NonNullable<OutputFieldSchema['format']>, Rule<string>>> = {
  date: ruleOf((text) => parseDate(text) !== undefined, faults.NOT_DATE),
  'date-time': ruleOf((text) => parseDateTime(text) !== undefined, faults.NOT_DATETIME),
  uuid: ruleOf((text) => UUID.test(text), faults.NOT_UUID),
  image: ruleOf((text) => IMAGE_START.test(text), faults.NOT_IMAGE),
};

function ruleOf<T>(matches: (value: T) => boolean, issue: Issue): Rule<T> {
  return (value) => (matches(value) ? undefined : issue);
}

/** Whether a number is a multiple of another, but for what floating point costs. */
export function isMultiple(value: number | bigint, of: number): boolean {
  if (typeof value === 'bigint' && Number.isInteger(of)) return value % BigInt(of) === 0n;
  const fraction = Math.abs(Number(value) / of) % 1;
  return fraction <= MULTIPLE_TOLERANCE || fraction >= 1 - MULTIPLE_TOLERANCE;
}

/** A code point is one or two UTF-16 units, so most texts need no counting. */
function hasLessThan(text: string, length: number): boolean {
  return text.length < length * 2 && (text.length < length || countCodePoints(text) < length);
}

function hasMoreThan(text: string, length: number): boolean {
  return text.length > length && (text.length > length * 2 || countCodePoints(text) > length);
}

function countCodePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const isPair = (text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
    if (!isPair) continue;
    count--;
    i++;
  }
  return count;
}
