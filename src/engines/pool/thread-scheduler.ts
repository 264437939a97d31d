import type { PoolModel } from './pool-model.js';
import type { WorkerThread } from './worker-thread.js';

/** Threads and models of a pool, as they are whenever they are asked for. */
export interface PoolState {
  readonly threads: () => ReadonlySet<WorkerThread>;
  readonly models: () => ReadonlySet<PoolModel>;
}

/**
 * Which free thread does what. The rule: long work (calls of a model that take long, and everything of one that is not
 * known yet) leaves one thread to the models whose calls are short, if there are any. Such a model waits for its own
 * kind only, never for calls of tens of milliseconds.
 *
 * Threads that compute long calls give way to all others, also to the one that answers requests. That cannot be taken
 * back, so one thread never does: the one that is left to short calls. Long work goes to those that give way first,
 * short work to the others first.
 */
export class ThreadScheduler {
  constructor(private readonly state: PoolState) {}

  /** A free thread to load a model for the first time: the one with the fewest. */
  forFirstLoad(): WorkerThread | undefined {
    let best: WorkerThread | undefined;
    for (const thread of this.state.threads()) {
      if (!thread.isFree || (best && best.models.size <= thread.models.size)) continue;
      if (this.mayWorkLong(thread)) best = thread;
    }
    return best;
  }

  /** A free thread to compute a call of the model: one that holds it. */
  forCall(model: PoolModel): WorkerThread | undefined {
    return this.pick(model, true);
  }

  /** A free thread to load the model as well: one that does not hold it. */
  forReplica(model: PoolModel): WorkerThread | undefined {
    return this.pick(model, false);
  }

  /**
   * A free thread that does not give way, to load a model of short calls as well, which otherwise only threads hold that
   * do: those began to give way after they had loaded it.
   */
  forMove(model: PoolModel): WorkerThread | undefined {
    let free: WorkerThread | undefined;
    for (const thread of this.state.threads()) {
      if (thread.isLowPriority) continue;
      if (thread.models.has(model.key)) return undefined;
      if (thread.isFree) free = thread;
    }
    return free;
  }

  /** Whether the thread has to give way from now on, because it is going to compute the model. */
  mustLowerPriority(thread: WorkerThread, model: PoolModel): boolean {
    return (
      !thread.isLowPriority &&
      model.queue.latency.isLong &&
      this.hasOtherThread(thread, ({ isLowPriority }) => !isLowPriority)
    );
  }

  private pick(model: PoolModel, isLoaded: boolean): WorkerThread | undefined {
    const isLong = !model.queue.latency.isShort;
    let second: WorkerThread | undefined;
    for (const thread of this.state.threads()) {
      if (!thread.isFree || thread.models.has(model.key) !== isLoaded) continue;
      if (isLong && !this.mayWorkLong(thread)) continue;
      if (thread.isLowPriority === isLong) return thread;
      second ??= thread;
    }
    return second;
  }

  /** Whether a thread is left to models whose calls are short when this one does long work. */
  private mayWorkLong(thread: WorkerThread): boolean {
    if (thread.isLowPriority || this.state.threads().size === 1 || !this.hasShortCalls()) return true;
    return this.hasOtherThread(thread, ({ isLowPriority, isLongCall }) => !isLowPriority && !isLongCall);
  }

  private hasShortCalls(): boolean {
    for (const { queue } of this.state.models()) if (queue.latency.isShort) return true;
    return false;
  }

  private hasOtherThread(thread: WorkerThread, isForShort: (other: WorkerThread) => boolean): boolean {
    for (const other of this.state.threads()) if (other !== thread && isForShort(other)) return true;
    return false;
  }
}
