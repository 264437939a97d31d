import { AppError } from '../../../domain/app-error.js';
import { ValidationError } from '../../../domain/validation-issue.js';
import { RunError, warning } from '../../../domain/verdict.js';
import type { Warning } from '../../../domain/verdict.js';
import type { JsonObject } from '../../../lib/json/json.js';
import { cornersOf } from './contract-corners.js';
import type { Corner, NumberLimit } from './contract-corners.js';
import { causeText } from '../failure-reason.js';
import type { LoadedRun } from '../loaded-run.js';

/** Corners that are computed together: most models compute all of them. */
const ROWS_PER_CALL = 32;
/** How long a call of several rows should take at most, milliseconds. */
const CALL_MS = 1_000;
/** How long a model is tried, milliseconds; the present call is waited for. */
const TRIAL_MS = 3_000;
/** Most numbers whose exact limit is looked for. */
const MAX_ATTEMPTS = 8;
/** Warnings that name a field each; the others are counted. */
const MAX_WARNINGS = 16;

/** Whether the model computed a row, refused it, or the row is refused by the contract itself. */
type Outcome = 'computed' | 'failed' | 'refused';

/** The model did not answer in time or lost its thread: nothing more is tried. */
class TrialEndError extends Error {
  constructor(cause: unknown) {
    super('the trial of the contract ended', { cause });
    this.name = 'TrialEndError';
  }
}

/**
 * Tries rows that the contract allows and no example shows. What the model cannot compute would be a client's surprise;
 * it is a warning, with the limit to set.
 *
 * @param hasLargeNumbers  see `cornersOf`.
 * @param timeoutMs  time limit of a call.
 * @throws RunError SELF_TEST_FAILED when the model does not answer its own example afterwards.
 */
export async function tryCorners(loaded: LoadedRun, hasLargeNumbers: boolean, timeoutMs: number): Promise<Warning[]> {
  const corners = cornersOf(loaded.run, hasLargeNumbers);
  if (corners.length === 0) return [];
  const trial = new Trial(loaded, timeoutMs);
  const failed = await trial.findFailed(corners);
  if (failed.length === 0) return [];
  const told = failed.slice(0, MAX_WARNINGS);
  await trial.findLimits(told);
  const warnings = told.map((corner) => trial.describe(corner));
  const more = failed.length - warnings.length;
  if (more > 0) warnings.push(warning('CONTRACT_TOO_WIDE', `The model fails for ${more} more limits of its contract.`));
  await trial.requireExample(failed[0]!);
  return warnings;
}

class Trial {
  private readonly endsAtMs = performance.now() + TRIAL_MS;
  private attempts = 0;
  /** Limits that were found: the last numbers that are computed. */
  private readonly limits = new Map<Corner, number>();

  constructor(
    private readonly loaded: LoadedRun,
    private readonly timeoutMs: number,
  ) {}

  async findFailed(corners: readonly Corner[]): Promise<Corner[]> {
    const failed: Corner[] = [];
    try {
      const size = await this.rowsPerCall();
      for (let from = 0; from < corners.length && !this.isOver; from += size) {
        const some = corners.slice(from, from + size);
        if (some.length > 1 && (await this.try(some.map(({ row }) => row))) === 'computed') continue;
        for (const corner of some) if ((await this.try([corner.row])) === 'failed') failed.push(corner);
      }
    } catch (error) {
      if (!(error instanceof TrialEndError)) throw error;
    }
    return failed;
  }

  /** Where a number of each corner begins to fail, as far as there is time. */
  async findLimits(corners: readonly Corner[]): Promise<void> {
    for (const corner of corners) {
      const found = corner.limit && (await this.findLimit(corner.limit));
      if (found !== undefined) this.limits.set(corner, found);
    }
  }

  /** The warning of a corner, with the limit to set where it is known. */
  describe(corner: Corner): Warning {
    const { claim, advice, limit } = corner;
    const hasFailed = limit ? `the model fails for ${limit.tried}` : 'the model fails for that';
    const found = this.limits.get(corner);
    const set = found === undefined ? advice : this.adviceFor(corner.field, limit!, found);
    return warning('CONTRACT_TOO_WIDE', `${claim}; ${hasFailed}. ${set}`);
  }

  async requireExample({ field }: Corner): Promise<void> {
    try {
      await this.predict([this.loaded.run.examples[0]!.input]);
    } catch (error) {
      const message = `After it failed for a value of "${field}" that its contract allows, the model does not answer its own example any more: ${causeText(error)}`;
      throw new RunError('SELF_TEST_FAILED', message, { cause: error });
    }
  }

  private get isOver(): boolean {
    return performance.now() > this.endsAtMs;
  }

  /** Few rows at a time for a slow model. */
  private async rowsPerCall(): Promise<number> {
    const startMs = performance.now();
    await this.try([this.loaded.run.examples[0]!.input]);
    const rowMs = performance.now() - startMs;
    return Math.max(1, Math.min(ROWS_PER_CALL, Math.floor(CALL_MS / rowMs)));
  }

  /** An embedding takes negative numbers down to the size of its table, counting from the end, which nobody means. */
  private adviceFor(field: string, { keyword, grid }: NumberLimit, found: number): string {
    const indexOf = (value: number) => Math.trunc((value - grid.zero) / grid.divide);
    const otherEnds = [...this.limits].filter(([other]) => other.field === field && other.limit!.keyword !== keyword);
    const isFromEnd = otherEnds.some(([, other]) => indexOf(other) >= 0 && indexOf(found) === -indexOf(other) - 1);
    if (!isFromEnd) return `Set "${keyword}": ${found}.`;
    const direction = keyword === 'minimum' ? 'down' : 'up';
    return `Set "${keyword}": ${grid.zero} (${direction} to ${found} it counts from the end of its table).`;
  }

  /**
   * The last number that is computed, between one that is and one that is not; undefined when time is over, or a number
   * between them cannot be asked about.
   */
  private async findLimit({ known, tried, grid, rowWith }: NumberLimit): Promise<number | undefined> {
    const { start, step } = grid;
    if (this.attempts === MAX_ATTEMPTS || step === undefined) return undefined;
    this.attempts += 1;
    let [good, bad] = [known, tried].map((value) => Math.trunc((value - start) / step)) as [number, number];
    try {
      while (Math.abs(bad - good) > 1) {
        if (this.isOver) return undefined;
        const middle = Math.trunc(good + (bad - good) / 2);
        const outcome = await this.try([rowWith(start + middle * step)]);
        if (outcome === 'refused') return undefined;
        if (outcome === 'computed') good = middle;
        else bad = middle;
      }
      return start + good * step;
    } catch (error) {
      if (error instanceof TrialEndError) return undefined;
      throw error;
    }
  }

  private async try(rows: readonly JsonObject[]): Promise<Outcome> {
    try {
      await this.predict(rows);
      return 'computed';
    } catch (error) {
      if (error instanceof ValidationError) return 'refused';
      if (error instanceof AppError && error.code === 'PREDICTION_FAILED') return 'failed';
      throw new TrialEndError(error);
    }
  }

  private predict(rows: readonly JsonObject[]): Promise<unknown> {
    return this.loaded.predict(rows, {
      source: 'body',
      mode: 'strict',
      locOf: (i) => ['corners', i],
      include: new Set(this.loaded.onRequestFields),
      timeoutMs: this.timeoutMs,
      isolated: true,
    });
  }
}
