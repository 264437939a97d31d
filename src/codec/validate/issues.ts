import type { JsonValue } from '../../lib/json/json.js';
import type { Location, ValidationIssue } from '../../domain/validation-issue.js';
import { MAX_ISSUES } from '../../domain/validation-issue.js';

/** Problems listed per request; the rest would only repeat them. */
export const MAX_PROBLEMS = MAX_ISSUES;

/** Allowed values named in one message; a longer list is cut, because every problem repeats it. */
const MAX_PERMITTED = 100;

/** A broken rule without its place. */
export type Issue = Omit<ValidationIssue, 'loc'>;

/** Adds a problem unless the request has MAX_PROBLEMS already. */
export function report(issues: ValidationIssue[], loc: Location, issue: Issue): void {
  if (issues.length < MAX_PROBLEMS) issues.push({ loc, ...issue });
}

export const MISSING: Issue = { msg: 'field required', type: 'value_error.missing' };
export const NONE_NOT_ALLOWED: Issue = { msg: 'none is not an allowed value', type: 'type_error.none.not_allowed' };
export const EXTRA: Issue = { msg: 'extra fields not permitted', type: 'value_error.extra' };
export const NOT_INTEGER: Issue = { msg: 'value is not a valid integer', type: 'type_error.integer' };
export const NOT_FLOAT: Issue = { msg: 'value is not a valid float', type: 'type_error.float' };
export const NOT_BOOL: Issue = { msg: 'value could not be parsed to a boolean', type: 'type_error.bool' };
export const NOT_STRING: Issue = { msg: 'str type expected', type: 'type_error.str' };
export const HAS_NUL: Issue = {
  msg: 'the text has the character U+0000, where it would end for the model',
  type: 'value_error.str.nul',
};
export const NOT_LIST: Issue = { msg: 'value is not a valid list', type: 'type_error.list' };
export const NOT_DICT: Issue = { msg: 'value is not a valid dict', type: 'type_error.dict' };
export const NOT_DATE: Issue = { msg: 'invalid date format', type: 'value_error.date' };
export const NOT_DATETIME: Issue = { msg: 'invalid datetime format', type: 'value_error.datetime' };
export const NOT_UUID: Issue = { msg: 'value is not a valid uuid', type: 'type_error.uuid' };

/** @param alternatives  the fields of each. */
export function exactlyOneOf(alternatives: readonly (readonly string[])[]): Issue {
  const fields = alternatives.map((names) => names.map((name) => `'${name}'`).join(' with ')).join(' or ');
  return {
    msg: `give exactly one of ${fields}`,
    type: 'value_error.one_of',
    ctx: { alternatives: alternatives.map((names) => [...names]) },
  };
}
export const NOT_IMAGE: Issue = { msg: 'value is not a PNG or JPEG image in base64', type: 'value_error.image' };
export const IMAGE_IN_QUERY: Issue = {
  msg: 'an image is too long for an address: send it in the body of a POST',
  type: 'value_error.image.query',
};

export function tooShort(limit: number): Issue {
  return limited(`ensure this value has at least ${limit} characters`, 'value_error.any_str.min_length', limit);
}

export function tooLong(limit: number): Issue {
  return limited(`ensure this value has at most ${limit} characters`, 'value_error.any_str.max_length', limit);
}

export function notEnoughItems(limit: number): Issue {
  return limited(`ensure this value has at least ${limit} items`, 'value_error.list.min_items', limit);
}

export function tooManyItems(limit: number): Issue {
  return limited(`ensure this value has at most ${limit} items`, 'value_error.list.max_items', limit);
}

export function notAtLeast(limit: number | bigint): Issue {
  return limited(`ensure this value is greater than or equal to ${limit}`, 'value_error.number.not_ge', limit);
}

export function notGreater(limit: number | bigint): Issue {
  return limited(`ensure this value is greater than ${limit}`, 'value_error.number.not_gt', limit);
}

export function notAtMost(limit: number | bigint): Issue {
  return limited(`ensure this value is less than or equal to ${limit}`, 'value_error.number.not_le', limit);
}

export function notLess(limit: number | bigint): Issue {
  return limited(`ensure this value is less than ${limit}`, 'value_error.number.not_lt', limit);
}

export function notMultiple(of: number): Issue {
  return {
    msg: `ensure this value is a multiple of ${of}`,
    type: 'value_error.number.not_multiple',
    ctx: { multiple_of: of },
  };
}

export function patternMismatch(pattern: string): Issue {
  return { msg: `string does not match regex "${pattern}"`, type: 'value_error.str.regex', ctx: { pattern } };
}

/** The values are written as Python writes them, because clients of the dialect compare whole messages. */
export function notMember(values: readonly JsonValue[]): Issue {
  const allowed = values.slice(0, MAX_PERMITTED);
  const more = values.length > allowed.length ? `, … (${values.length - allowed.length} more)` : '';
  return {
    msg: `value is not a valid enumeration member; permitted: ${allowed.map(pythonRepr).join(', ')}${more}`,
    type: 'type_error.enum',
    ctx: { enum_values: allowed },
  };
}

function limited(msg: string, type: string, limit: number | bigint): Issue {
  return { msg, type, ctx: { limit_value: limit } };
}

function pythonRepr(value: JsonValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'object') return JSON.stringify(value);
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}
