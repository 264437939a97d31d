import type { JsonObject, JsonValue } from '../../lib/json/json.js';
import { nearestName } from '../../lib/nearest-name.js';
import type { FieldSchema, RowSchema } from '../../domain/signature.js';
import type { Location, ValidationIssue } from '../../domain/validation-issue.js';
import { compileFieldCheck, Visit } from './field-check.js';
import type { FieldCheck, ValidateOptions } from './field-check.js';
import { EXTRA, MAX_PROBLEMS, MISSING, NONE_NOT_ALLOWED, NOT_DICT, report } from './issues.js';
import type { Issue } from './issues.js';
import { MisshapenRow } from './misshapen-row.js';
import { compileOneOf, oneOfConflicts } from './one-of.js';
import { fieldOf, newRow } from '../rows.js';
import { checkRowSchema, isOfType, pointerTo, throwIssues } from './schema-check.js';

export type { ValidateOptions } from './field-check.js';
export { MAX_PROBLEMS } from './issues.js';

/** Checks rows against one contract. */
export interface RowValidator {
  /**
   * Gives a clean row: declared fields only, in declared order, each of its declared type, defaults filled in.
   * null in a nullable field means missing: it takes the default, or stays null. The row given is not changed.
   *
   * @param loc       where the row sits in the request.
   * @param issues  every broken rule is added, in declared order, until it holds MAX_PROBLEMS.
   * @returns undefined when a rule is broken.
   */
  validate(value: unknown, loc: Location, options: ValidateOptions, issues: ValidationIssue[]): JsonObject | undefined;
  /**
   * Checks the columns of rows that are lists: a required one that is missing, one that the schema refuses.
   *
   * @param loc  where the columns sit in the request.
   */
  checkColumns(names: readonly string[], loc: Location, issues: ValidationIssue[]): void;
}

interface Field {
  readonly name: string;
  readonly check: FieldCheck;
  readonly isRequired: boolean;
  /** undefined when there is none. */
  readonly fallback: JsonValue | undefined;
}

type Row = Readonly<Record<string, unknown>>;

/**
 * Compiles a row schema, once per run, into closures.
 *
 * @param pointer  where the schema sits in `run.json`, for messages.
 * @throws RunError `RUN_FILE_INVALID` when the schema contradicts itself.
 */
export function compileRowValidator(schema: RowSchema, pointer = '/signature/input'): RowValidator {
  checkRowSchema(schema, pointer);
  throwIssues(oneOfConflicts(schema, pointer));
  const required = new Set(schema.required);
  const fields = Object.entries(schema.properties).map(([name, field]): Field => {
    const check = compileFieldCheck(field);
    const fallback = compileDefault(field, check, pointerTo(`${pointer}/properties`, name));
    return { name, check, isRequired: required.has(name), fallback };
  });
  const oneOfIssue = schema.oneOf && compileOneOf(schema.oneOf);
  const known = new Set(fields.map(({ name }) => name));
  const isClosed = schema.additionalProperties === false;

  return {
    validate(value, loc, options, issues) {
      if (issues.length >= MAX_PROBLEMS) return undefined;
      const given = objectOf(value, loc, issues);
      if (given === undefined) return undefined;
      const found = issues.length;
      const row = readFields(fields, known, given, new Visit(loc, issues, options));
      const choice = oneOfIssue?.(given);
      if (choice) report(issues, loc, choice);
      if (isClosed) reportExtras(known, given, loc, options, issues);
      return issues.length === found ? row : undefined;
    },
    checkColumns(names, loc, issues) {
      reportMissingColumns(fields, known, names, loc, issues);
      if (!isClosed) return;
      names.forEach((name, i) => {
        if (!known.has(name)) report(issues, [...loc, i], extraIssue(name, known, issues));
      });
    },
  };
}

/** Rows as their contract has them, and every rule that is broken: the rows are complete when there is none. */
export interface ValidatedRows {
  readonly rows: JsonObject[];
  readonly issues: ValidationIssue[];
}

/**
 * Checks the rows of a request.
 *
 * @param locOf  where row `index` sits in the request.
 */
export function validateRows(
  validator: RowValidator,
  values: readonly unknown[],
  locOf: (index: number) => Location,
  options: ValidateOptions,
): ValidatedRows {
  const issues: ValidationIssue[] = [];
  const rows: JsonObject[] = [];
  for (let i = 0; i < values.length; i++) {
    const row = validator.validate(values[i], locOf(i), options, issues);
    if (row) rows.push(row);
  }
  return { rows, issues };
}

