/** Target limit of a shared call, milliseconds: its rows wait for each other, and other models wait too. */
const LONG_CALL_MS = 50;

/**
 * Maximum number of rows per shared call. A quick model gets all waiting rows; for one whose rows take long, a shared
 * call saves little and delays everybody, so the limit follows the measured call time.
 */
export class AdaptiveBatchSize {
  private limit: number;

  /** @param most  upper limit of rows, however quick the model is. */
  constructor(private readonly most: number) {
    this.limit = most;
  }

  get rows(): number {
    return this.limit;
  }

  /** Records the duration of a call, in milliseconds, and its rows. */
  record(rows: number, ms: number): void {
    if (ms > LONG_CALL_MS) this.limit = limitTo(Math.floor((rows * LONG_CALL_MS) / ms), this.most);
    else if (rows * 2 > this.limit) this.limit = limitTo(this.limit * 2, this.most);
  }
}

function limitTo(rows: number, most: number): number {
  return Math.min(most, Math.max(1, rows));
}
