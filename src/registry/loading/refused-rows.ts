import { AppError } from '../../domain/app-error.js';
import type { ValidationIssue } from '../../domain/validation-issue.js';
import { RunError } from '../../domain/verdict.js';

/** Most calls of the engine that look for the refused rows of one request. */
const MAX_CALLS = 256;

/** What the client is told of a row that the model cannot compute. */
export const CANNOT_COMPUTE: Omit<ValidationIssue, 'loc'> = {
  msg: 'the model cannot compute this row: one of its values is outside of what it was made for',
  type: 'value_error.not_computable',
};

/** Whether the engine answered that it cannot compute, for another reason than want of memory or a failed reload. */
export function isModelRefusal(error: unknown): boolean {
  if (!(error instanceof AppError) || error.code !== 'PREDICTION_FAILED') return false;
  const { cause } = error;
  return cause instanceof Error && !(cause instanceof RunError) && !/alloc|out of memory/i.test(cause.message);
}

/** What became of rows that failed together. */
export interface RowsByHalves<T> {
  /** Indexes of the rows that failed alone, smallest first. */
  readonly refused: readonly number[];
  /** What was computed, in the order of the rows: all of them, when none is refused. */
  readonly computed: readonly T[];
}

/**
 * Computes rows by halves, down to single ones, and finds those that make a call fail.
 *
 * @param count  rows of the request; all of them together have failed.
 * @param compute  computes rows `from` (included) to `to` (excluded) in a call of their own.
 * @param mostRefused  refused rows after which no more are looked for.
 * @throws what `compute` throws besides refusals.
 */
export async function computeByHalves<T>(
  count: number,
  compute: (from: number, to: number) => Promise<T>,
  mostRefused: number,
): Promise<RowsByHalves<T>> {
  const refused: number[] = [];
  const computed: T[] = [];
  // The next part is the last one here.
  const parts: [from: number, to: number][] = halvesOf(0, count).reverse();
  // Rows that can all be computed are: their number is limited as it is where they are computed one by one.
  const isActive = (calls: number) => refused.length === 0 || (calls < MAX_CALLS && refused.length < mostRefused);
  for (let calls = 0; parts.length > 0 && isActive(calls); calls += 1) {
    const [from, to] = parts.pop()!;
    try {
      computed.push(await compute(from, to));
    } catch (error) {
      if (!isModelRefusal(error)) throw error;
      if (to - from === 1) refused.push(from);
      else parts.push(...halvesOf(from, to).reverse());
    }
  }
  return { refused, computed };
}

function halvesOf(from: number, to: number): [from: number, to: number][] {
  if (to - from === 1) return [[from, to]];
  const middle = (from + to) >> 1;
  return [
    [from, middle],
    [middle, to],
  ];
}
