import type { PoolModel } from './pool-model.js';
import type { PoolWorker } from './pool-worker.js';

/** Present threads and models of a pool. */
interface PoolState {
  readonly threads: () => ReadonlySet<PoolWorker>;
  readonly models: () => ReadonlySet<PoolModel>;
}

/**
 * Keeps one worker free for short calls. Models whose calls exceed 5 ms, and those not measured yet, may use all
 * workers but one when there are models with short calls. Workers that run long calls get a lower OS priority, which
 * Linux cannot undo, so one worker always keeps its priority. Long calls prefer workers of low priority, short calls
 * the others.
 */
export class ThreadScheduler {
  constructor(private readonly state: PoolState) {}

  /** A free thread to load a model for the first time: the one with the fewest models. */
  forFirstLoad(): PoolWorker | undefined {
    let best: PoolWorker | undefined;
    for (const thread of this.state.threads()) {
      if (!thread.isFree || (best && best.models.size <= thread.models.size)) continue;
      if (this.mayWorkLong(thread)) best = thread;
    }
    return best;
  }

  /** A free thread that holds the model. */
  forCall(model: PoolModel): PoolWorker | undefined {
    return this.pick(model, true);
  }

  /** A free thread that does not hold the model, to load a replica. */
  forReplica(model: PoolModel): PoolWorker | undefined {
    return this.pick(model, false);
  }

  /**
   * A free thread of normal priority, to load a model of short calls that only threads of low priority hold: they were
   * lowered after they had loaded it.
   */
  forMove(model: PoolModel): PoolWorker | undefined {
    let free: PoolWorker | undefined;
    for (const thread of this.state.threads()) {
      if (thread.isLowPriority) continue;
      if (thread.models.has(model.key)) return undefined;
      if (thread.isFree) free = thread;
    }
    return free;
  }

  /** Whether the thread must get a lower priority, because it is going to compute the model. */
  mustLowerPriority(thread: PoolWorker, model: PoolModel): boolean {
    return (
      !thread.isLowPriority &&
      model.queue.latency.isLong &&
      this.hasOtherThread(thread, ({ isLowPriority }) => !isLowPriority)
    );
  }

  private pick(model: PoolModel, isLoaded: boolean): PoolWorker | undefined {
    const isLong = !model.queue.latency.isShort;
    let second: PoolWorker | undefined;
    for (const thread of this.state.threads()) {
      if (!thread.isFree || thread.models.has(model.key) !== isLoaded) continue;
      if (isLong && !this.mayWorkLong(thread)) continue;
      if (thread.isLowPriority === isLong) return thread;
      second ??= thread;
    }
    return second;
  }

  /** Whether another thread is left to models of short calls when this one does long work. */
  private mayWorkLong(thread: PoolWorker): boolean {
    if (thread.isLowPriority || this.state.threads().size === 1 || !this.hasShortCalls()) return true;
    return this.hasOtherThread(thread, ({ isLowPriority, isLongCall }) => !isLowPriority && !isLongCall);
  }

  private hasShortCalls(): boolean {
    for (const { queue } of this.state.models()) if (queue.latency.isShort) return true;
    return false;
  }

  private hasOtherThread(thread: PoolWorker, isForShort: (other: PoolWorker) => boolean): boolean {
    for (const other of this.state.threads()) if (other !== thread && isForShort(other)) return true;
    return false;
  }
}
