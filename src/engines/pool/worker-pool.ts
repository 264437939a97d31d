import '../onnx/no-telemetry.js';
import '../tfjs/native-logging.js';

import type { ResourceLimits } from 'node:worker_threads';

import { AppError } from '../../domain/app-error.js';
import { RunError } from '../../domain/verdict.js';
import type { LoadRequest } from '../inference-engine.js';
import { ModelHost } from '../model-host.js';
import type { ModelHandle } from '../model-host.js';
import { pack, unpack } from '../worker/messages.js';
import type { Reply } from '../worker/messages.js';
import { ModelQueue } from '../batching/model-queue.js';
import type { PendingPrediction } from '../batching/pending-prediction.js';
import type { PoolEvent, PoolListener } from './pool-event.js';
import { PooledModel } from './pool-model.js';
import { joinInputs, joinOutputNames, shareOutputs } from '../batching/shared-call.js';
import { ThreadChoice } from './thread-scheduler.js';
import { ThreadRoster } from './thread-supervisor.js';
import { TimeLimits } from './deadline-timer.js';
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
const SPREAD_PAUSE_MS = 30_000;
const RELOAD_PAUSE_MS = 1_000;
/** Threads in a row that cannot start before loads stop waiting for one. */
const START_FAILURES = 3;
/** Timers may fire this much before their time by `performance.now()`. */
const TIMER_SLACK_MS = 2;
const LOAD_TIMEOUT = 'loading took longer than its limit';
/** A call is not hung before it has taken as long as so many usual ones. */
const USUAL_CALLS = 4;
/** However hasty its callers are, a shared call is not hung before it has taken this long. */
const LEAST_SHARED_MS = 1_000;
/** How long close() waits for threads deep in native code. */
const CLOSE_PATIENCE_MS = 5_000;

