import type { Best } from '../state/registered-run.js';
import type { Failure } from '../loading/outcome-counter.js';

/** Length of the bake period: the time after a cutover in which the previous run stays loaded. */
const BAKE_PERIOD_MS = 60_000;
/** The run is rolled back when more than this share of its predictions failed, given enough of them. */
const MAX_FAILED_SHARE = 0.2;
const MIN_PREDICTIONS = 5;
/** Maximum number of failed predictions replayed on the previous run at the same time; further ones are not counted. */
const MAX_REPLAY_COUNT = 4;

/**
 * The bake period: the first minute of a run in service. The previous run stays in memory, so that a rollback takes no
 * time; it is released when the period ends or the next run takes over.
 */
export class BakePeriod {
  private readonly timer: NodeJS.Timeout;
  private hasFailed = false;
  /** Failed predictions being replayed on the previous run now. */
  private replayCount = 0;
  /** Whether it has ended: the previous run is released. */
  isOver = false;

  /**
   * @param previous  the run that served before.
   * @param onFailed  called once, during the period, when too many predictions failed.
   */
  constructor(
    private readonly current: Best,
    readonly previous: Best,
    private readonly onFailed: (failed: number, total: number) => void,
    durationMs = BAKE_PERIOD_MS,
  ) {
    current.loaded.results.reset((failure) => void this.checkFailure(failure));
    this.timer = setTimeout(() => this.end(), durationMs).unref();
  }

  /** Ends the bake period; the previous run is released unless it is to serve again. */
  end({ keepPrevious = false } = {}): void {
    clearTimeout(this.timer);
    this.current.loaded.results.onFailure = undefined;
    if (!keepPrevious && !this.isOver) void this.previous.loaded.release();
    this.isOver = true;
  }

  /**
   * Do not count a failure the previous run fails on too: otherwise clients could force a rollback with impossible
   * rows. Failures inside the model and before it are replayed, not models that hung or killed a thread.
   */
  private async checkFailure({ mayBeRows, replayWith }: Failure): Promise<void> {
    if (!mayBeRows) return this.countFailure();
    if (this.replayCount >= MAX_REPLAY_COUNT) return;
    this.replayCount += 1;
    try {
      await replayWith(this.previous.loaded);
    } catch {
      return;
    } finally {
      this.replayCount -= 1;
    }
    this.countFailure();
  }

  private countFailure(): void {
    const { results } = this.current.loaded;
    results.failed += 1;
    const total = results.succeeded + results.failed;
    const isAccepted = total < MIN_PREDICTIONS || results.failed <= MAX_FAILED_SHARE * total;
    if (this.isOver || this.hasFailed || isAccepted) return;
    this.hasFailed = true;
    this.onFailed(results.failed, total);
  }
}
