import { AppError } from './app-error.js';
import type { JsonValue } from '../lib/json/json.js';

/** Where a value sits: `body`, `query` or `path` first, then field names and list indexes. */
export type Location = readonly (string | number)[];

/** One broken rule, in the dialect of pydantic v1 that the API speaks (docs/errors.md). */
export interface ValidationIssue {
  readonly loc: Location;
  readonly msg: string;
  readonly type: string;
  readonly ctx?: Readonly<Record<string, JsonValue>>;
}

/**
 * Maximum number of issues in one answer; the rest of a request is not checked, so that a huge invalid one stays cheap.
 */
export const MAX_ISSUES = 100;

/** A request that breaks the contract, with every problem found. Answered 422. */
export class ValidationError extends AppError {
  /** @param extras  further details for the answer, beside the list of problems. */
  constructor(
    readonly issues: readonly ValidationIssue[],
    readonly extras: Readonly<Record<string, JsonValue>> = {},
  ) {
    super('VALIDATION_FAILED');
    this.name = 'ValidationError';
  }
}
