import { AppError } from '../../domain/app-error.js';
import { TrialHost } from './trial-host.js';
import type { TrialEnd, TrialLease, TrialLimits, TrialReport, TrialStartError } from './trial-host.js';
import { TrialProcess } from './trial-process.js';
import type { TrialProcessOptions } from './trial-process.js';

/** Processes at the same time: one that hangs must not keep the runs of other models waiting. */
const MAX_PROCESSES = 4;
/** How long a candidate may take before one that waits gets a further process, milliseconds. */
const PATIENCE_MS = 2_000;
/** How long a process is kept when there is nothing to try, milliseconds. */
const IDLE_MS = 10_000;

interface TrialProcessesOptions extends TrialProcessOptions {
  readonly patienceMs?: number;
  readonly idleMs?: number;
}

/** A candidate that waits for a process. */
interface Waiting {
  readonly resolve: (lease: TrialLease) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Tries candidates in one process, one after the other: it starts at once, because a start tries the runs of all models,
 * and ends when it has been idle for a while. A further process is started only while a candidate takes long and others
 * wait.
 */
export class TrialProcesses extends TrialHost {
  private readonly idle = new Set<TrialProcess>();
  private readonly leases = new Set<Lease>();
  private readonly waiting: Waiting[] = [];
  /** Candidates that wait until nothing else is tried. Hanging ones are tried again at the same times: each needs its turn. */
  private readonly waitingAlone: Waiting[] = [];
  private readonly closing = new Set<Promise<void>>();
  private idleTimer: NodeJS.Timeout | undefined;
  private waitTimer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly options: TrialProcessesOptions) {
    super();
    this.idle.add(new TrialProcess(options, false));
    this.endIdleLater();
  }

  override get limits(): TrialLimits {
    return this.options.limits;
  }

  /** Numbers of the processes in the system. */
  get pids(): number[] {
    const all = [...this.idle, ...[...this.leases].map(({ process }) => process)];
    return all.flatMap(({ pid }) => pid ?? []);
  }

  override lease({ alone = false } = {}): Promise<TrialLease> {
    if (this.isClosed) return Promise.reject(new AppError('SHUTTING_DOWN'));
    if (this.leases.size === 0 || (this.idle.size > 0 && !alone)) return Promise.resolve(this.start());
    return new Promise((resolve, reject) => {
      (alone ? this.waitingAlone : this.waiting).push({ resolve, reject });
      this.watchWaiting();
    });
  }

  override async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.idleTimer);
    clearTimeout(this.waitTimer);
    const waiting = [...this.waiting.splice(0), ...this.waitingAlone.splice(0)];
    for (const { reject } of waiting) reject(new AppError('SHUTTING_DOWN'));
    for (const { process } of this.leases) this.end(process);
    for (const process of this.idle) this.end(process);
    await Promise.all(this.closing);
  }

  private start(): Lease {
    clearTimeout(this.idleTimer);
    const process = [...this.idle][0] ?? new TrialProcess(this.options, true);
    this.idle.delete(process);
    process.reset();
    const lease = new Lease(process, () => this.giveBack(lease));
    this.leases.add(lease);
    if (this.leases.size > 1) for (const each of this.leases) each.hadCompany = true;
    return lease;
  }

  /** Starts a further process when none of the present candidates has begun for a while. */
  private watchWaiting(): void {
    clearTimeout(this.waitTimer);
    if (this.waiting.length === 0 || this.leases.size >= MAX_PROCESSES) return;
    const { patienceMs = PATIENCE_MS } = this.options;
    const lastBegin = Math.max(...[...this.leases].map(({ beganAt }) => beganAt));
    this.waitTimer = setTimeout(() => this.serveNext(), lastBegin + patienceMs - performance.now());
  }

  private serveNext(): void {
    this.waiting.shift()?.resolve(this.start());
    this.watchWaiting();
  }

  private giveBack(lease: Lease): void {
    this.leases.delete(lease);
    const { process } = lease;
    if (process.isReusable && !this.isClosed) this.idle.add(process);
    else this.end(process);
    if (this.waiting.length > 0) return this.serveNext();
    if (this.leases.size > 0 || this.isClosed) return;
    const next = this.waitingAlone.shift();
    if (next) next.resolve(this.start());
    else this.endIdleLater();
  }

  private endIdleLater(): void {
    this.idleTimer = setTimeout(() => {
      for (const process of this.idle) this.end(process);
    }, this.options.idleMs ?? IDLE_MS).unref();
  }

  private end(process: TrialProcess): void {
    this.idle.delete(process);
    const closing = process.close().finally(() => this.closing.delete(closing));
    this.closing.add(closing);
  }
}

class Lease implements TrialLease {
  hadCompany = false;
  readonly beganAt = performance.now();
  private isOver = false;

  constructor(
    readonly process: TrialProcess,
    private readonly onRelease: () => void,
  ) {}

  get host() {
    return this.process.host;
  }

  get startError(): TrialStartError | undefined {
    return this.process.startError;
  }

  get end(): TrialEnd | undefined {
    return this.process.end;
  }

  get report(): TrialReport {
    return this.process.report;
  }

  release(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.onRelease();
  }
}
