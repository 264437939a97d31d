import { ValidationError } from '../domain/validation-issue.js';
import type { Location, ValidationIssue } from '../domain/validation-issue.js';
import type { JsonObject, JsonValue } from '../lib/json/json.js';
import { newRow } from './rows.js';
import { MisshapenRow, shapeIssue } from './validate/misshapen-row.js';
import type { RowValidator } from './validate/row-validator.js';

/** Names of the values in rows that are lists. */
export interface Columns {
  readonly names: readonly string[];
  /** Where they sit in the request. */
  readonly loc: Location;
}

/**
 * Rows that are lists of values as objects, for the validator of their contract.
 *
 * @returns a `MisshapenRow` in place of what is no list of one value per column.
 * @throws ValidationError when the columns themselves are not those of the contract: the rows are not looked at then.
 */
export function objectRows(
  validator: RowValidator,
  { names, loc }: Columns,
  data: readonly unknown[],
): (JsonObject | MisshapenRow)[] {
  const issues: ValidationIssue[] = [];
  validator.checkColumns(names, loc, issues);
  if (issues.length > 0) throw new ValidationError(issues);
  return data.map((row) => {
    const issue = shapeIssue(row, names.length);
    return issue ? new MisshapenRow(issue) : objectRow(names, row as readonly JsonValue[]);
  });
}

function objectRow(names: readonly string[], values: readonly JsonValue[]): JsonObject {
  const row = newRow();
  for (let i = 0; i < names.length; i++) row[names[i]!] = values[i]!;
  return row;
}

/**
 * What is wrong with values of rows as it is told of lists: the place of the column in the row stands for its name.
 *
 * @param rowDepth  length of the location of a row.
 */
export function atColumns(error: ValidationError, { names }: Columns, rowDepth: number): ValidationError {
  const places = new Map(names.map((name, i) => [name, i]));
  const issues = error.issues.map((issue) => {
    const place = places.get(issue.loc[rowDepth] as string);
    return place === undefined ? issue : { ...issue, loc: issue.loc.with(rowDepth, place) };
  });
  return new ValidationError(issues, error.extras);
}
