/** Timers may fire this much before their time by `performance.now()`. */
const TIMER_TOLERANCE_MS = 1;

/** Until when something has to be over. */
export interface TimeLimit {
  /** By `performance.now()`. */
  readonly at: number;
  /** Called once when the time has come and the work is not done. */
  readonly onPassed: () => void;
}

/** Something that may have a time limit. */
export interface Limited {
  limit: TimeLimit | undefined;
}

/**
 * Watches time limits that are set very often and almost never pass: those of the threads, for each call. One timer is
 * set to the earliest limit and checks all of them when it fires. A timer per call would cost more than the rest of
 * dispatching it and would keep finished calls alive until the next full collection.
 */
export class DeadlineTimer {
  private timer: NodeJS.Timeout | undefined;
  private timerAt = Infinity;

  /** @param all  those that may have a limit now. */
  constructor(private readonly all: () => Iterable<Limited>) {}

  /** To be called for each new limit. */
  schedule({ at }: TimeLimit): void {
    if (at >= this.timerAt) return;
    clearTimeout(this.timer);
    this.timerAt = at;
    this.timer = setTimeout(this.onTimer, Math.max(1, at - performance.now()));
  }

  /** Nothing is watched any more. */
  stop(): void {
    clearTimeout(this.timer);
    this.timerAt = -Infinity;
  }

  private readonly onTimer = (): void => {
    this.timerAt = Infinity;
    const now = performance.now() + TIMER_TOLERANCE_MS;
    for (const each of [...this.all()]) {
      const { limit } = each;
      if (!limit) continue;
      if (limit.at > now) this.schedule(limit);
      else {
        each.limit = undefined;
        limit.onPassed();
      }
    }
  };
}
