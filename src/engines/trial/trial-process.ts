import type { WeightSharing } from '../inference-engine.js';
import { MemoryBudget } from '../memory/memory-budget.js';
import type { ModelHost } from '../model-host.js';
import type { ThreadListener } from '../pool/pool-worker.js';
import { WorkerPool } from '../pool/worker-pool.js';
import type { PoolEvent, PoolListener } from '../pool/pool-event.js';
import { WorkerProcess } from '../pool/worker-process.js';
import type { ProcessEnd } from '../pool/worker-process.js';
import type { Ready, Reply } from '../worker/messages.js';
import type { ProcessMemory } from '../worker/process-messages.js';
import { inferenceWorkerFile } from '../worker/worker-file.js';
import type { TrialEnd, TrialLimits, TrialReport, TrialStartError } from './trial-host.js';

/** Time a call has after its deadline before its process is ended, milliseconds. */
const HANG_GRACE_MS = 500;
/** What a process may keep of the models before it, bytes; with more it would measure the next one wrongly. */
const MAX_REMAINDER_BYTES = 64 * 1024 * 1024;

/** Part of the process' memory that a model may be expected to take. */
const MODEL_PART = 0.75;

const NO_MEMORY: ProcessMemory = { emptyBytes: 0, baselineBytes: 0, peakBytes: 0, presentBytes: 0 };

/** How candidates are tried. */
export interface TrialProcessOptions {
  readonly limits: TrialLimits;
  /** As the pool that serves has it. */
  readonly maxBatchRows: number;
  /** As the pool that serves has it; no weights are shared unless set. */
  readonly sharing?: WeightSharing;
  /** Compiled file of its thread; the inference worker of this build unless set. */
  readonly workerFile?: string;
  readonly onEvent?: PoolListener;
}

/** One process in which candidates are tried, one after the other, and what is known of the present one. */
export class TrialProcess {
  readonly pool: WorkerPool;
  startError: TrialStartError | undefined;
  private worker: WorkerProcess | undefined;
  private ending: TrialEnd | undefined;
  private memory = NO_MEMORY;
  private loadMs = 0;
  private callMs = Infinity;

  /** @param hasLowPriority  whether predictions come first: not while a server starts, which has none yet. */
  constructor(
    private readonly options: TrialProcessOptions,
    private readonly hasLowPriority: boolean,
  ) {
    const { limits, maxBatchRows, sharing } = options;
    this.pool = new WorkerPool({
      threads: 1,
      hangGraceMs: HANG_GRACE_MS,
      callTimeoutMs: limits.predictionTimeoutMs,
      loadTimeoutMs: limits.loadTimeoutMs,
      maxQueuedPerModel: Infinity,
      maxBatchRows,
      sharing,
      // Where weights of its own are too much for the process, a model is tried with shared ones.
      memory: new MemoryBudget(limits.memoryBytes * MODEL_PART, false),
      startWorker: (listener) => this.start(listener),
      onEvent: (event) => this.onEvent(event),
    });
  }

  get host(): ModelHost {
    return this.pool;
  }

  /** How the present candidate ended it; what it has not answered counts as such. */
  get end(): TrialEnd | undefined {
    return this.ending ?? (this.isActive ? { kind: 'timed-out' } : undefined);
  }

  get report(): TrialReport {
    const { baselineBytes, peakBytes } = this.memory;
    const callMs = Number.isFinite(this.callMs) ? this.callMs : 0;
    return { peakBytes: Math.max(0, peakBytes - baselineBytes), loadMs: this.loadMs, callMs };
  }

  /** Number of the process in the system. */
  get pid(): number | undefined {
    return this.worker?.pid;
  }

  /** Whether the next candidate may have it: it is idle, and models before left little in it. */
  get isReusable(): boolean {
    const { presentBytes, emptyBytes } = this.memory;
    const isSmall = presentBytes <= emptyBytes + MAX_REMAINDER_BYTES;
    return !this.isActive && this.startError === undefined && isSmall;
  }

  /** The next candidate begins. */
  reset(): void {
    this.ending = undefined;
    this.loadMs = 0;
    this.callMs = Infinity;
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  private get isActive(): boolean {
    return this.worker !== undefined && this.worker.hasStarted && !this.worker.isFree;
  }

  private start(listener: ThreadListener): WorkerProcess {
    const { limits, workerFile = inferenceWorkerFile() } = this.options;
    const { hasLowPriority } = this;
    const worker: WorkerProcess = new WorkerProcess(
      { workerFile, maxBytes: limits.memoryBytes, hasLowPriority },
      listener,
      {
        onReply: (reply, memory) => this.onReply(reply, memory),
        onEnd: (end) => this.onEnd(worker, end),
      },
    );
    this.worker = worker;
    return worker;
  }

  private onReply(reply: Ready | Reply, memory: ProcessMemory): void {
    this.memory = memory;
    if (reply.kind === 'ready') this.startError = undefined;
    if (reply.kind === 'predicted') this.callMs = Math.min(this.callMs, reply.computeMs);
  }

  private onEnd(worker: WorkerProcess, end: ProcessEnd): void {
    this.memory = NO_MEMORY;
    // The candidate has nothing to do with a process that never took any work.
    if (worker.hasStarted) this.ending ??= toTrialEnd(end);
    else if (end.kind !== 'ended') this.startError = toStartError(end);
  }

  private onEvent(event: PoolEvent): void {
    if (event.kind === 'model-loaded') this.loadMs = event.durationMs;
    this.options.onEvent?.(event);
  }
}

function toStartError(end: Exclude<ProcessEnd, { readonly kind: 'ended' }>): TrialStartError {
  return end.kind === 'died' ? { cause: end.cause } : { cause: 'it took too much memory', takenBytes: end.bytes };
}

function toTrialEnd(end: ProcessEnd): TrialEnd {
  switch (end.kind) {
    case 'ended':
      return { kind: 'timed-out' };
    case 'too-large':
      return end;
    case 'died':
      return { kind: 'died', cause: end.cause, wasKilled: end.signal === 'SIGKILL' };
  }
}
