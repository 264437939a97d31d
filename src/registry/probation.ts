import type { Best } from './registered-run.js';

/** How long a run is watched after it took over, and its predecessor kept ready. */
export const PROBATION_MS = 60_000;
/** A run goes when more than this share of its predictions failed, once there were enough of them. */
const MAX_FAILED_SHARE = 0.2;
const FEWEST_PREDICTIONS = 5;

/**
 * The first minute of a run in service. Its predecessor stays in memory meanwhile, so that stepping back takes no time;
 * it is given back when the minute is over, or when the next run takes over.
 */
export class Probation {
  private readonly timer: NodeJS.Timeout;
  private hasFailed = false;
  /** Whether it has ended: the predecessor is no longer kept. */
  isOver = false;

  /**
   * @param previous  the run that served before.
   * @param onFailed  told once, during the minute, when too many predictions failed.
   */
  constructor(
    private readonly watched: Best,
    readonly previous: Best,
    private readonly onFailed: (failed: number, total: number) => void,
    durationMs = PROBATION_MS,
  ) {
    watched.served.record.reset(() => this.judge());
    this.timer = setTimeout(() => this.end(), durationMs).unref();
  }

  /** Ends the watch; the predecessor is given back unless it is to serve again. */
  end({ keepPrevious = false } = {}): void {
    clearTimeout(this.timer);
    this.watched.served.record.onFailure = undefined;
    if (!keepPrevious && !this.isOver) void this.previous.served.release();
    this.isOver = true;
  }

  private judge(): void {
    const { answered, failed } = this.watched.served.record;
    const total = answered + failed;
    if (this.isOver || this.hasFailed || total < FEWEST_PREDICTIONS || failed <= MAX_FAILED_SHARE * total) return;
    this.hasFailed = true;
    this.onFailed(failed, total);
  }
}
