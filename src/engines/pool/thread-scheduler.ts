import type { PooledModel } from './pool-model.js';
import type { WorkerThread } from './worker-thread.js';

/** Threads and models of a pool, as they are whenever they are asked for. */
export interface PoolState {
  readonly threads: () => ReadonlySet<WorkerThread>;
  readonly models: () => ReadonlySet<PooledModel>;
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
export class ThreadChoice {
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
  toCompute(model: PooledModel): WorkerThread | undefined {
    return this.pick(model, true);
  }

  /** A free thread to load the model as well: one that does not hold it. */
  toSpread(model: PooledModel): WorkerThread | undefined {
    return this.pick(model, false);
  }

  /**
   * A free thread that does not give way, to load a model of short calls as well, which otherwise only threads hold that
   * do: those began to give way after they had loaded it.
   */
  toMoveTo(model: PooledModel): WorkerThread | undefined {
    let free: WorkerThread | undefined;
    for (const thread of this.state.threads()) {
      if (thread.givesWay) continue;
      if (thread.models.has(model.key)) return undefined;
      if (thread.isFree) free = thread;
    }
    return free;
  }

  /** Whether the thread has to give way from now on, because it is going to compute the model. */
  mustGiveWay(thread: WorkerThread, model: PooledModel): boolean {
    return !thread.givesWay && model.queue.pace.isLong && this.othersForShort(thread, ({ givesWay }) => !givesWay);
  }

  private pick(model: PooledModel, holds: boolean): WorkerThread | undefined {
    const isLong = !model.queue.pace.isShort;
    let second: WorkerThread | undefined;
    for (const thread of this.state.threads()) {
      if (!thread.isFree || thread.models.has(model.key) !== holds) continue;
      if (isLong && !this.mayWorkLong(thread)) continue;
      if (thread.givesWay === isLong) return thread;
      second ??= thread;
    }
    return second;
  }

  /** Whether a thread is left to models whose calls are short when this one does long work. */
  private mayWorkLong(thread: WorkerThread): boolean {
    if (thread.givesWay || this.state.threads().size === 1 || !this.servesShortCalls()) return true;
    return this.othersForShort(thread, ({ givesWay, worksLong }) => !givesWay && !worksLong);
  }

  private servesShortCalls(): boolean {
    for (const { queue } of this.state.models()) if (queue.pace.isShort) return true;
    return false;
  }

  private othersForShort(thread: WorkerThread, isForShort: (other: WorkerThread) => boolean): boolean {
    for (const other of this.state.threads()) if (other !== thread && isForShort(other)) return true;
    return false;
  }
}
