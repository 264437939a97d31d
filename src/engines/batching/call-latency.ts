/** From here on a call is long: other models should not have to wait for it. Milliseconds. */
const LONG_CALL_MS = 5;
/** Up to here a call is quick: waiting for it is cheaper than waking another thread. Milliseconds. */
const QUICK_CALL_MS = 1;
/** How much the estimate follows, at most, a call that took longer than it says. */
const MAX_INCREASE = 2;

/**
 * How long the calls of a model take on a thread that nobody disturbs, learnt from its calls. Only a short call proves
 * anything: a thread that had to let others have the processor makes any call look long. So a shorter call counts at
 * once, and longer ones only when there are many of them and no shorter one.
 */
export class LatencyEstimator {
  private ms: number | undefined;

  /** Notes that the engine computed so many rows in so many milliseconds. */
  record(rows: number, ms: number): void {
    if (rows === 0) return;
    this.ms = Math.min(ms, (this.ms ?? Infinity) * MAX_INCREASE);
  }

  /** Known to take long. Neither `isLong` nor `isShort` before the first call. */
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
