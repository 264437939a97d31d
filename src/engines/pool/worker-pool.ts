import '../onnx/no-telemetry.js';
import '../tfjs/native-logging.js';

import { AppError } from '../../domain/app-error.js';
import { RunError } from '../../domain/verdict.js';
import type { LoadRequest } from '../inference-engine.js';
import { MemoryBudget } from '../memory/memory-budget.js';
import type { Reservation } from '../memory/memory-budget.js';
import { ModelCopies } from '../memory/model-copies.js';
import { ModelHost } from '../model-host.js';
import type { ModelHandle, ThreadCounts } from '../model-host.js';
import { toPayload, fromPayload, rowsOfParts } from '../worker/messages.js';
import type { Reply } from '../worker/messages.js';
import { InlineModel } from '../inline/inline-model.js';
import { ModelQueue } from '../batching/model-queue.js';
import { largestRowBytes } from '../batching/pending-prediction.js';
import type { PendingPrediction } from '../batching/pending-prediction.js';
import type { HeldBytes } from '../batching/prediction-list.js';
import type { PoolEvent } from './pool-event.js';
import { mayHaveCopy, worthOfCopy } from './copy-worth.js';
import { TIMER_TOLERANCE_MS, hangTimeoutMs } from './hang-timeout.js';
import { giveBackInlineCopy, largestIdleCopy } from './idle-copy.js';
import { LOAD_TIMEOUT, causeOf, loadError } from './load-error.js';
import { PoolModel } from './pool-model.js';
import type { WorkerPoolOptions } from './pool-options.js';
import { joinInputs, joinOutputNames, shareOutputs, splitInHalf } from '../batching/shared-call.js';
import { InlineDispatcher } from './inline-dispatcher.js';
import { ThreadScheduler } from './thread-scheduler.js';
import { ThreadSupervisor } from './thread-supervisor.js';
import { DeadlineTimer } from './deadline-timer.js';
import { inferenceWorkerFile } from '../worker/worker-file.js';
import type { PoolWorker, ReplyHandler, ThreadEnd } from './pool-worker.js';
import { WorkerThread } from './worker-thread.js';

/** Pause before a failed load of a model is retried: while other threads hold it, or when none does. */
const REPLICA_PAUSE_MS = 30_000;
const RELOAD_PAUSE_MS = 1_000;
const INLINE_MAX_LATE_MS = 5;
/** Failed thread starts in a row before waiting loads are rejected. */
const START_FAILURES = 3;
/** A thread that was told to end counts as stuck when it is still there after this time. */
const STUCK_AFTER_MS = 5_000;
/** Threads that may be stuck for each that is configured: others are started beside them. */
const STUCK_PER_THREAD = 2;
/** How long close() waits for threads that run native code. */
const CLOSE_TIMEOUT_MS = 5_000;

/** A `load()` that no thread has taken yet. */
interface WaitingLoad {
  readonly model: PoolModel;
  /** Of its copy. */
  readonly memory: Reservation;
  readonly resolve: (model: ModelHandle) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Holds models in worker threads and dispatches work to free threads. Every thread has one request at a time and all
 * waiting happens here, so a thread that hangs or dies loses only its present call.
 *
 * A model is loaded by one thread first, and by another one when its predictions wait while that thread is idle. Models
 * are served round robin, the predictions of a model in order.
 *
 * A free thread takes all waiting predictions of a model, up to a number of rows, and computes them in one call; one of
 * more rows than that is computed in several. There is no artificial delay unless the operator sets one (`batchWaitMs`).
 */
export class WorkerPool extends ModelHost {
  private readonly supervisor: ThreadSupervisor;
  private readonly scheduler: ThreadScheduler;
  private readonly limits: DeadlineTimer;
  private readonly inline: InlineDispatcher;
  private readonly models = new Set<PoolModel>();
  /** Models with waiting predictions, the next one first. */
  private readonly waitingModels = new Set<PoolModel>();
  private readonly loadQueue: WaitingLoad[] = [];
  private readonly timers = new Set<NodeJS.Timeout>();
  /** Models with a timer for their batch window. */
  private readonly batchTimers = new Set<PoolModel>();
  /** What waits in all queues. */
  private readonly queued: HeldBytes = { bytes: 0 };
  private readonly memory: MemoryBudget;
  private nextKey = 1;
  private isClosed = false;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: WorkerPoolOptions) {
    super();
    const file = options.workerFile ?? inferenceWorkerFile();
    this.memory = options.memory ?? new MemoryBudget();
    this.memory.onShortage(() => this.giveBackCopy());
    this.supervisor = new ThreadSupervisor({
      size: options.threads,
      maxEnding: options.maxStuckThreads ?? STUCK_PER_THREAD * options.threads,
      start: options.startWorker ?? ((listener) => new WorkerThread(file, options.resourceLimits, listener)),
      onReady: () => this.dispatch(),
      onLost: (thread, cause, startFailures) => this.threadLost(thread, cause, startFailures),
      onBlocked: (count) => this.emit({ kind: 'threads-stuck', count }),
    });
    this.scheduler = new ThreadScheduler({ threads: () => this.supervisor.threads, models: () => this.models });
    this.limits = new DeadlineTimer(() => this.supervisor.threads);
    this.inline = new InlineDispatcher(options.inlineMaxLateMs ?? INLINE_MAX_LATE_MS, {
      onRest: (model) => this.onWork(model),
      onAnswered: (model, call, durationMs, computeMs) => model.recordSuccess(call, durationMs, computeMs),
      onFailed: (model, call, cause) => {
        this.callFailed(model, call, { kind: 'failed', cause });
        this.dispatch();
      },
    });
  }

