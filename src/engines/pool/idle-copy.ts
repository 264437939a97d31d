import type { PoolModel } from './pool-model.js';
import type { PoolWorker } from './pool-worker.js';

/** A copy of a model in a thread. */
interface Copy {
  readonly model: PoolModel;
  readonly thread: PoolWorker;
}

/** The largest copy that its model does not need at the moment: nothing waits for it, and another thread has one too. */
export function largestIdleCopy(
  models: Iterable<PoolModel>,
  threadsWith: (model: PoolModel) => readonly PoolWorker[],
): Copy | undefined {
  let largest: Copy | undefined;
  for (const model of models) {
    const threads = model.queue.size === 0 ? threadsWith(model) : [];
    const thread = threads.length > 1 ? threads.find(({ isFree }) => isFree) : undefined;
    if (thread && model.copies.copyBytes > (largest?.model.copies.copyBytes ?? 0)) largest = { model, thread };
  }
  return largest;
}

/** Releases a session on the main thread whose model has no work at the moment. @returns whether there was one. */
export async function giveBackInlineCopy(models: Iterable<PoolModel>): Promise<boolean> {
  for (const { inline, queue, activeThreads } of models)
    if (queue.size === 0 && activeThreads === 0 && (await inline?.giveBack())) return true;
  return false;
}
