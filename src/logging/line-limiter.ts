/** Keys that are told apart; what comes beyond them shares one. */
const MAX_KEYS = 1_000;
const OTHERS = '';

/**
 * Decides which of many equal log lines are written: the first of each key, then one per interval, with the number of those
 * between. What clients can cause as often as they like must not fill the log.
 */
export class LineLimiter {
  private readonly lines = new Map<string, { atMs: number; more: number }>();

  constructor(private readonly intervalMs: number) {}

  /** @returns how many were left out since the last line of `key`; undefined when this one is left out, too. */
  next(key: string): number | undefined {
    const kept = this.lines.has(key) || this.lines.size < MAX_KEYS ? key : OTHERS;
    const last = this.lines.get(kept);
    const nowMs = performance.now();
    if (last && nowMs - last.atMs < this.intervalMs) {
      last.more += 1;
      return undefined;
    }
    // Written anew, so that the oldest keys come first.
    this.lines.delete(kept);
    this.lines.set(kept, { atMs: nowMs, more: 0 });
    this.forgetOld(nowMs);
    return last?.more ?? 0;
  }

  /** Makes room for new keys. Those with lines left out stay, because that is yet to be told. */
  private forgetOld(nowMs: number): void {
    for (const [key, { atMs, more }] of this.lines) {
      if (nowMs - atMs < this.intervalMs) return;
      if (more === 0) this.lines.delete(key);
    }
  }
}
