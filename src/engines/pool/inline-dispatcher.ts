import { joinInputs, joinOutputNames, shareOutputs } from '../batching/shared-call.js';
import { largestRowBytes } from '../batching/pending-prediction.js';
import type { PendingPrediction } from '../batching/pending-prediction.js';
import type { PoolModel } from './pool-model.js';

/** Callbacks to the pool. */
interface InlineEvents {
  /** What waits for the model is for the threads. */
  onRest(model: PoolModel): void;
  onAnswered(model: PoolModel, call: readonly PendingPrediction[], durationMs: number, computeMs: number): void;
  onFailed(model: PoolModel, call: readonly PendingPrediction[], cause: string): void;
}

/**
 * Gives predictions of tiny models to their session on the main thread. Those that arrive in one turn of the event loop
 * share a call, which begins when all that had arrived has been read. More than a few rows, and everything while the
 * loop is late, is left to the threads.
 */
export class InlineDispatcher {
  private readonly models = new Set<PoolModel>();
  private scheduledMs = 0;

  /** @param maxLateMs  when the event loop is behind by more than this, the threads compute; milliseconds. */
  constructor(
    private readonly maxLateMs: number,
    private readonly events: InlineEvents,
  ) {}

  /** Takes a prediction that has just been queued. @returns false when it is for the threads, and may have to wait. */
  accept(model: PoolModel, prediction: PendingPrediction): boolean {
    if (this.models.has(model)) return true;
    if (!mayBeComputed(model, prediction)) {
      prediction.watch();
      return false;
    }
    if (this.models.size === 0) {
      this.scheduledMs = performance.now();
      setImmediate(this.onTurn);
    }
    this.models.add(model);
    return true;
  }

  private readonly onTurn = (): void => {
    const isLate = performance.now() - this.scheduledMs > this.maxLateMs;
    const models = [...this.models];
    this.models.clear();
    for (const model of models) this.computeWaiting(model, isLate);
  };

  private computeWaiting(model: PoolModel, isLate: boolean): void {
    for (let next = model.queue.next; next; next = model.queue.next) {
      if (isLate || !mayBeComputed(model, next)) {
        model.queue.watchLatest();
        return this.events.onRest(model);
      }
      const call = model.queue.takeCall().filter((prediction) => !prediction.endIfOver());
      if (call.length > 0) void this.compute(model, call);
    }
  }

  private async compute(model: PoolModel, call: readonly PendingPrediction[]): Promise<void> {
    const startMs = performance.now();
    for (const prediction of call) prediction.start();
    model.activeThreads += 1;
    const result = await computeCall(model, call).catch((error: unknown) => ({ cause: String(error) }));
    model.activeThreads -= 1;
    if ('cause' in result) {
      model.inline!.recordFailure(result.cause);
      this.events.onFailed(model, call, result.cause);
    } else {
      this.events.onAnswered(model, call, performance.now() - startMs, result.computeMs);
    }
    model.endIfIdle();
  }
}

async function computeCall({ inline }: PoolModel, call: readonly PendingPrediction[]): Promise<{ computeMs: number }> {
  const outputNames = joinOutputNames(call);
  const inputs = joinInputs(call);
  const size = { rows: inputs[0]!.rows, rowBytes: largestRowBytes(call) };
  const { outputs, computeMs } = await inline!.compute(inputs, size, { outputNames, rowByRow: false });
  shareOutputs(call, outputs, outputNames);
  return { computeMs };
}

function mayBeComputed(
  { inline, queue }: PoolModel,
  { options, retryGroup, rows, inputs }: PendingPrediction,
): boolean {
  if (!inline || options.isolated || retryGroup || rows === undefined || inputs.length !== 1) return false;
  if (options.rowByRow && rows > 1) return false;
  return inline.accepts(queue);
}
