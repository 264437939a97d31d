import '../onnx/no-telemetry.js';
import '../tfjs/native-logging.js';

import type { ResourceLimits } from 'node:worker_threads';

import { AppError } from '../../domain/app-error.js';
import { RunError } from '../../domain/verdict.js';
import type { LoadRequest } from '../inference-engine.js';
import { ModelHost } from '../model-host.js';
import type { ModelHandle } from '../model-host.js';
import { toPayload, fromPayload } from '../worker/messages.js';
import type { Reply } from '../worker/messages.js';
import { ModelQueue } from '../batching/model-queue.js';
import type { PendingPrediction } from '../batching/pending-prediction.js';
import type { PoolEvent, PoolListener } from './pool-event.js';
import { PoolModel } from './pool-model.js';
import { joinInputs, joinOutputNames, shareOutputs } from '../batching/shared-call.js';
import { ThreadScheduler } from './thread-scheduler.js';
import { ThreadSupervisor } from './thread-supervisor.js';
import { DeadlineTimer } from './deadline-timer.js';
import { inferenceWorkerFile } from '../worker/worker-file.js';
import { WorkerThread } from './worker-thread.js';
import type { ReplyHandler, ThreadEnd } from './worker-thread.js';

/** How a pool is set up; times in milliseconds. */
export interface WorkerPoolOptions {
  /** Threads that compute, at least 1. Each holds the models it was needed for. */
  readonly threads: number;
  /** Time a thread has after the deadline of its prediction before it is ended and replaced; see `patienceMs`. */
  readonly hangGraceMs: number;
  /**
   * How long a call may take whatever the deadlines of its callers; 0 unless set. A caller in a hurry gets its answer in
   * time, but must not be able to end a thread that does nothing wrong.
   */
  readonly callTimeoutMs?: number;
  /** Predictions of one model that may wait for a thread. */
  readonly maxQueuedPerModel: number;
  /** Most rows that several predictions may bring together in one call; 1 unless set: each has a call of its own. */
  readonly maxBatchRows?: number;
  /** How long a free thread lets a prediction wait for others to share its call, milliseconds; 0 unless set. */
  readonly batchWaitMs?: number;
  /** Longest time a thread may take to load a model. */
  readonly loadTimeoutMs: number;
  /** Memory limits of each thread's JavaScript heap; Node's defaults unless set. */
  readonly resourceLimits?: ResourceLimits;
  /** Compiled file the threads run; the inference worker of this build unless set. */
  readonly workerFile?: string;
  readonly onEvent?: PoolListener;
}

/** Pause before a thread tries a model again that one could not load: others hold it, or none does. */
const REPLICA_PAUSE_MS = 30_000;
const RELOAD_PAUSE_MS = 1_000;
/** Threads in a row that cannot start before loads stop waiting for one. */
const START_FAILURES = 3;
/** Timers may fire this much before their time by `performance.now()`. */
const TIMER_TOLERANCE_MS = 2;
const LOAD_TIMEOUT = 'loading took longer than its limit';
/** A call is not hung before it has taken as long as so many usual ones. */
const MEAN_CALL_FACTOR = 4;
/** However hasty its callers are, a shared call is not hung before it has taken this long. */
const MIN_SHARED_MS = 1_000;
/** How long close() waits for threads deep in native code. */
const CLOSE_TIMEOUT_MS = 5_000;

/** A `load()` that no thread has taken yet. */
interface WaitingLoad {
  readonly model: PoolModel;
  readonly resolve: (model: ModelHandle) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Holds models in worker threads and gives each free thread the next work. Every thread has one request at a time and
 * all waiting happens here, so a thread that hangs or dies takes only its present call along.
 *
 * A model is loaded by one thread first; another one loads it too when predictions of it wait while that thread has
 * nothing to do. Models take turns, each model's predictions go in order.
 *
 * A free thread takes all predictions of a model that wait, up to a number of rows, and computes them in one call: a
 * lone one leaves at once, a crowd shares the price of a call, and nobody waits for a timer unless the operator wants it
 * (`batchWaitMs`).
 */
export class WorkerPool extends ModelHost {
  private readonly supervisor: ThreadSupervisor;
  private readonly scheduler: ThreadScheduler;
  private readonly limits: DeadlineTimer;
  private readonly models = new Set<PoolModel>();
  /** Models with waiting predictions, the next one to be served first. */
  private readonly waitingModels = new Set<PoolModel>();
  private readonly loadQueue: WaitingLoad[] = [];
  private readonly timers = new Set<NodeJS.Timeout>();
  /** Models for which a timer runs that ends the gathering of a call. */
  private readonly batchTimers = new Set<PoolModel>();
  private nextKey = 1;
  private isClosed = false;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: WorkerPoolOptions) {
    super();
    const file = options.workerFile ?? inferenceWorkerFile();
    this.supervisor = new ThreadSupervisor({
      size: options.threads,
      start: (listener) => new WorkerThread(file, options.resourceLimits, listener),
      onReady: () => this.dispatch(),
      onLost: (thread, cause, startFailures) => this.threadLost(thread, cause, startFailures),
      onBlocked: (count) => this.emit({ kind: 'threads-stuck', count }),
    });
    this.scheduler = new ThreadScheduler({ threads: () => this.supervisor.threads, models: () => this.models });
    this.limits = new DeadlineTimer(() => this.supervisor.threads);
  }

