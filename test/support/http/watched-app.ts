import { getEventListeners } from 'node:events';
import type { EventEmitter } from 'node:events';
import { Agent } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { pino } from 'pino';

import type { FastPath } from '../../../src/http/fast-path/fast-path.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { createApp } from '../../../src/bootstrap/create-app.js';
import { ModelHost } from '../../../src/engines/model-host.js';
import type { PendingPrediction } from '../../../src/engines/batching/pending-prediction.js';
import type { PoolModel } from '../../../src/engines/pool/pool-model.js';
import type { TestApp } from './create-test-app.js';
import type { Json } from './get-json.js';
import { until } from '../until.js';

/** The parts of a `WorkerPool` that hold what is under way. */
interface PoolInside {
  readonly models: ReadonlySet<PoolModel>;
  readonly waitingModels: ReadonlySet<PoolModel>;
  readonly timers: ReadonlySet<unknown>;
  readonly supervisor: { readonly threads: ReadonlySet<ThreadInside> };
}

interface ThreadInside {
  readonly worker: { terminate(): Promise<number> };
}

/** What a server holds on to at one moment. */
export interface Holdings {
  readonly waiting: number;
  readonly activeThreads: number;
  readonly waitingModels: number;
  readonly threads: number;
  /** Of the pool alone, and of the whole process. */
  readonly poolTimers: number;
  readonly timers: number;
  /** Of the whole server, and those of them that the fast path reads. */
  readonly connections: number;
  readonly rawConnections: number;
  /** Of the server and of the process. */
  readonly listeners: number;
}

/** A `RawConnection`, which outlives its requests. */
interface ConnectionInside {
  readonly gone: AbortController;
}

/** A server of a test, with its log and a view of what it holds: faults must leave nothing behind. */
export class WatchedApp implements TestApp {
  private constructor(
    readonly app: TestApp['app'],
    readonly fastPath: FastPath | undefined,
    readonly baseUrl: string,
    /** Log lines so far, parsed. */
    readonly log: readonly Json[],
  ) {}

  /** @param environment  variables as an operator would set them. */
  static async start(environment: Record<string, string>): Promise<WatchedApp> {
    const log: Json[] = [];
    const config = loadConfig({
      HOST: '127.0.0.1',
      PORT: '0',
      TRIAL_PROCESS: 'false',
      START_WAIT_MS: '3600000',
      ...environment,
    });
    const logger = pino({ level: 'info' }, { write: (line: string) => void log.push(JSON.parse(line)) });
    const { app, fastPath } = await createApp(config, logger);
    await app.listen(config.port, config.host);
    const { port } = app.getHttpServer().address() as AddressInfo;
    return new WatchedApp(app, fastPath, `http://127.0.0.1:${port}`, log);
  }

  close(): Promise<void> {
    return this.app.close();
  }

  /** Lines of the pool about threads and failures, e.g. `thread-lost`. */
  events(kind: string): readonly Json[] {
    return this.log.filter(({ context, event }) => context === 'ModelHost' && event === kind);
  }

  /** Access log lines with this status. */
  answersLogged(status: number): readonly Json[] {
    return this.log.filter((line) => line.status === status);
  }

  get threads(): readonly ThreadInside[] {
    return [...this.pool.supervisor.threads];
  }

  /** Requests that wait for a thread. */
  waiting(model: string): readonly PendingPrediction[] {
    const { waiting } = this.pooled(model).queue as unknown as { readonly waiting: ReadonlySet<PendingPrediction> };
    return [...waiting];
  }

  /** Waits until the model computes. */
  untilBusy(model: string): Promise<void> {
    return until(() => this.pooled(model).activeThreads > 0);
  }

  /** What the server holds when it has nothing to do; waits for that. */
  async idle(): Promise<Holdings> {
    let now = await this.holdings();
    const isIdle = async () => {
      now = await this.holdings();
      return now.waiting + now.activeThreads + now.waitingModels + now.poolTimers + now.connections === 0;
    };
    await until(isIdle);
    return now;
  }

  async holdings(): Promise<Holdings> {
    const { models, waitingModels, timers, supervisor } = this.pool;
    const server: Server = this.app.getHttpServer();
    return {
      waiting: sum(models, ({ queue }) => queue.size),
      activeThreads: sum(models, ({ activeThreads }) => activeThreads),
      waitingModels: waitingModels.size,
      threads: supervisor.threads.size,
      poolTimers: timers.size,
      timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
      connections: await new Promise((resolve) => server.getConnections((_error, count) => resolve(count))),
      rawConnections: this.rawConnections.length,
      listeners: listenersOf(server) + listenersOf(process),
    };
  }

  /** Waits until the server has all its threads and holds nothing beyond what it held when it was idle before. */
  async expectBackTo(before: Holdings): Promise<void> {
    let now = before;
    const isBack = async () => {
      now = await this.holdings();
      const isLess = (Object.keys(now) as (keyof Holdings)[]).every((key) => now[key] <= before[key]);
      return isLess && now.threads === before.threads;
    };
    await until(isBack).catch(() => expect(now).toEqual(before));
  }

  /** Listeners that requests have left on the signals of their connections, by connection. */
  get signalListeners(): readonly number[] {
    return this.rawConnections.map(({ gone }) => getEventListeners(gone.signal, 'abort').length);
  }

  private get rawConnections(): readonly ConnectionInside[] {
    const { open } = this.fastPath as unknown as { readonly open: ReadonlyMap<ConnectionInside, unknown> };
    return [...open.keys()];
  }

  private pooled(model: string): PoolModel {
    return [...this.pool.models].find(({ path }) => path.includes(`/${model}/runs/`))!;
  }

  private get pool(): PoolInside {
    return poolOf(this.app);
  }
}

/** Predictions of a server of this process that wait or are computed. */
export function predictionsUnderWay(app: TestApp['app']): number {
  return sum(poolOf(app).models, ({ queue, activeThreads }) => queue.size + activeThreads);
}

function poolOf(app: TestApp['app']): PoolInside {
  return app.get<unknown, PoolInside>(ModelHost, { strict: false });
}

/**
 * Has every test of a file find the server idle, and leave it as it found it. To be called at the top of the file.
 *
 * @param appOf  the server, which is there by then.
 * @returns the kept connections of the present test.
 */
export function leaveNothingBehind(appOf: () => WatchedApp): { readonly agent: Agent } {
  const kept = { agent: new Agent({ keepAlive: true }) };
  let before: Holdings;
  beforeEach(async () => {
    kept.agent = new Agent({ keepAlive: true });
    before = await appOf().idle();
  });
  afterEach(async () => {
    kept.agent.destroy();
    await appOf().expectBackTo(before);
  });
  return kept;
}

function listenersOf(emitter: EventEmitter): number {
  return sum(emitter.eventNames(), (name) => emitter.listenerCount(name));
}

function sum<T>(items: Iterable<T>, valueOf: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += valueOf(item);
  return total;
}
