import { waitAtMost } from '../../lib/wait-at-most.js';
import type { PoolWorker, ThreadListener } from './pool-worker.js';

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;

interface SupervisorOptions {
  /** Threads to keep. */
  readonly size: number;
  /** Most threads that may be ending at a time and yet be replaced. */
  readonly maxEnding: number;
  readonly start: (listener: ThreadListener) => PoolWorker;
  /** A thread can take work. */
  readonly onReady: () => void;
  /** A thread ended; `startFailures` is how many in a row did so before they could take any work. */
  readonly onLost: (thread: PoolWorker, cause: string, startFailures: number) => void;
  /** Lost threads are not replaced for now, because so many old ones have not ended. */
  readonly onBlocked: (count: number) => void;
}

/**
 * Keeps a number of threads alive. A lost one is replaced at once; threads that cannot start are retried with a growing
 * backoff, and none is started while too many old ones run native code and cannot end.
 */
export class ThreadSupervisor {
  private readonly live = new Set<PoolWorker>();
  private readonly closing = new Set<Promise<void>>();
  private startFailures = 0;
  private pause: NodeJS.Timeout | undefined;
  private closed = false;
  private readonly listener: ThreadListener;

  constructor(private readonly options: SupervisorOptions) {
    this.listener = {
      onReady: () => this.ready(),
      onLost: (thread, cause) => this.lost(thread, cause),
    };
    this.fill();
  }

  get threads(): ReadonlySet<PoolWorker> {
    return this.live;
  }

  /** Threads that were told to end and are still there. */
  get ending(): number {
    return this.closing.size;
  }

  /** Whether there are too few threads, and none may be started because too many others do not end. */
  get isExhausted(): boolean {
    return !this.closed && this.live.size < this.options.size && this.closing.size > this.options.maxEnding;
  }

  /** Ends a thread; another takes its place. @returns when it is gone. */
  end(thread: PoolWorker, cause: string): Promise<void> {
    const exit = thread.end(cause).catch(() => undefined);
    this.closing.add(exit);
    return exit.then(() => {
      this.closing.delete(exit);
      this.fill();
    });
  }

  /** Ends all threads; resolves when they are gone, or after `timeoutMs` when native code blocks them. */
  async close(timeoutMs: number): Promise<void> {
    this.closed = true;
    clearTimeout(this.pause);
    for (const thread of [...this.live]) void this.end(thread, 'the pool was closed');
    await waitAtMost(Promise.all(this.closing), timeoutMs);
  }

  private ready(): void {
    this.startFailures = 0;
    this.options.onReady();
  }

  private lost(thread: PoolWorker, cause: string): void {
    this.live.delete(thread);
    if (!this.closed && !thread.hasStarted) this.startFailures += 1;
    this.options.onLost(thread, cause, this.startFailures);
    if (thread.hasStarted)
      queueMicrotask(() => this.fill()); // after end() has counted it as ending
    else this.scheduleFill();
  }

  private scheduleFill(): void {
    if (this.closed) return;
    const ms = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.startFailures - 1));
    this.pause ??= setTimeout(() => {
      this.pause = undefined;
      this.fill();
    }, ms);
  }

  private fill(): void {
    if (this.closed || this.pause) return;
    while (this.live.size < this.options.size) {
      if (this.closing.size > this.options.maxEnding) return this.options.onBlocked(this.closing.size);
      this.live.add(this.options.start(this.listener));
    }
  }
}