/** A `load()` that no thread has taken yet. */
interface WaitingLoad {
  readonly model: PooledModel;
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
  private readonly roster: ThreadRoster;
  private readonly choice: ThreadChoice;
  private readonly limits: TimeLimits;
  private readonly models = new Set<PooledModel>();
  /** Models with waiting predictions, the next one to be served first. */
  private readonly turns = new Set<PooledModel>();
  private readonly loads: WaitingLoad[] = [];
  private readonly timers = new Set<NodeJS.Timeout>();
  /** Models for which a timer runs that ends the gathering of a call. */
  private readonly gathering = new Set<PooledModel>();
  private nextKey = 1;
  private isClosed = false;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: WorkerPoolOptions) {
    super();
    const file = options.workerFile ?? inferenceWorkerFile();
    this.roster = new ThreadRoster({
      size: options.threads,
      start: (listener) => new WorkerThread(file, options.resourceLimits, listener),
      onReady: () => this.dispatch(),
      onLost: (thread, cause, startFailures) => this.threadLost(thread, cause, startFailures),
      onStuck: (count) => this.tell({ kind: 'threads-stuck', count }),
    });
    this.choice = new ThreadChoice({ threads: () => this.roster.threads, models: () => this.models });
    this.limits = new TimeLimits(() => this.roster.threads);
  }

  override load(request: LoadRequest): Promise<ModelHandle> {
    if (this.isClosed) return Promise.reject(new AppError('SHUTTING_DOWN'));
    const { maxQueuedPerModel: limit, threads, maxBatchRows = 1 } = this.options;
    const queue = new ModelQueue({ limit, threads, maxBatchRows });
    const model = new PooledModel(this.nextKey++, request, queue, {
      onWork: (waiting) => this.onWork(waiting),
      onIdleForever: (unused) => this.giveBack(unused),
    });
    return new Promise((resolve, reject) => {
      this.loads.push({ model, resolve, reject });
      this.dispatch();
    });
  }

  override close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    this.isClosed = true;
    for (const load of this.loads.splice(0)) load.reject(new AppError('SHUTTING_DOWN'));
    for (const model of this.models) model.shutDown();
    this.turns.clear();
    for (const timer of this.timers) clearTimeout(timer);
    this.limits.stop();
    await this.roster.close(CLOSE_PATIENCE_MS);
  }

  // --- who gets which work ---------------------------------------------------------------------------------------

  private onWork(model: PooledModel): void {
    this.turns.add(model);
    this.dispatch();
  }

  /** Gives every free thread work: models to give back, models to load, predictions, models to hold as well. */
  private dispatch(): void {
    if (this.isClosed) return;
    for (const thread of this.roster.threads)
      if (thread.isFree && thread.toRelease.length > 0) this.startRelease(thread);
    while (this.loads.length > 0) {
      const thread = this.choice.forFirstLoad();
      if (!thread) break;
      this.startFirstLoad(thread, this.loads.shift()!);
    }
    // Threads that hold a waiting model go first, so that no other loads it without need.
    this.startWaiting((model) => this.startNext(model));
    if (this.turns.size > 0) this.startWaiting((model) => this.startSpread(model, this.choice.toSpread(model)));
  }

  /** Does something for each model that waits, in turn. One that is put to the end meanwhile comes again. */
  private startWaiting(start: (model: PooledModel) => void): void {
    for (const model of this.turns) {
      if (model.queue.size === 0) this.turns.delete(model);
      else if (!model.waitsForItsThread && !model.isResting && !this.isGathering(model)) start(model);
    }
  }

  private isGathering(model: PooledModel): boolean {
    const { batchWaitMs = 0 } = this.options;
    const leftMs = batchWaitMs > 0 ? model.queue.gatheringMs(batchWaitMs) : 0;
    if (leftMs <= 0) return false;
    if (this.gathering.has(model)) return true;
    this.gathering.add(model);
    this.after(leftMs, () => {
      this.gathering.delete(model);
      this.dispatch();
    });
    return true;
  }

  private startNext(model: PooledModel): void {
    const thread = this.choice.toCompute(model);
    if (thread) {
      this.startPrediction(thread, model);
      if (thread.givesWay && model.queue.pace.isShort) this.startSpread(model, this.choice.toMoveTo(model));
    } else if (this.threadsWith(model).length === 0) {
      this.startSpread(model, this.choice.toSpread(model));
    }
  }

  private threadsWith(model: PooledModel): WorkerThread[] {
    return [...this.roster.threads].filter((thread) => thread.models.has(model.key));
  }

  // --- predictions -----------------------------------------------------------------------------------------------

  private startPrediction(thread: WorkerThread, model: PooledModel): void {
    const call = model.queue.takeCall();
    this.turns.delete(model);
    if (model.queue.size > 0) this.turns.add(model); // to the end: other models come first now
    for (const prediction of call) prediction.start();
    try {
      this.sendCall(thread, model, call);
    } catch (error) {
      // Memory that was given away before, e.g. with an earlier prediction, cannot be sent.
      this.callFailed(model, call, { kind: 'failed', cause: String(error) });
      queueMicrotask(() => this.dispatch());
    }
  }

  private sendCall(thread: WorkerThread, model: PooledModel, call: readonly PendingPrediction[]): void {
    const { tensors, transfer } = pack(joinInputs(call));
    const outputNames = joinOutputNames(call);
    const rowByRow = call[0]!.options.rowByRow ?? false;
    const giveWay = this.choice.mustGiveWay(thread, model);
    const request = { kind: 'predict', model: model.key, inputs: tensors, outputNames, rowByRow, giveWay } as const;
    const start = performance.now();
    const limit = { at: start + this.patienceMs(model, call, start), onPassed: () => this.hung(thread, model) };
    const isLong = !model.queue.pace.isShort;
    thread.givesWay ||= giveWay;
    thread.send({ request, transfer, interruptible: model.interruptible, isLong, limit }, (reply) => {
      model.busyThreads -= 1;
      if (reply.kind === 'predicted') {
        model.noteSuccess(call, performance.now() - start, reply.computeMs);
        shareOutputs(call, unpack(reply.outputs), outputNames);
      } else {
        this.callFailed(model, call, reply);
      }
      model.endIfIdle();
      this.dispatch();
    });
    model.busyThreads += 1;
    this.limits.note(limit);
  }

  private hung(thread: WorkerThread, model: PooledModel): void {
    this.tell({ kind: 'thread-hung', path: model.path });
    this.roster.end(thread, 'the prediction did not end');
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
  private patienceMs(model: PooledModel, call: readonly PendingPrediction[], now: number): number {
    const { callTimeoutMs = 0, hangGraceMs } = this.options;
    const { party } = call[0]!;
    let leftMs = 0;
    for (const { deadline } of call) leftMs = Math.max(leftMs, deadline - now);
    if (call.length > 1 || party) {
      const leastMs = party ? hangGraceMs : Math.max(hangGraceMs, Math.min(callTimeoutMs / 2, LEAST_SHARED_MS));
      return Math.max(leftMs / 2, leastMs, USUAL_CALLS * model.queue.averageCallMs);
    }
    // Timers round down: a lone caller's deadline is over before its thread counts as hung.
    return Math.ceil(Math.max(leftMs, callTimeoutMs)) + hangGraceMs + TIMER_SLACK_MS;
  }

  /**
   * Finds out whom a failed call is to blame on. Predictions change nothing, so they may be computed again: after an
   * error in halves, until the guilty are alone; after the loss of a thread each alone at once, because threads are
   * dear. What fails alone is answered.
   */
  private callFailed(model: PooledModel, call: readonly PendingPrediction[], reply: Reply | ThreadEnd): void {
    const isLost = reply.kind === 'lost';
    if (isLost) {
      this.rest(model);
      // Timers of one length fire together: the limit of a call can come before an earlier deadline of its caller.
      for (const prediction of call) if (prediction.isOverdue) prediction.giveUp();
    }
    const unanswered = call.filter((prediction) => !prediction.isDone);
    if (call.length > 1 && !this.isClosed) {
      model.queue.giveBack(isLost ? unanswered.map((prediction) => [prediction]) : halves(unanswered));
      if (model.queue.size > 0) this.turns.add(model);
      return;
    }
    const cause = causeOf(reply);
    if (!isLost) this.tell({ kind: 'prediction-failed', path: model.path, cause });
    const code = this.isClosed ? 'SHUTTING_DOWN' : isLost ? 'WORKER_LOST' : 'PREDICTION_FAILED';
    for (const prediction of unanswered) prediction.fail(new AppError(code, {}, { cause: new Error(cause) }));
  }

  /** A thread was lost on this model: a rest keeps it from ending one after the other. */
  private rest(model: PooledModel): void {
    const restMs = model.noteLoss();
    if (restMs === 0 || this.isClosed) return;
    this.tell({ kind: 'model-resting', path: model.path, losses: model.losses, restMs });
    this.after(restMs + TIMER_SLACK_MS, () => this.dispatch());
  }

  // --- loading and giving back -----------------------------------------------------------------------------------

  private startFirstLoad(thread: WorkerThread, { model, resolve, reject }: WaitingLoad): void {
    this.startLoad(thread, model, (reply) => {
      if (reply.kind === 'loaded') {
        model.info = reply.info;
        this.models.add(model);
        resolve(model);
      } else {
        reject(this.isClosed ? new AppError('SHUTTING_DOWN') : problemOf(reply));
      }
    });
  }

  /** Lets another thread hold the model as well, if one can now: one at a time loads it, and a failure is not repeated at once. */
  private startSpread(model: PooledModel, thread: WorkerThread | undefined): void {
    if (!thread || model.isSpreading || model.notSpreadBefore > performance.now()) return;
    model.isSpreading = true;
    this.startLoad(thread, model, (reply) => {
      model.isSpreading = false;
      if (reply.kind === 'loaded' || this.isClosed) return;
      if (reply.kind === 'lost') this.rest(model);
      this.tell({ kind: 'model-not-spread', path: model.path, cause: causeOf(reply) });
      this.pauseSpreading(model);
      if (this.threadsWith(model).length > 0) return;
      const failure = new AppError('PREDICTION_FAILED', {}, { cause: problemOf(reply) });
      for (const waiting of model.queue.takeAll()) waiting.fail(failure);
    });
  }

  private pauseSpreading(model: PooledModel): void {
    const pauseMs = this.threadsWith(model).length > 0 ? SPREAD_PAUSE_MS : RELOAD_PAUSE_MS;
    model.notSpreadBefore = performance.now() + pauseMs;
    this.after(pauseMs + TIMER_SLACK_MS, () => this.dispatch());
  }

  private startLoad(thread: WorkerThread, model: PooledModel, onReply: ReplyHandler): void {
    const start = performance.now();
    const limit = {
      at: start + this.options.loadTimeoutMs,
      onPassed: () => this.roster.end(thread, LOAD_TIMEOUT),
    };
    const isLong = !model.queue.pace.isShort;
    model.busyThreads += 1;
    const request = { kind: 'load', model: model.key, request: model.request } as const;
    thread.send({ request, interruptible: model.interruptible, isLong, limit }, (reply) => {
      model.busyThreads -= 1;
      if (reply.kind === 'loaded') {
        thread.models.add(model.key);
        const durationMs = performance.now() - start;
        this.tell({ kind: 'model-loaded', path: model.path, backend: reply.info.backend, durationMs });
      }
      onReply(reply);
      model.endIfIdle();
      this.dispatch();
    });
    this.limits.note(limit);
  }

  private giveBack(model: PooledModel): void {
    this.models.delete(model);
    const released = this.threadsWith(model).map(
      (thread) => new Promise<void>((done) => thread.toRelease.push({ model: model.key, done })),
    );
    void Promise.all(released).then(() => model.released());
    this.dispatch();
  }

  private startRelease(thread: WorkerThread): void {
    const { model, done } = thread.toRelease.shift()!;
    thread.send({ request: { kind: 'release', model }, interruptible: false }, () => {
      thread.models.delete(model);
      done();
      this.dispatch();
    });
  }

  // --- threads ---------------------------------------------------------------------------------------------------

  private threadLost(thread: WorkerThread, cause: string, startFailures: number): void {
    for (const { done } of thread.toRelease.splice(0)) done();
    if (this.isClosed) return;
    this.tell({ kind: 'thread-lost', cause });
    if (startFailures < START_FAILURES) return;
    const message = 'The threads that compute models do not start on this machine.';
    const problem = new RunError('LOAD_FAILED', message, { cause: new Error(cause) });
    for (const load of this.loads.splice(0)) load.reject(problem);
  }

  private tell(event: PoolEvent): void {
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

function halves<T>(items: readonly T[]): T[][] {
  const middle = items.length >> 1;
  return [items.slice(0, middle), items.slice(middle)];
}

function causeOf(reply: Reply | ThreadEnd): string {
  return 'cause' in reply ? reply.cause : `unexpected reply: ${reply.kind}`;
}

function problemOf(reply: Reply | ThreadEnd): RunError {
  const cause = new Error(causeOf(reply));
  if (reply.kind === 'problem') return new RunError(reply.code, reply.message, { cause });
  if (reply.kind !== 'lost')
    return new RunError('LOAD_FAILED', 'The engine failed while it loaded the model.', { cause });
  const what =
    reply.cause === LOAD_TIMEOUT ? 'took too long' : 'ended the thread that did it, for example for want of memory';
  return new RunError('LOAD_FAILED', `Loading the model ${what}.`, { cause });
}