  override load(request: LoadRequest): Promise<ModelHandle> {
    if (this.isClosed) return Promise.reject(new AppError('SHUTTING_DOWN'));
    const { maxQueuedPerModel: limit, threads, maxBatchRows = 1 } = this.options;
    const queue = new ModelQueue({ limit, threads, maxBatchRows });
    const model = new PoolModel(this.nextKey++, request, queue, {
      onWork: (waiting) => this.onWork(waiting),
      onDrain: (idle) => this.releaseModel(idle),
    });
    return new Promise((resolve, reject) => {
      this.loadQueue.push({ model, resolve, reject });
      this.dispatch();
    });
  }

  override close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    this.isClosed = true;
    for (const load of this.loadQueue.splice(0)) load.reject(new AppError('SHUTTING_DOWN'));
    for (const model of this.models) model.shutDown();
    this.waitingModels.clear();
    for (const timer of this.timers) clearTimeout(timer);
    this.limits.stop();
    await this.supervisor.close(CLOSE_TIMEOUT_MS);
  }

  // --- who gets which work ---------------------------------------------------------------------------------------

  private onWork(model: PoolModel): void {
    this.waitingModels.add(model);
    this.dispatch();
  }

  /** Gives every free thread work: models to give back, models to load, predictions, models to hold as well. */
  private dispatch(): void {
    if (this.isClosed) return;
    for (const thread of this.supervisor.threads)
      if (thread.isFree && thread.toRelease.length > 0) this.startRelease(thread);
    while (this.loadQueue.length > 0) {
      const thread = this.scheduler.forFirstLoad();
      if (!thread) break;
      this.startFirstLoad(thread, this.loadQueue.shift()!);
    }
    // Threads that hold a waiting model go first, so that no other loads it without need.
    this.startWaiting((model) => this.startNext(model));
    if (this.waitingModels.size > 0)
      this.startWaiting((model) => this.startReplica(model, this.scheduler.forReplica(model)));
  }

  /** Does something for each model that waits, in turn. One that is put to the end meanwhile comes again. */
  private startWaiting(start: (model: PoolModel) => void): void {
    for (const model of this.waitingModels) {
      if (model.queue.size === 0) this.waitingModels.delete(model);
      else if (!model.waitsForOwnThread && !model.isBackingOff && !this.waitsForBatch(model)) start(model);
    }
  }

  private waitsForBatch(model: PoolModel): boolean {
    const { batchWaitMs = 0 } = this.options;
    const leftMs = batchWaitMs > 0 ? model.queue.batchWindowMs(batchWaitMs) : 0;
    if (leftMs <= 0) return false;
    if (this.batchTimers.has(model)) return true;
    this.batchTimers.add(model);
    this.after(leftMs, () => {
      this.batchTimers.delete(model);
      this.dispatch();
    });
    return true;
  }

  private startNext(model: PoolModel): void {
    const thread = this.scheduler.forCall(model);
    if (thread) {
      this.startPrediction(thread, model);
      if (thread.isLowPriority && model.queue.latency.isShort) this.startReplica(model, this.scheduler.forMove(model));
    } else if (this.threadsWith(model).length === 0) {
      this.startReplica(model, this.scheduler.forReplica(model));
    }
  }

  private threadsWith(model: PoolModel): WorkerThread[] {
    return [...this.supervisor.threads].filter((thread) => thread.models.has(model.key));
  }

  // --- predictions -----------------------------------------------------------------------------------------------

  private startPrediction(thread: WorkerThread, model: PoolModel): void {
    const call = model.queue.takeCall();
    this.waitingModels.delete(model);
    if (model.queue.size > 0) this.waitingModels.add(model); // to the end: other models come first now
    for (const prediction of call) prediction.start();
    try {
      this.sendCall(thread, model, call);
    } catch (error) {
      // Memory that was given away before, e.g. with an earlier prediction, cannot be sent.
      this.callFailed(model, call, { kind: 'failed', cause: String(error) });
      queueMicrotask(() => this.dispatch());
    }
  }

  private sendCall(thread: WorkerThread, model: PoolModel, call: readonly PendingPrediction[]): void {
    const { tensors, transfer } = toPayload(joinInputs(call));
    const outputNames = joinOutputNames(call);
    const rowByRow = call[0]!.options.rowByRow ?? false;
    const lowerPriority = this.scheduler.mustLowerPriority(thread, model);
    const request = {
      kind: 'predict',
      model: model.key,
      inputs: tensors,
      outputNames,
      rowByRow,
      lowerPriority,
    } as const;
    const start = performance.now();
    const limit = {
      at: start + this.hangTimeoutMs(model, call, start),
      onPassed: () => this.onCallTimeout(thread, model),
    };
    const isLong = !model.queue.latency.isShort;
    thread.isLowPriority ||= lowerPriority;
    thread.send({ request, transfer, canTerminate: model.canTerminate, isLong, limit }, (reply) => {
      model.activeThreads -= 1;
      if (reply.kind === 'predicted') {
        model.recordSuccess(call, performance.now() - start, reply.computeMs);
        shareOutputs(call, fromPayload(reply.outputs), outputNames);
      } else {
        this.callFailed(model, call, reply);
      }
      model.endIfIdle();
      this.dispatch();
    });
    model.activeThreads += 1;
    this.limits.schedule(limit);
  }

  private onCallTimeout(thread: WorkerThread, model: PoolModel): void {
    this.emit({ kind: 'thread-hung', path: model.path });
    this.supervisor.end(thread, 'the prediction did not end');
  }

  /**
   * How long a call may take before its thread counts as hung; every caller gets its own answer at its own deadline
   * whatever this says. A prediction alone has until its deadline, and a little more for the thread to live on. Among
   * several, one may be to blame for the others: half the time of the most patient is left for computing them alone,
   * and each of those has half of what is left again, so that one that hangs leaves time for the next.
   *
   * Callers in a hurry must not end threads that serve others well: the most patient counts and not the hastiest, a lone
   * call may always take `callTimeoutMs`, and a shared one a second (if that is not more than half of it) and four times
   * as long as usual ones.
   */
  private hangTimeoutMs(model: PoolModel, call: readonly PendingPrediction[], now: number): number {
    const { callTimeoutMs = 0, hangGraceMs } = this.options;
    const { retryGroup } = call[0]!;
    let leftMs = 0;
    for (const { deadline } of call) leftMs = Math.max(leftMs, deadline - now);
    if (call.length > 1 || retryGroup) {
      const leastMs = retryGroup ? hangGraceMs : Math.max(hangGraceMs, Math.min(callTimeoutMs / 2, MIN_SHARED_MS));
      return Math.max(leftMs / 2, leastMs, MEAN_CALL_FACTOR * model.queue.meanCallMs);
    }
    // Timers round down: a lone caller's deadline is over before its thread counts as hung.
    return Math.ceil(Math.max(leftMs, callTimeoutMs)) + hangGraceMs + TIMER_TOLERANCE_MS;
  }

  /**
   * Finds out whom a failed call is to blame on. Predictions change nothing, so they may be computed again: after an
   * error in halves, until the guilty are alone; after the loss of a thread each alone at once, because threads are
   * dear. What fails alone is answered.
   */
  private callFailed(model: PoolModel, call: readonly PendingPrediction[], reply: Reply | ThreadEnd): void {
    const isLost = reply.kind === 'lost';
    if (isLost) {
      this.backOff(model);
      // Timers of one length fire together: the limit of a call can come before an earlier deadline of its caller.
      for (const prediction of call) if (prediction.isExpired) prediction.timeOut();
    }
    const pending = call.filter((prediction) => !prediction.isDone);
    if (call.length > 1 && !this.isClosed) {
      model.queue.requeue(isLost ? pending.map((prediction) => [prediction]) : splitInHalf(pending));
      if (model.queue.size > 0) this.waitingModels.add(model);
      return;
    }
    const cause = causeOf(reply);
    if (!isLost) this.emit({ kind: 'prediction-failed', path: model.path, cause });
    const code = this.isClosed ? 'SHUTTING_DOWN' : isLost ? 'WORKER_LOST' : 'PREDICTION_FAILED';
    for (const prediction of pending) prediction.fail(new AppError(code, {}, { cause: new Error(cause) }));
  }

  /** A thread was lost on this model: a rest keeps it from ending one after the other. */
  private backOff(model: PoolModel): void {
    const backoffMs = model.recordCrash();
    if (backoffMs === 0 || this.isClosed) return;
    this.emit({ kind: 'model-resting', path: model.path, losses: model.crashCount, restMs: backoffMs });
    this.after(backoffMs + TIMER_TOLERANCE_MS, () => this.dispatch());
  }

  // --- loading and giving back -----------------------------------------------------------------------------------

  private startFirstLoad(thread: WorkerThread, { model, resolve, reject }: WaitingLoad): void {
    this.startLoad(thread, model, (reply) => {
      if (reply.kind === 'loaded') {
        model.info = reply.info;
        this.models.add(model);
        resolve(model);
      } else {
        reject(this.isClosed ? new AppError('SHUTTING_DOWN') : toRunError(reply));
      }
    });
  }

  /** Lets another thread hold the model as well, if one can now: one at a time loads it, and a failure is not repeated at once. */
  private startReplica(model: PoolModel, thread: WorkerThread | undefined): void {
    if (!thread || model.isAddingReplica || model.replicaNotBefore > performance.now()) return;
    model.isAddingReplica = true;
    this.startLoad(thread, model, (reply) => {
      model.isAddingReplica = false;
      if (reply.kind === 'loaded' || this.isClosed) return;
      if (reply.kind === 'lost') this.backOff(model);
      this.emit({ kind: 'model-not-spread', path: model.path, cause: causeOf(reply) });
      this.pauseReplication(model);
      if (this.threadsWith(model).length > 0) return;
      const failure = new AppError('PREDICTION_FAILED', {}, { cause: toRunError(reply) });
      for (const waiting of model.queue.takeAll()) waiting.fail(failure);
    });
  }

  private pauseReplication(model: PoolModel): void {
    const pauseMs = this.threadsWith(model).length > 0 ? REPLICA_PAUSE_MS : RELOAD_PAUSE_MS;
    model.replicaNotBefore = performance.now() + pauseMs;
    this.after(pauseMs + TIMER_TOLERANCE_MS, () => this.dispatch());
  }

  private startLoad(thread: WorkerThread, model: PoolModel, onReply: ReplyHandler): void {
    const start = performance.now();
    const limit = {
      at: start + this.options.loadTimeoutMs,
      onPassed: () => this.supervisor.end(thread, LOAD_TIMEOUT),
    };
    const isLong = !model.queue.latency.isShort;
    model.activeThreads += 1;
    const request = { kind: 'load', model: model.key, request: model.request } as const;
    thread.send({ request, canTerminate: model.canTerminate, isLong, limit }, (reply) => {
      model.activeThreads -= 1;
      if (reply.kind === 'loaded') {
        thread.models.add(model.key);
        const durationMs = performance.now() - start;
        this.emit({ kind: 'model-loaded', path: model.path, backend: reply.info.backend, durationMs });
      }
      onReply(reply);
      model.endIfIdle();
      this.dispatch();
    });
    this.limits.schedule(limit);
  }

  private releaseModel(model: PoolModel): void {
    this.models.delete(model);
    const released = this.threadsWith(model).map(
      (thread) => new Promise<void>((done) => thread.toRelease.push({ model: model.key, done })),
    );
    void Promise.all(released).then(() => model.released());
    this.dispatch();
  }

  private startRelease(thread: WorkerThread): void {
    const { model, done } = thread.toRelease.shift()!;
    thread.send({ request: { kind: 'release', model }, canTerminate: false }, () => {
      thread.models.delete(model);
      done();
      this.dispatch();
    });
  }

  // --- threads ---------------------------------------------------------------------------------------------------

  private threadLost(thread: WorkerThread, cause: string, startFailures: number): void {
    for (const { done } of thread.toRelease.splice(0)) done();
    if (this.isClosed) return;
    this.emit({ kind: 'thread-lost', cause });
    if (startFailures < START_FAILURES) return;
    const message = 'The threads that compute models do not start on this machine.';
    const error = new RunError('LOAD_FAILED', message, { cause: new Error(cause) });
    for (const load of this.loadQueue.splice(0)) load.reject(error);
  }

  private emit(event: PoolEvent): void {
    this.options.onEvent?.(event);
  }

  private after(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      work();
    }, ms);
    this.timers.add(timer);
  }
}

function splitInHalf<T>(items: readonly T[]): T[][] {
  const half = items.length >> 1;
  return [items.slice(0, half), items.slice(half)];
}

function causeOf(reply: Reply | ThreadEnd): string {
  return 'cause' in reply ? reply.cause : `unexpected reply: ${reply.kind}`;
}

function toRunError(reply: Reply | ThreadEnd): RunError {
  const cause = new Error(causeOf(reply));
  if (reply.kind === 'problem') return new RunError(reply.code, reply.message, { cause });
  if (reply.kind !== 'lost')
    return new RunError('LOAD_FAILED', 'The engine failed while it loaded the model.', { cause });
  const outcome =
    reply.cause === LOAD_TIMEOUT ? 'took too long' : 'ended the thread that did it, for example for want of memory';
  return new RunError('LOAD_FAILED', `Loading the model ${outcome}.`, { cause });
}
