import type { JsonValue } from '../../lib/json/json.js';
import { parseJson } from '../../lib/json/json-text.js';
import type { FieldSchema } from '../../domain/signature.js';
import type { Location, ValidationIssue } from '../../domain/validation-issue.js';
import { enumRules, listRules, numberRules, stringRules } from './field-rules.js';
import type { Rule } from './field-rules.js';
import { parseBoolean, parseInteger, parseNumber } from './parse-scalars.js';
import * as faults from './issues.js';
import { MAX_PROBLEMS, report } from './issues.js';
import type { Issue } from './issues.js';
import { rejectsNull, isNullable, typeOf } from './schema-check.js';

/** How a row is to be read. */
export interface ValidateOptions {
  /** A query holds texts only: a list comes as JSON text there. */
  readonly source: 'body' | 'query';
  /** `types-only` checks presence and types but no enum, bound, length, pattern or format. */
  readonly mode: 'strict' | 'types-only';
}

/** One walk over one row: where it is, and what it found. */
export class Visit {
  /** Field name and indexes below `loc`; changed in place, because a place is only needed when a rule is broken. */
  readonly path: (string | number)[] = [];
  readonly isStrict: boolean;
  readonly isQuery: boolean;

  constructor(
    private readonly loc: Location,
    private readonly issues: ValidationIssue[],
    options: ValidateOptions,
  ) {
    this.isStrict = options.mode === 'strict';
    this.isQuery = options.source === 'query';
  }

  /** Problems so far, of this row and of those before it. */
  get found(): number {
    return this.issues.length;
  }

  get isFull(): boolean {
    return this.issues.length >= MAX_PROBLEMS;
  }

  report(issue: Issue): undefined {
    report(this.issues, [...this.loc, ...this.path], issue);
  }
}

/** The clean value of a field; undefined when it was rejected and its issue reported. */
export type FieldCheck = (value: unknown, visit: Visit) => JsonValue | undefined;

/** Compiles one field of a checked schema. */
export function compileFieldCheck(schema: FieldSchema): FieldCheck {
  return typeOf(schema) === 'array' ? compileTopList(schema) : compileInner(schema);
}

function compileInner(schema: FieldSchema): FieldCheck {
  switch (typeOf(schema)) {
    case 'string':
      return schema.format === 'image' ? compileImage(schema) : compileString(schema);
    case 'integer':
      return scalarCheck(schema, parseInteger, faults.NOT_INTEGER, numberRules(schema));
    case 'number':
      return scalarCheck(schema, parseNumber, faults.NOT_FLOAT, numberRules(schema));
    case 'boolean':
      return scalarCheck(schema, parseBoolean, faults.NOT_BOOL, enumRules(schema));
    case 'array':
      return compileList(schema);
  }
}

function compileString(schema: FieldSchema): FieldCheck {
  return scalarCheck(schema, asString, faults.NOT_STRING, stringRules(schema));
}

/** Addresses are limited in length, and kept in logs and histories. */
function compileImage(schema: FieldSchema): FieldCheck {
  const check = compileString(schema);
  return (value, visit) => (visit.isQuery ? visit.report(faults.IMAGE_IN_QUERY) : check(value, visit));
}

function scalarCheck<T extends JsonValue>(
  schema: FieldSchema,
  parse: (value: unknown) => T | undefined,
  typeIssue: Issue,
  rules: readonly Rule<T>[],
): FieldCheck {
  const mayBeNull = isNullable(schema);
  const nullIssue = rejectsNull(schema) ? faults.notMember(schema.enum!) : faults.NONE_NOT_ALLOWED;
  return (value, visit) => {
    if (value === null) return mayBeNull ? null : visit.report(nullIssue);
    const parsed = parse(value);
    if (parsed === undefined) return visit.report(typeIssue);
    return visit.isStrict && hasViolation(rules, parsed, visit) ? undefined : parsed;
  };
}

function compileList(schema: FieldSchema): FieldCheck {
  const mayBeNull = isNullable(schema);
  const rules = listRules(schema);
  const checkItem = compileInner(schema.items!);
  return (value, visit) => {
    if (value === null) return mayBeNull ? null : visit.report(faults.NONE_NOT_ALLOWED);
    if (!Array.isArray(value)) return visit.report(faults.NOT_LIST);
    if (visit.isStrict && hasViolation(rules, value, visit)) return undefined;
    return checkItems(value as JsonValue[], checkItem, visit);
  };
}

/** Gives the list itself when no item changes: an image of 150 000 numbers is not copied. */
function checkItems(items: JsonValue[], check: FieldCheck, visit: Visit): JsonValue[] | undefined {
  const depth = visit.path.length;
  let clean = items;
  let isValid = true;
  for (let i = 0; i < items.length && !(visit.isFull && !isValid); i++) {
    visit.path[depth] = i;
    const item = check(items[i], visit);
    if (item === undefined) isValid = false;
    else if (item !== items[i]) {
      if (clean === items) clean = [...items];
      clean[i] = item;
    }
  }
  visit.path.length = depth;
  return isValid ? clean : undefined;
}

function compileTopList(schema: FieldSchema): FieldCheck {
  const check = compileList(schema);
  return (value, visit) => check(visit.isQuery && typeof value === 'string' ? listFromText(value) : value, visit);
}

/** A text that is no JSON stays a text, which is no list. */
function listFromText(text: string): unknown {
  try {
    const value = parseJson(text);
    return Array.isArray(value) ? value : text;
  } catch {
    return text;
  }
}

function hasViolation<T>(rules: readonly Rule<T>[], value: T, visit: Visit): boolean {
  for (const rule of rules) {
    const issue = rule(value);
    if (issue === undefined) continue;
    visit.report(issue);
    return true;
  }
  return false;
}

function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
