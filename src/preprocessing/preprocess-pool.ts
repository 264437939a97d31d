import type { PreprocessReply, PreprocessStep } from './preprocess-messages.js';
import { PreprocessThread } from './preprocess-thread.js';

/** Time that a thread may go on with what nobody waits for any more before it is replaced, milliseconds. */
const HANG_GRACE_MS = 5_000;

/** Milliseconds to open what a run needs: a tokenizer of a quarter of a million tokens takes a second or two. */
export const OPEN_TIMEOUT_MS = 60_000;

/** What one run needs, and who waits for it. */
export class PreprocessedRun {
  /** In the order in which they came. */
  readonly waiting = new Set<PreprocessJob>();
  /** Whether a thread is opening it. */
  isStarting = false;
  /** Whether further threads may open it: its files may be gone since the first did. */
  mayOpenAgain = true;
  isReleased = false;

  constructor(
    readonly key: number,
    readonly folder: string,
    readonly steps: readonly PreprocessStep[],
  ) {}
}

/** Texts and images of one request. */
export interface PreprocessJob {
  readonly run: PreprocessedRun;
  /** One list for each step; undefined when the run is only to be opened. */
  readonly texts: readonly (readonly string[])[] | undefined;
  /** Called once; without a reply when its thread is lost. Not called after `leave`. */
  readonly onReply: (reply: PreprocessReply | undefined) => void;
}

interface PreprocessPoolOptions {
  /** Most threads that work at the same time. */
  readonly threads: number;
  /** Called with the cause when a thread is lost. */
  readonly onLost: (cause: string) => void;
}

/** Of a job that a thread works on. */
interface Running {
  readonly thread: PreprocessThread;
  readonly abandoned: Int32Array;
}

/**
 * Threads that decode images and split texts. Each works on one job at a time, so that one that hangs holds up nothing
 * but its own; further threads start when all are busy. A job that nobody waits for any more is given up between two of
 * its rows; while one does not end, a further thread may start in its place, and after a grace period its thread is ended.
 */
export class PreprocessPool {
  private readonly threads = new Set<PreprocessThread>();
  /** Runs with jobs that wait; the one that was served last is at the end. */
  private readonly waitingRuns = new Set<PreprocessedRun>();
  private readonly running = new Map<PreprocessJob, Running>();

  constructor(private readonly options: PreprocessPoolOptions) {}

  add(job: PreprocessJob): void {
    job.run.waiting.add(job);
    this.waitingRuns.add(job.run);
    this.dispatch();
  }

  /** Nobody waits for the job any more. */
  leave(job: PreprocessJob): void {
    this.removeWaiting(job);
    const running = this.running.get(job);
    if (!running) return;
    const { thread, abandoned } = running;
    abandoned[0] = 1;
    thread.hasExpired = true;
    const endIfHung = () => {
      if (this.running.get(job)?.thread === thread) void thread.end('it worked on one request for too long');
    };
    setTimeout(endIfHung, HANG_GRACE_MS).unref();
    this.dispatch();
  }

  release(run: PreprocessedRun): void {
    run.isReleased = true;
    for (const thread of this.threads) thread.forget(run.key);
  }

  /** Ends all threads at once; what waits goes on with others. */
  async endThreads(cause: string): Promise<void> {
    await Promise.all([...this.threads].map((thread) => thread.end(cause)));
  }

  /** Ends everything: each job is answered without a reply. */
  async close(cause: string): Promise<void> {
    for (const run of this.waitingRuns) this.failWaiting(run, undefined);
    await this.endThreads(cause);
  }

  private dispatch(): void {
    while (this.startNext());
  }

  /** Gives one job to a thread. @returns whether there was one that could be given. */
  private startNext(): boolean {
    for (const run of this.waitingRuns) {
      const thread = this.threadFor(run);
      if (!thread) continue;
      const [job] = run.waiting as unknown as Iterable<PreprocessJob>;
      this.removeWaiting(job!);
      // The next job is one of another run, where there is one.
      if (this.waitingRuns.delete(run)) this.waitingRuns.add(run);
      this.start(thread, job!);
      return true;
    }
    return false;
  }

  /** An idle thread that has opened the run; when there is none, one begins to. */
  private threadFor(run: PreprocessedRun): PreprocessThread | undefined {
    const idle = [...this.threads].filter((thread) => thread.isFree);
    const ready = idle.find(({ openRuns }) => openRuns.has(run.key));
    if (ready) return ready;
    if (run.isStarting || !run.mayOpenAgain) return undefined;
    const thread = idle[0] ?? this.startThread();
    if (thread) this.openOn(thread, run);
    return undefined;
  }

  private start(thread: PreprocessThread, job: PreprocessJob): void {
    const { run, texts, onReply } = job;
    if (!texts) return onReply({ kind: 'done', results: [] });
    const abandoned = new Int32Array(new SharedArrayBuffer(4));
    this.running.set(job, { thread, abandoned });
    thread.ask({ kind: 'run', run: run.key, texts, abandoned }, (reply) => {
      this.running.delete(job);
      if (abandoned[0] === 0) onReply(reply);
      else this.endIfExtra(thread);
      this.dispatch();
    });
  }

  private openOn(thread: PreprocessThread, run: PreprocessedRun): void {
    const { key, folder, steps } = run;
    run.isStarting = true;
    const timer = setTimeout(() => void thread.end('it took too long to open a run'), OPEN_TIMEOUT_MS).unref();
    thread.ask({ kind: 'open', run: key, folder, steps }, (reply) => {
      clearTimeout(timer);
      run.isStarting = false;
      if (reply?.kind === 'done') this.opened(thread, run);
      else if (this.isOpenInAny(run)) run.mayOpenAgain = false;
      else this.failWaiting(run, reply);
      this.dispatch();
    });
  }

  private opened(thread: PreprocessThread, run: PreprocessedRun): void {
    thread.openRuns.add(run.key);
    if (run.isReleased) thread.forget(run.key);
  }

  private isOpenInAny({ key }: PreprocessedRun): boolean {
    return [...this.threads].some(({ openRuns }) => openRuns.has(key));
  }

  private failWaiting(run: PreprocessedRun, reply: PreprocessReply | undefined): void {
    for (const job of run.waiting) {
      this.removeWaiting(job);
      job.onReply(reply);
    }
  }

  private removeWaiting(job: PreprocessJob): void {
    const { run } = job;
    run.waiting.delete(job);
    if (run.waiting.size === 0) this.waitingRuns.delete(run);
  }

  /** @returns undefined when there are as many as there may be. Those that hang do not count until there are as many again. */
  private startThread(): PreprocessThread | undefined {
    const { threads } = this.options;
    const working = [...this.threads].filter(({ hasExpired }) => !hasExpired).length;
    if (working >= threads || this.threads.size >= 2 * threads) return undefined;
    const thread = new PreprocessThread((lost, cause) => {
      // What was ended as one too many is none that is lost.
      if (this.threads.delete(lost)) this.lost(lost, cause);
    });
    this.threads.add(thread);
    return thread;
  }

  private lost({ openRuns }: PreprocessThread, cause: string): void {
    openRuns.clear();
    this.options.onLost(cause);
  }

  /** A thread that was taken for hung has come back when another one had started in its place. */
  private endIfExtra(thread: PreprocessThread): void {
    if (this.threads.size <= this.options.threads || !this.threads.delete(thread)) return;
    void thread.end('there are enough threads');
  }
}
