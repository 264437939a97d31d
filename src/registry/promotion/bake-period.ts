import type { Best } from '../state/registered-run.js';
import type { Failure } from '../loading/outcome-counter.js';

/** How long a run is watched after it took over, and its predecessor kept ready. */
export const BAKE_PERIOD_MS = 60_000;
/** A run goes when more than this share of its predictions failed, once there were enough of them. */
const MAX_FAILED_SHARE = 0.2;
const MIN_PREDICTIONS = 5;
/** Failed predictions that the predecessor is asked about at the same time; those of a flood beyond it are not counted. */
const MAX_REPLAY_COUNT = 4;

/**
 * The first minute of a run in service. Its predecessor stays in memory meanwhile, so that stepping back takes no time;
 * it is given back when the minute is over, or when the next run takes over.
 */
export class BakePeriod {
  private readonly timer: NodeJS.Timeout;
  private hasFailed = false;
  /** Failures that the predecessor is being asked about. */
  private replayCount = 0;
  /** Whether it has ended: the predecessor is no longer kept. */
  isOver = false;

  /**
   * @param previous  the run that served before.
   * @param onFailed  told once, during the minute, when too many predictions failed.
   */
  constructor(
    private readonly current: Best,
    readonly previous: Best,
    private readonly onFailed: (failed: number, total: number) => void,
    durationMs = BAKE_PERIOD_MS,
  ) {
    current.loaded.outcomes.reset((failure) => void this.checkFailure(failure));
    this.timer = setTimeout(() => this.end(), durationMs).unref();
  }

  /** Ends the watch; the predecessor is given back unless it is to serve again. */
  end({ keepPrevious = false } = {}): void {
    clearTimeout(this.timer);
    this.current.loaded.outcomes.onFailure = undefined;
    if (!keepPrevious && !this.isOver) void this.previous.loaded.release();
    this.isOver = true;
  }

  /**
   * Rows that the predecessor cannot compute either speak against nobody: who sends them must not be able to take a run
   * out of service. Only what fails in the model is asked again; what hung or killed a thread is not.
   */
  private async checkFailure({ code, replayWith }: Failure): Promise<void> {
    if (code !== 'PREDICTION_FAILED') return this.countFailure();
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
    const { outcomes } = this.current.loaded;
    outcomes.failed += 1;
    const total = outcomes.succeeded + outcomes.failed;
    const isAccepted = total < MIN_PREDICTIONS || outcomes.failed <= MAX_FAILED_SHARE * total;
    if (this.isOver || this.hasFailed || isAccepted) return;
    this.hasFailed = true;
    this.onFailed(outcomes.failed, total);
  }
}
