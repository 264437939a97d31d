import { rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { Run } from '../../../src/domain/run.js';
import { ModelHost } from '../../../src/engines/model-host.js';
import { createManagedApp, refresh } from './admin.js';
import { TestStore, sha256 } from '../stores/build-store.js';
import type { TestApp } from './create-test-app.js';

const CONNECTIONS = 16;
/** From here on memory is compared: caches and compiled code are warm by then. */
const WARM_AFTER = 60;
const BODY = JSON.stringify({ inputs: [{ a: 1, b: 2 }] });
/** Every other connection sends another Accept header. */
const ACCEPTS = ['*/*', 'application/json, text/plain;q=0.5'];

/** An answer under load. */
export interface Seen {
  readonly status: number;
  /** Number of the run that answered; NaN when none did. */
  readonly run: number;
  readonly isRight: boolean;
  /** Newest run known to be served when the request was sent, and that could be when its answer came. */
  readonly from: number;
  readonly to: number;
}

/** What happened while runs took over from each other. */
export interface PromotionReport {
  readonly seen: readonly Seen[];
  /** Models that each thread holds in the end. */
  readonly modelsPerThread: readonly number[];
  /** What the heap grew by after the 60th promotion, garbage left out; 0 when there were no more. What threads hold is not part of it. */
  readonly grownBytes: number;
}

/** Publishes better and better runs, one after the other, while predictions are sent over 16 connections. */
export async function promoteUnderLoad(promotions: number): Promise<PromotionReport> {
  const store = new TestStore().addModel('adder');
  addRun(store, 0);
  const app = await createManagedApp(store, { REFRESH_SETTLE_MS: '0', INFERENCE_THREADS: '2' });
  const load = new Load(app);
  let warmBytes: number | undefined;

  for (let i = 1; i <= promotions; i++) {
    addRun(store, i);
    if (i > 3) rmSync(store.path(`adder/runs/run-${i - 3}`), { recursive: true });
    load.newest = i;
    expect(await refresh(app)).toEqual({ adder: `run-${i}` });
    load.confirmed = i;
    if (i === WARM_AFTER) warmBytes = heapBytes();
  }
  const seen = await load.stop();
  const grownBytes = warmBytes === undefined ? 0 : heapBytes() - warmBytes;
  const modelsPerThread = heldModels(app);
  await app.close();
  store.remove();
  return { seen, modelsPerThread, grownBytes };
}

/** No request was lost, every answer was right and came from a run that served at that moment, and nothing was left behind. */
export function expectUndisturbed({ seen, modelsPerThread }: PromotionReport, promotions: number): void {
  const failures = seen.filter(({ status }) => status !== 200);
  const untimely = seen.filter(({ run, from, to }) => !(run >= from && run <= to));
  const wrong = seen.filter(({ isRight }) => !isRight);
  expect([failures.slice(0, 3), untimely.slice(0, 3), wrong.slice(0, 3)]).toEqual([[], [], []]);
  expect(seen.length).toBeGreaterThan(promotions);
  expect(new Set(seen.map(({ run }) => run)).size).toBeGreaterThan(promotions / 2);
  // The run that serves, and the previous one for the minute in which a rollback takes no time.
  for (const count of modelsPerThread) expect(count).toBeLessThanOrEqual(2);
}

/** What is alive, without what a collection would find to be garbage: that depends on how busy the machine is. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Runs of both engines in turn, each better than the one before. */
function addRun(store: TestStore, i: number): void {
  const better: Partial<Run> = { metrics: { f1: 0.5 + i / 1000 } };
  if (i % 2 === 0) return void store.addRun('adder', `run-${i}`, better);
  const fixture = `${__dirname}/../../fixtures/engines/tfjs-layers-sum`;
  const model: Run['model'] = {
    format: 'tfjs-layers',
    path: 'artifacts/model.json',
    sha256: sha256(`${fixture}/model.json`),
    files: [{ path: 'artifacts/weights.bin', sha256: sha256(`${fixture}/weights.bin`) }],
  };
  store.addRun('adder', `run-${i}`, { ...better, model }, 'tfjs-layers-sum');
}

/** Models that the threads of a server hold. */
function heldModels({ app }: TestApp): number[] {
  const pool = app.get<{ supervisor: { threads: Iterable<{ models: ReadonlySet<number> }> } }>(ModelHost, {
    strict: false,
  });
  return [...pool.supervisor.threads].map(({ models }) => models.size);
}

/** Predictions over several connections, one after the other on each, until it is stopped. */
class Load {
  /** Number of the newest run that is in the store, and of the newest known to be served. */
  newest = 0;
  confirmed = 0;
  private isStopped = false;
  private readonly seen: Seen[] = [];
  private readonly lanes: Promise<void>[];
  private readonly agents = ACCEPTS.map(() => new Agent({ keepAlive: true, maxSockets: CONNECTIONS / 2 }));

  constructor(private readonly app: TestApp) {
    this.lanes = Array.from({ length: CONNECTIONS }, (_, i) => this.run(i % ACCEPTS.length));
  }

  async stop(): Promise<readonly Seen[]> {
    this.isStopped = true;
    await Promise.all(this.lanes);
    for (const agent of this.agents) agent.destroy();
    return this.seen;
  }

  private async run(way: number): Promise<void> {
    while (!this.isStopped) {
      const from = this.confirmed;
      const { status, text } = await this.predict(way);
      const run = Number(/"run_id":"run-(\d+)"/.exec(text)?.[1]);
      this.seen.push({ status, run, isRight: text.includes('"predictions":[{"sum":3}]'), from, to: this.newest });
      // A pause, so that the load is steady and the machine not full.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  private predict(way: number): Promise<{ status: number; text: string }> {
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(BODY),
      Accept: ACCEPTS[way]!,
    };
    const url = `${this.app.baseUrl}/models/adder/predictions`;
    return new Promise((resolve) => {
      const call = request(url, { method: 'POST', headers, agent: this.agents[way]! }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString() }));
      });
      call.on('error', (error) => resolve({ status: 0, text: String(error) }));
      call.end(BODY);
    });
  }
}
