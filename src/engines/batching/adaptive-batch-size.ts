/**
 * A call that several predictions share should not take longer than this, milliseconds: its rows wait for each other,
 * and so do other models.
 */
const LONG_CALL_MS = 50;

/**
 * How many rows predictions may bring together in one call. A quick model gets all that wait; for one whose rows take
 * long, joining saves little and makes everybody wait, so the limit follows the measured time of its calls.
 */
export class AdaptiveBatchSize {
  private limit: number;

  /** @param most  most rows, however quick the model is. */
  constructor(private readonly most: number) {
    this.limit = most;
  }

  get rows(): number {
    return this.limit;
  }

  /** Notes that a call of so many rows took so many milliseconds. */
  record(rows: number, ms: number): void {
    if (ms > LONG_CALL_MS) this.limit = limitTo(Math.floor((rows * LONG_CALL_MS) / ms), this.most);
    else if (rows * 2 > this.limit) this.limit = limitTo(this.limit * 2, this.most);
  }
}

function limitTo(rows: number, most: number): number {
  return Math.min(most, Math.max(1, rows));
}
