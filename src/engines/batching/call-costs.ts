/** Weight that the earlier calls keep when another one is recorded. */
const KEPT = 0.95;
/** Fewer calls say too little. */
const MIN_CALLS = 8;
/** Calls that hardly differ in size do not say what a row costs: least spread of their rows, as a share of the mean. */
const MIN_RANGE = 0.25;

/** Sums over the calls, the latest with the most weight. */
interface Sums {
  weight: number;
  rows: number;
  ms: number;
  rowsRows: number;
  rowsMs: number;
}

/** Milliseconds of any call, and of each of its rows besides. */
interface Line {
  readonly callMs: number;
  readonly rowMs: number;
}

/**
 * What a call of a model costs by its rows: so much for any call, and so much for each row (a straight line through the
 * calls, by least squares). A model of which each call reads all its weights from memory costs nearly the same for one row
 * as for ten; one that computes costs ten times as much.
 */
export class CallCosts {
  private count = 0;
  /** What was found last from calls of several sizes: it counts on while all calls have one. */
  private known: Line | undefined;
  private readonly sums: Sums = { weight: 0, rows: 0, ms: 0, rowsRows: 0, rowsMs: 0 };

  /** Records a call of so many rows and milliseconds. */
  record(rows: number, ms: number): void {
    if (rows === 0) return;
    this.count += 1;
    const { sums } = this;
    const call: Sums = { weight: 1, rows, ms, rowsRows: rows * rows, rowsMs: rows * ms };
    for (const key of Object.keys(sums) as (keyof Sums)[]) sums[key] = KEPT * sums[key] + call[key];
    this.known = this.line() ?? this.known;
  }

  /**
   * How many times sooner waiting rows are computed when one thread more takes its part of them.
   *
   * @param rows  that wait; at least two, as with fewer there is nothing to part.
   * @param threads  that compute the model now.
   * @param maxRows  most rows of one call.
   * @returns undefined while too few calls were measured; Infinity when they all had one size, so that nothing speaks
   *   against another thread.
   */
  gainOfThread(rows: number, threads: number, maxRows: number): number | undefined {
    if (this.count < MIN_CALLS) return undefined;
    const line = this.known;
    if (!line) return Infinity;
    const msOf = (part: number) => Math.max(1, Math.ceil(part / maxRows)) * line.callMs + part * line.rowMs;
    const waiting = Math.max(2, rows);
    return msOf(waiting / threads) / msOf(waiting / (threads + 1));
  }

  private line(): Line | undefined {
    const { weight, rows, ms, rowsRows, rowsMs } = this.sums;
    const [meanRows, meanMs] = [rows / weight, ms / weight];
    const variance = rowsRows / weight - meanRows ** 2;
    if (Math.sqrt(Math.max(0, variance)) < MIN_RANGE * meanRows) return undefined;
    const slope = (rowsMs / weight - meanRows * meanMs) / variance;
    const rowMs = Math.min(Math.max(0, slope), meanMs / meanRows);
    return { callMs: meanMs - rowMs * meanRows, rowMs };
  }
}
