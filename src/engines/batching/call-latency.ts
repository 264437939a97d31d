/** Calls above this are long: other models should not wait for them. Milliseconds. */
const LONG_CALL_MS = 5;
/** Calls below this are quick: waiting for one is cheaper than waking another thread. Milliseconds. */
const QUICK_CALL_MS = 1;
/** A longer sample raises the estimate at most by this factor. */
const MAX_INCREASE = 2;

/**
 * Estimates uncontended call latency. A shorter sample replaces the estimate at once; a longer one may at most double
 * it, because contention only ever makes calls look longer.
 */
export class LatencyEstimator {
  private ms: number | undefined;

  /** Records a call of so many rows and milliseconds. */
  record(rows: number, ms: number): void {
    if (rows === 0) return;
    this.ms = Math.min(ms, (this.ms ?? Infinity) * MAX_INCREASE);
  }

  /** Whether calls are long. Neither `isLong` nor `isShort` before the first call. */
  get isLong(): boolean {
    return this.ms !== undefined && this.ms > LONG_CALL_MS;
  }

  /** Known not to take long. */
  get isShort(): boolean {
    return this.ms !== undefined && this.ms <= LONG_CALL_MS;
  }

  get isQuick(): boolean {
    return this.ms !== undefined && this.ms < QUICK_CALL_MS;
  }
}