function objectOf(value: unknown, loc: Location, issues: ValidationIssue[]): Row | undefined {
  if (value instanceof MisshapenRow) return void report(issues, loc, value.issue);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value instanceof Map ? (Object.fromEntries(value) as Row) : (value as Row);
  }
  report(issues, loc, value === undefined ? MISSING : value === null ? NONE_NOT_ALLOWED : NOT_DICT);
  return undefined;
}

function readFields(fields: readonly Field[], known: ReadonlySet<string>, given: Row, visit: Visit): JsonObject {
  const row = newRow();
  for (const field of fields) {
    if (visit.isFull) break;
    visit.path[0] = field.name;
    const value = fieldOf(given, field.name);
    if (value === undefined && field.isRequired) visit.report(missingField(field, known, given, visit));
    else {
      const clean = readField(field, value, visit);
      if (clean !== undefined) row[field.name] = clean;
    }
  }
  return row;
}

/** The short routes (`types-only`) say it in the words of the dialect alone. */
function missingField({ name }: Field, known: ReadonlySet<string>, given: Row, { isStrict, found }: Visit): Issue {
  if (!isStrict) return MISSING;
  const names = Object.keys(given);
  if (names.length > MAX_COMPARISONS || !maySuggest(found, names.length)) return MISSING;
  return missingIssue(
    name,
    names.filter((other) => !known.has(other)),
  );
}

/** What nobody knows and has nearly the name of what is missing, is probably that. */
function missingIssue(name: string, others: readonly string[]): Issue {
  const meant = nearestName(name, others);
  return meant === undefined ? MISSING : { ...MISSING, msg: `${MISSING.msg}; did you mean it by "${meant}"?` };
}

function readField({ check, fallback }: Field, value: unknown, visit: Visit): JsonValue | undefined {
  if (value === undefined) return fallback;
  const clean = check(value, visit);
  return clean === null ? (fallback ?? null) : clean;
}

/** Unknown fields for which a similar known one is looked for. */
const MAX_HINTS = 10;
/** Comparisons of names in one request: a contract, or a list of columns, may have ten thousand. */
const MAX_COMPARISONS = 5_000;

/** Whether a similar name is looked for among so many, when so many problems were found before; for the first always. */
function maySuggest(found: number, names: number): boolean {
  return found === 0 || (found < MAX_HINTS && (found + 1) * names <= MAX_COMPARISONS);
}

/** The short routes (`types-only`) say it in the words of the dialect alone. */
function reportExtras(
  known: ReadonlySet<string>,
  given: Row,
  loc: Location,
  { mode }: ValidateOptions,
  issues: ValidationIssue[],
): void {
  for (const name of Object.keys(given)) {
    if (issues.length >= MAX_PROBLEMS) return;
    if (known.has(name)) continue;
    report(issues, [...loc, name], mode === 'strict' ? extraIssue(name, known, issues) : EXTRA);
  }
}

function extraIssue(name: string, known: ReadonlySet<string>, { length }: readonly ValidationIssue[]): Issue {
  const meant = maySuggest(length, known.size) ? nearestName(name, known) : undefined;
  return meant === undefined ? EXTRA : { ...EXTRA, msg: `${EXTRA.msg}; did you mean "${meant}"?` };
}

function reportMissingColumns(
  fields: readonly Field[],
  known: ReadonlySet<string>,
  names: readonly string[],
  loc: Location,
  issues: ValidationIssue[],
): void {
  const given = new Set(names);
  const missing = fields.filter(({ name, isRequired }) => isRequired && !given.has(name));
  if (missing.length === 0) return;
  const others = names.filter((name) => !known.has(name));
  for (const { name } of missing) {
    if (issues.length >= MAX_PROBLEMS) return;
    const issue = maySuggest(issues.length, others.length) ? missingIssue(name, others) : MISSING;
    report(issues, [...loc, name], issue);
  }
}

function compileDefault(schema: FieldSchema, check: FieldCheck, pointer: string): JsonValue | undefined {
  if (schema.default === undefined) return undefined;
  if (!isOfType(schema, schema.default)) throwIssues([`${pointer}/default: is not of the field's type`]);
  const issues: ValidationIssue[] = [];
  const clean = check(schema.default, new Visit([], issues, { source: 'body', mode: 'strict' }));
  throwIssues(issues.map(({ msg }) => `${pointer}/default: breaks the field's own rule: ${msg}`));
  return clean;
}
