/** Longest pause before the next poll of what is still being written, milliseconds. */
const MAX_PAUSE_MS = 30_000;

/**
 * Requests another poll when the last one found files being written, because their writer gives no hint when it is
 * done. The pause grows as long as writing goes on: some folders never stop changing.
 */
export class UnsettledRetry {
  /** No hints are given until it is set. */
  onHint: (() => void) | undefined;
  private pauseMs: number;
  private timer: NodeJS.Timeout | undefined;

  /** @param settleMs  how long files must not change; the first pause. */
  constructor(private readonly settleMs: number) {
    this.pauseMs = settleMs;
  }

  /** The store was listed. @param hasUnsettled  whether something was being written meanwhile. */
  onListing(hasUnsettled: boolean): void {
    clearTimeout(this.timer);
    const pauseMs = this.pauseMs;
    this.pauseMs = hasUnsettled ? Math.min(Math.max(pauseMs, 1) * 2, MAX_PAUSE_MS) : this.settleMs;
    if (hasUnsettled) this.timer = setTimeout(() => this.onHint?.(), pauseMs).unref();
  }

  /** Gives no hints any more. */
  end(): void {
    clearTimeout(this.timer);
    this.onHint = undefined;
  }
}
