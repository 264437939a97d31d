import type { ThreadListener, WorkerThread } from './worker-thread.js';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;

export interface RosterOptions {
  /** Threads to keep. */
  readonly size: number;
  readonly start: (listener: ThreadListener) => WorkerThread;
  /** A thread can take work. */
  readonly onReady: () => void;
  /** A thread ended; `startFailures` is how many in a row did so before they could take any work. */
  readonly onLost: (thread: WorkerThread, cause: string, startFailures: number) => void;
  /** Lost threads are not replaced for now, because so many old ones have not ended. */
  readonly onStuck: (count: number) => void;
}

/**
 * Keeps a number of threads alive. A lost one is replaced at once, but threads that cannot start are tried again after
 * growing pauses, and none is started while too many old ones are deep in native code and cannot end.
 */
export class ThreadRoster {
  private readonly live = new Set<WorkerThread>();
  private readonly ending = new Set<Promise<void>>();
  private startFailures = 0;
  private pause: NodeJS.Timeout | undefined;
  private closed = false;
  private readonly listener: ThreadListener;

  constructor(private readonly options: RosterOptions) {
    this.listener = {
      onReady: () => this.ready(),
      onLost: (thread, cause) => this.lost(thread, cause),
    };
    this.fill();
  }

  get threads(): ReadonlySet<WorkerThread> {
    return this.live;
  }

  /** Ends a thread; another takes its place. */
  end(thread: WorkerThread, cause: string): void {
    const gone = thread.end(cause).catch(() => undefined);
    this.ending.add(gone);
    void gone.then(() => {
      this.ending.delete(gone);
      this.fill();
    });
  }

  /** Ends all threads; resolves when they are gone, or after `patienceMs` when native code does not let them. */
  async close(patienceMs: number): Promise<void> {
    this.closed = true;
    clearTimeout(this.pause);
    for (const thread of [...this.live]) this.end(thread, 'the pool was closed');
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)));
    await Promise.race([Promise.all(this.ending), patience]);
    clearTimeout(timer);
  }

  private ready(): void {
    this.startFailures = 0;
    this.options.onReady();
  }

  private lost(thread: WorkerThread, cause: string): void {
    this.live.delete(thread);
    if (!this.closed && !thread.hasStarted) this.startFailures += 1;
    this.options.onLost(thread, cause, this.startFailures);
    if (thread.hasStarted)
      queueMicrotask(() => this.fill()); // after end() has counted it as ending
    else this.fillLater();
  }

  private fillLater(): void {
    if (this.closed) return;
    const ms = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.startFailures - 1));
    this.pause ??= setTimeout(() => {
      this.pause = undefined;
      this.fill();
    }, ms);
  }

  private fill(): void {
    if (this.closed || this.pause) return;
    while (this.live.size < this.options.size) {
      if (this.ending.size > this.options.size) return this.options.onStuck(this.ending.size);
      this.live.add(this.options.start(this.listener));
    }
  }
}
