import { NONE_NOT_ALLOWED, NOT_LIST, notEnoughItems, tooManyItems } from './issues.js';
import type { Issue } from './issues.js';

/** Stands for a row that is no list of one value per column. */
export class MisshapenRow {
  constructor(readonly issue: Issue) {}
}

/** What is wrong with the shape of a row of so many columns. */
export function shapeIssue(row: unknown, columns: number): Issue | undefined {
  if (row === null) return NONE_NOT_ALLOWED;
  if (!Array.isArray(row)) return NOT_LIST;
  if (row.length === columns) return undefined;
  return row.length < columns ? notEnoughItems(columns) : tooManyItems(columns);
}