  override async load(request: LoadRequest): Promise<ModelHandle> {
    this.requireOpen();
    const { sharing, processes = 1 } = this.options;
    const fullRequest = { sharing, ...request };
    const { copies, first } = await ModelCopies.reserve(fullRequest, { budget: this.memory, processes });
    try {
      this.requireOpen();
      const model = this.newModel({ ...fullRequest, weights: copies.weights }, copies);
      return await new Promise((resolve, reject) => {
        this.loadQueue.push({ model, memory: first, resolve, reject });
        this.dispatch();
      });
    } catch (error) {
      copies.release();
      throw error;
    }
  }

  override async requireMemory(request: LoadRequest): Promise<void> {
    const { sharing, processes = 1 } = this.options;
    await ModelCopies.requireRoom({ sharing, ...request }, { budget: this.memory, processes });
  }

  private requireOpen(): void {
    if (this.isClosed) throw new AppError('SHUTTING_DOWN');
  }

  private newModel(request: LoadRequest, copies: ModelCopies): PoolModel {
    const { maxQueuedPerModel: limit, threads, maxBatchRows, maxQueuedBytes: maxHeldBytes } = this.options;
    const queue = new ModelQueue({ limit, threads, maxBatchRows, maxHeldBytes, held: this.queued });
    return new PoolModel(this.nextKey++, request, queue, copies, {
      onWork: (waiting, prediction) => this.inline.accept(waiting, prediction) || this.onWork(waiting),
      onDrain: (idle) => this.releaseModel(idle),
    });
  }

  override get threadCounts(): ThreadCounts {
    const { threads, ending } = this.supervisor;
    return { configured: this.options.threads, working: threads.size, stuck: ending };
  }

  override get problem(): string | undefined {
    const { isExhausted, ending } = this.supervisor;
    return isExhausted ? `${ending} threads compute predictions that do not end, and no more are started.` : undefined;
  }

  override close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    this.isClosed = true;
    this.rejectPending(new AppError('SHUTTING_DOWN'));
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

  /** Dispatches to every free thread: releases, first loads, predictions, replicas. */
  private dispatch(): void {
    if (this.isClosed) return;
    for (const thread of this.supervisor.threads)
      if (thread.isFree && thread.toRelease.length > 0) this.startRelease(thread);
    while (this.loadQueue.length > 0) {
      const thread = this.scheduler.forFirstLoad();
      if (!thread) break;
      this.startFirstLoad(thread, this.loadQueue.shift()!);
    }
    // Threads that hold a waiting model go first, so that no other loads it needlessly.
    this.startWaiting((model) => this.startNext(model));
    if (this.waitingModels.size > 0)
      this.startWaiting((model) => {
        if (this.isWorthCopy(model)) this.startReplica(model, this.scheduler.forReplica(model));
      });
  }

  /** Calls `start` for each waiting model, in turn. One that is moved to the end meanwhile comes again. */
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

  private threadsWith(model: PoolModel): PoolWorker[] {
    return [...this.supervisor.threads].filter((thread) => thread.models.has(model.key));
  }

  // --- predictions -----------------------------------------------------------------------------------------------

  private startPrediction(thread: PoolWorker, model: PoolModel): void {
    const call = model.queue.takeCall();
    this.waitingModels.delete(model);
    if (model.queue.size > 0) this.waitingModels.add(model); // to the end: other models come first now
    for (const prediction of call) prediction.start();
    try {
      this.sendCall(thread, model, call);
    } catch (error) {
      // Memory that was transferred before, e.g. with an earlier prediction, cannot be sent.
      this.callFailed(model, call, { kind: 'failed', cause: String(error) });
      queueMicrotask(() => this.dispatch());
    }
  }

