import cluster from 'node:cluster';
import type { Cluster, Worker } from 'node:cluster';

import type { Logger } from 'pino';

import type { AppConfig } from '../config/app-config.js';
import { endBySignal, endProcess } from './end-process.js';
import { HandedConnections } from './handed-connections.js';
import { countOomKills } from './oom-kills.js';
import { LATE_CONNECTION, closingMessage, closingStepOf } from './port-closing.js';
import type { ClosingStep } from '../http/server/drain-connections.js';
import type { StopSignal } from './stop-signals.js';

/** A process that ended before this time counts as one that could not start, milliseconds. */
const HEALTHY_AFTER_MS = 10_000;
/** Pause before a process is replaced that could not start; doubled with each failure in a row, up to the longest. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** Failed starts in a row after which the program ends when no process serves. */
const MAX_FAILURES = 5;
/** Time a process has to end by itself after its own limit, milliseconds. */
const KILL_AFTER_MS = 2_000;
/** Time for connections that are on their way to a process when the port is to close, milliseconds. */
const QUIET_TIMEOUT_MS = 1_000;

/** What starts and ends processes. */
interface ProcessSystem {
  readonly cluster: Pick<Cluster, 'on' | 'fork' | 'workers'>;
  endProcess(exitCode: number): Promise<void>;
  endBySignal(signal: StopSignal): void;
}

/** Keeps the server processes of a cluster running, and stops them. */
export class ServerProcesses {
  private readonly startedAtMs = new Map<number, number>();
  /** Ids of those whose port is open. */
  private readonly serving = new Set<number>();
  /** Ids of those that have done a step of closing the port. */
  private readonly closing = { held: new Set<number>(), closed: new Set<number>() };
  private readonly connections = new HandedConnections();
  private hasServed = false;
  private failures = 0;
  private oomKills = countOomKills();
  /** Set when all are to end: with this code, or with the signal that asked for it before anything was served. */
  private end: { exitCode: number; readonly signal?: StopSignal } | undefined;

  /** @param environment  variables of each process, beside those of this one. */
  constructor(
    private readonly config: AppConfig,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly logger: Logger,
    private readonly system: ProcessSystem = { cluster, endProcess, endBySignal },
  ) {}

  start(): void {
    this.system.cluster.on('listening', ({ id }) => this.onReady(id));
    this.system.cluster.on('message', (worker, message) => {
      const step = closingStepOf(message);
      if (step) void this.onClosing(worker, step);
    });
    this.system.cluster.on('exit', (worker, code, signal) => this.onExit(worker, code, signal));
    for (let i = 0; i < this.config.workers; i++) this.spawn();
  }

  stop(signal: StopSignal): void {
    const { shutdownDelayMs, shutdownGraceMs } = this.config;
    this.endAll({ exitCode: 0, ...(!this.hasServed && { signal }) });
    setTimeout(() => this.killAll(), shutdownDelayMs + shutdownGraceMs + KILL_AFTER_MS);
  }

  private spawn(): void {
    const worker = this.system.cluster.fork(this.environment);
    this.startedAtMs.set(worker.id, performance.now());
    this.connections.watch(worker, () => this.workers.find(({ id }) => this.serving.has(id)));
  }

  private get workers(): Worker[] {
    return Object.values(this.system.cluster.workers ?? {}).filter((worker) => worker !== undefined);
  }

  /**
   * The port is closed when all hold its connections and none is on its way to them. One that ends alone waits for nobody.
   */
  private async onClosing(worker: Worker, step: ClosingStep): Promise<void> {
    this.closing[step].add(worker.id);
    const all = this.end ? this.workers.filter(({ id }) => this.serving.has(id)) : [worker];
    if (all.some(({ id }) => !this.closing[step].has(id))) return;
    if (step === 'held') await this.connections.quiet(QUIET_TIMEOUT_MS);
    if (step === 'held' && this.end) this.connections.keepAll();
    if (step === 'closed') this.connections.sendKept(all, LATE_CONNECTION);
    for (const one of all) if (one.isConnected()) one.send(closingMessage(step));
  }

  private onReady(id: number): void {
    this.serving.add(id);
    this.hasServed = true;
  }

  private onExit({ id }: Worker, code: number | null, signal: string | null): void {
    const livedMs = performance.now() - this.startedAtMs.get(id)!;
    this.startedAtMs.delete(id);
    this.serving.delete(id);
    if (this.end) return this.onLast(code, signal);
    if (!this.hasServed) return this.endAll({ exitCode: code || 1 });
    this.failures = livedMs < HEALTHY_AFTER_MS ? this.failures + 1 : 0;
    const facts = { ended_worker_id: id, code, signal, failed_starts: this.failures };
    const cause = this.causeOf(code, signal);
    if (this.failures < MAX_FAILURES || this.serving.size > 0) {
      this.logger.error(facts, `a server process ${cause} and is being replaced`);
      setTimeout(() => this.end ?? this.spawn(), this.pauseMs());
    } else {
      this.logger.fatal(
        facts,
        `a server process ${cause}, as ${this.failures} in a row did, and none serves: bestrun ends`,
      );
      this.endAll({ exitCode: 1 });
    }
  }

  private pauseMs(): number {
    return this.failures === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.failures - 1));
  }

  /** In words, as far as the kernel says it. */
  private causeOf(code: number | null, signal: string | null): string {
    const oomKills = countOomKills();
    const isOutOfMemory = signal === 'SIGKILL' && oomKills !== undefined && oomKills > (this.oomKills ?? 0);
    this.oomKills = oomKills;
    if (isOutOfMemory) return 'was killed by the kernel (SIGKILL), because the memory limit was reached,';
    return signal === null ? `ended with code ${code}` : `was killed by ${signal}`;
  }

  private endAll(end: { exitCode: number; signal?: StopSignal }): void {
    this.end = end;
    for (const worker of this.workers) worker.process.kill('SIGTERM');
    this.endIfAlone();
  }

  /** A process that had to be killed gives the whole program exit code 1. */
  private onLast(code: number | null, signal: string | null): void {
    const isClean = code === 0 || (this.end!.signal !== undefined && signal !== 'SIGKILL');
    if (!isClean) this.end!.exitCode ||= 1;
    this.endIfAlone();
  }

  private endIfAlone(): void {
    if (this.startedAtMs.size > 0) return;
    const { exitCode, signal } = this.end!;
    if (signal) this.system.endBySignal(signal);
    else void this.system.endProcess(exitCode);
  }

  private killAll(): void {
    this.logger.error({ processes: this.startedAtMs.size }, 'server processes did not end in time and are killed');
    for (const worker of this.workers) worker.process.kill('SIGKILL');
  }
}
