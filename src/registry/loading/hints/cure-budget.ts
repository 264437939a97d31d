/** Most time that is spent at once, milliseconds: enough to look at two runs for as long as one may take. */
const BURST_MS = 8_000;
/** Part of the time that may be spent for long. */
const SHARE = 0.1;

/**
 * Time for looking for what is wrong with runs that do not repeat their examples. A store may have hundreds of them, all
 * better than the one that serves in the end: a start must not wait for a cure of each.
 */
export class CureBudget {
  private leftMs = BURST_MS;
  private sinceMs: number;

  /** @param now  milliseconds of a clock that never goes back. */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.sinceMs = now();
  }

  /** Milliseconds that may be spent now; 0 when the next run has to do without. */
  get remainingMs(): number {
    const nowMs = this.now();
    this.leftMs = Math.min(BURST_MS, this.leftMs + SHARE * (nowMs - this.sinceMs));
    this.sinceMs = nowMs;
    return Math.max(0, this.leftMs);
  }

  /** Counts the time that `work` takes. */
  async spend<Result>(work: () => Promise<Result>): Promise<Result> {
    const startMs = this.now();
    try {
      return await work();
    } finally {
      this.leftMs -= this.now() - startMs;
    }
  }
}
