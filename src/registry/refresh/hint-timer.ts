/** Hints of a change come in bursts: a folder that is copied gives one per file. */
const PAUSE_MS = 250;
/** A folder that is written for long, or a stream of webhooks, puts the poll off no longer than this. */
const MAX_PAUSE_MS = 2_000;

/** Makes one poll of all hints of a moment. */
export class HintTimer {
  private timer: NodeJS.Timeout | undefined;
  private firstMs = 0;

  /** @param onTime  called a moment after the last hint, or a while after the first one. */
  constructor(private readonly onTime: () => void) {}

  accept(): void {
    const now = performance.now();
    if (!this.timer) this.firstMs = now;
    clearTimeout(this.timer);
    const pauseMs = Math.max(0, Math.min(PAUSE_MS, this.firstMs + MAX_PAUSE_MS - now));
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.onTime();
    }, pauseMs).unref();
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