  private sendCall(thread: PoolWorker, model: PoolModel, call: readonly PendingPrediction[]): void {
    const { parts, transfer } = toPayload(joinInputs(call));
    const outputNames = joinOutputNames(call);
    const rowByRow = call[0]!.options.rowByRow ?? false;
    const lowerPriority = this.scheduler.mustLowerPriority(thread, model);
    const request = {
      kind: 'predict',
      model: model.key,
      inputs: parts,
      outputNames,
      rowByRow,
      lowerPriority,
    } as const;
    const start = performance.now();
    const limit = {
      at: start + hangTimeoutMs(call, model.queue.meanCallMs, this.options),
      onPassed: () => this.onCallTimeout(thread, model),
    };
    const isLong = !model.queue.latency.isShort;
    thread.isLowPriority ||= lowerPriority;
    thread.send({ request, transfer, canTerminate: model.canTerminate, isLong, limit }, (reply) => {
      model.activeThreads -= 1;
      if (reply.kind === 'predicted') {
        model.recordSuccess(call, performance.now() - start, reply.computeMs);
        const size = { rows: rowsOfParts(parts), rowBytes: largestRowBytes(call) };
        model.inline?.recordThreadCall(size, reply.computeMs);
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

  private onCallTimeout(thread: PoolWorker, model: PoolModel): void {
    this.emit({ kind: 'thread-hung', path: model.path });
    const end = this.supervisor.end(thread, 'the prediction did not end');
    if (!model.canTerminate) model.countStuck(end, this.options.stuckAfterMs ?? STUCK_AFTER_MS);
  }

  /**
   * Isolates the cause of a failed call. Predictions have no side effects, so they are computed again: after an error
   * in halves, until the failing ones are alone; after the loss of a thread each alone at once, because threads are
   * expensive. One that fails alone gets the error.
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
      model.queue.enqueueAgain(isLost ? pending.map((prediction) => [prediction]) : splitInHalf(pending));
      if (model.queue.size > 0) this.waitingModels.add(model);
      return;
    }
    const cause = causeOf(reply);
    const isExpected = call.some(({ options }) => options.isolated);
    if (!isLost && !isExpected) this.emit({ kind: 'prediction-failed', path: model.path, cause });
    const code = this.isClosed ? 'SHUTTING_DOWN' : isLost ? 'WORKER_LOST' : 'PREDICTION_FAILED';
    for (const prediction of pending) prediction.fail(new AppError(code, {}, { cause: new Error(cause) }));
  }

  /** Starts the backoff of a model that lost a thread. */
  private backOff(model: PoolModel): void {
    const backoffMs = model.recordCrash();
    if (backoffMs === 0 || this.isClosed) return;
    this.emit({ kind: 'model-backoff', path: model.path, crashCount: model.crashCount, backoffMs });
    this.after(backoffMs + TIMER_TOLERANCE_MS, () => this.dispatch());
  }

  // --- loading and giving back -----------------------------------------------------------------------------------

  private startFirstLoad(thread: PoolWorker, { model, memory, resolve, reject }: WaitingLoad): void {
    this.startLoad(thread, model, memory, (reply) => {
      if (reply.kind === 'loaded') {
        model.info = reply.info;
        model.copies.onFirstLoad(memory, reply.info);
        model.inline = this.inlineModelOf(model);
        this.models.add(model);
        resolve(model);
      } else {
        reject(this.isClosed ? new AppError('SHUTTING_DOWN') : loadError(reply));
      }
    });
  }

  private inlineModelOf(model: PoolModel): InlineModel | undefined {
    const { request, info, path, copies } = model;
    const { inlineMaxMs = 0, batchWaitMs = 0 } = this.options;
    // Who lets predictions wait for each other wants large calls.
    if (inlineMaxMs === 0 || batchWaitMs > 0 || model.request.copies === 1) return undefined;
    const onChange = (isInline: boolean, cause: string) => this.emit({ kind: 'model-inline', path, isInline, cause });
    const reserve = () => (mayHaveCopy(model, this.threadsWith(model).length) ? copies.tryReserve() : undefined);
    return new InlineModel({ request, info, maxMs: inlineMaxMs, onChange, reserve });
  }

  /**
   * Loads the model in a further thread, if one is free and there is memory for it: one replica at a time, and a failure
   * is not retried at once.
   */
  private startReplica(model: PoolModel, thread: PoolWorker | undefined): void {
    if (!thread || model.isAddingReplica || model.replicaNotBefore > performance.now()) return;
    if (!mayHaveCopy(model, this.threadsWith(model).length)) return;
    const memory = model.copies.tryReserve();
    if (!memory) return this.withoutMemory(model);
    model.isAddingReplica = true;
    this.startLoad(thread, model, memory, (reply) => {
      model.isAddingReplica = false;
      if (reply.kind === 'loaded') model.isShortOfMemory = false;
      if (reply.kind === 'loaded' || this.isClosed) return;
      if (reply.kind === 'lost') this.backOff(model);
      this.emit({ kind: 'model-not-replicated', path: model.path, cause: causeOf(reply) });
      this.withoutReplica(model, loadError(reply));
    });
  }

  /** Whether a further copy gains enough for the memory it takes; where it does not, that is told once. */
  private isWorthCopy(model: PoolModel): boolean {
    const worth = worthOfCopy(model, this.threadsWith(model).length);
    if (worth.declined && !model.isCopyDeclined) this.emit({ kind: 'model-copy-declined', ...worth.declined });
    model.isCopyDeclined ||= worth.declined !== undefined;
    return worth.isWorth;
  }

  /** A further copy is not made where there is no memory for it, which is told once; others make room for the only one. */
  private withoutMemory(model: PoolModel): void {
    const cause = model.copies.shortage;
    if (!model.isShortOfMemory) this.emit({ kind: 'model-not-replicated', path: model.path, cause });
    model.isShortOfMemory = true;
    if (this.threadsWith(model).length === 0) void this.memory.makeRoom(model.copies.copyBytes);
    this.withoutReplica(model, new Error(cause));
  }

  /** A further copy could not be loaded; without any, nobody can be answered. */
  private withoutReplica(model: PoolModel, error: Error): void {
    this.pauseReplication(model);
    if (this.threadsWith(model).length > 0) return;
    const failure = new AppError('PREDICTION_FAILED', {}, { cause: error });
    for (const waiting of model.queue.takeAll()) waiting.fail(failure);
  }

  /** Releases a further copy of a model that has no work, the largest first. @returns whether there was one. */
  private async giveBackCopy(): Promise<boolean> {
    const copy = largestIdleCopy(this.models, (model) => this.threadsWith(model));
    if (!copy) return giveBackInlineCopy(this.models);
    this.pauseReplication(copy.model);
    await this.releaseFrom(copy.thread, copy.model);
    return true;
  }

  private pauseReplication(model: PoolModel): void {
    const pauseMs = this.threadsWith(model).length > 0 ? REPLICA_PAUSE_MS : RELOAD_PAUSE_MS;
    model.replicaNotBefore = performance.now() + pauseMs;
    this.after(pauseMs + TIMER_TOLERANCE_MS, () => this.dispatch());
  }

  private startLoad(thread: PoolWorker, model: PoolModel, memory: Reservation, onReply: ReplyHandler): void {
    const start = performance.now();
    const limit = {
      at: start + this.options.loadTimeoutMs,
      onPassed: () => void this.supervisor.end(thread, LOAD_TIMEOUT),
    };
    const isLong = !model.queue.latency.isShort;
    model.activeThreads += 1;
    const request = { kind: 'load', model: model.key, request: model.nextRequest } as const;
    thread.memory.hold(model.key, memory);
    thread.send({ request, canTerminate: model.canTerminate, isLong, limit }, (reply) => {
      model.activeThreads -= 1;
      if (reply.kind === 'loaded') {
        thread.models.add(model.key);
        const durationMs = performance.now() - start;
        this.emit({ kind: 'model-loaded', path: model.path, backend: reply.info.backend, durationMs });
      } else if (reply.kind !== 'lost') {
        thread.memory.release(model.key);
      }
      onReply(reply);
      model.endIfIdle();
      this.dispatch();
    });
    this.limits.schedule(limit);
  }

  private releaseModel(model: PoolModel): void {
    this.models.delete(model);
    const released = this.threadsWith(model).map((thread) => this.releaseFrom(thread, model));
    void Promise.all([...released, model.inline?.release()]).then(() => model.released());
  }

  /** Releases the model in one thread as soon as that is free. */
  private releaseFrom(thread: PoolWorker, { key }: PoolModel): Promise<void> {
    thread.models.delete(key);
    const released = new Promise<void>((done) => thread.toRelease.push({ model: key, done }));
    this.dispatch();
    return released;
  }

  private startRelease(thread: PoolWorker): void {
    const { model, done } = thread.toRelease.shift()!;
    thread.send({ request: { kind: 'release', model }, canTerminate: false }, () => {
      thread.memory.release(model);
      done();
      this.dispatch();
    });
  }

  // --- threads ---------------------------------------------------------------------------------------------------

  private threadLost(thread: PoolWorker, cause: string, startFailures: number): void {
    for (const { done } of thread.toRelease.splice(0)) done();
    if (this.isClosed) return;
    this.emit({ kind: 'thread-lost', cause });
    if (startFailures < START_FAILURES) return;
    const message = 'The threads that compute models do not start on this machine.';
    const error = new RunError('LOAD_FAILED', message, { cause: new Error(cause) });
    this.rejectPending(error);
  }

  private rejectPending(error: Error): void {
    for (const { memory, reject } of this.loadQueue.splice(0)) {
      memory.release();
      reject(error);
    }
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
