import { AppError } from '../../domain/app-error.js';
import { MAX_ISSUES } from '../../domain/validation-issue.js';
import type { ValidationIssue } from '../../domain/validation-issue.js';
import { RunError } from '../../domain/verdict.js';

/** Most calls of the engine that look for the rows of one request. */
const MAX_CALLS = 256;

/** What the client is told of a row that the model cannot compute. */
export const NOT_COMPUTABLE: Omit<ValidationIssue, 'loc'> = {
  msg: 'the model cannot compute this row: one of its values is outside of what it was made for',
  type: 'value_error.not_computable',
};

/** Whether the engine answered that it cannot compute, for another reason than want of memory or a failed reload. */
export function isModelRefusal(error: unknown): boolean {
  if (!(error instanceof AppError) || error.code !== 'PREDICTION_FAILED') return false;
  const { cause } = error;
  return cause instanceof Error && !(cause instanceof RunError) && !/alloc|out of memory/i.test(cause.message);
}

/** Which rows of a request the model cannot compute. */
export interface RefusedRows {
  /** Indexes, smallest first; at most as many as an answer lists. */
  readonly refused: readonly number[];
  /** Whether it has computed any other row of the request. */
  readonly hasComputed: boolean;
}

/**
 * Finds the rows that make a call fail, by halves.
 *
 * @param count  rows of the request; all of them together have failed.
 * @param compute  computes rows `from` (included) to `to` (excluded) in a call of their own.
 * @throws what `compute` throws besides refusals.
 */
export async function findRefusedRows(
  count: number,
  compute: (from: number, to: number) => Promise<unknown>,
): Promise<RefusedRows> {
  const refused: number[] = [];
  let hasComputed = false;
  // The next part is the last one here.
  const parts: [from: number, to: number][] = halvesOf(0, count).reverse();
  for (let calls = 0; parts.length > 0 && calls < MAX_CALLS && refused.length < MAX_ISSUES; calls += 1) {
    const [from, to] = parts.pop()!;
    try {
      await compute(from, to);
      hasComputed = true;
    } catch (error) {
      if (!isModelRefusal(error)) throw error;
      if (to - from === 1) refused.push(from);
      else parts.push(...halvesOf(from, to).reverse());
    }
  }
  return { refused, hasComputed };
}

function halvesOf(from: number, to: number): [from: number, to: number][] {
  if (to - from === 1) return [[from, to]];
  const middle = (from + to) >> 1;
  return [
    [from, middle],
    [middle, to],
  ];
}
