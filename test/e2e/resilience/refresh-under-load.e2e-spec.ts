import { rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { Run } from '../../../src/domain/run.js';
import { ModelHost } from '../../../src/engines/model-host.js';
import { createManagedApp, refresh } from '../../support/admin.js';
import { TestStore, sha256 } from '../../support/build-store.js';
import type { TestApp } from '../../support/create-test-app.js';

const REFRESHES = 200;
const CONNECTIONS = 16;
/** From here on memory is compared: caches and compiled code are warm by then. */
const WARM_AFTER = 60;
/** What 140 promotions may leave in the heap, the records of the requests included. What the threads hold is counted apart. */
const MOST_GROWTH_BYTES = 20 * 1024 * 1024;
const BODY = JSON.stringify({ inputs: [{ a: 1, b: 2 }] });
/** Every other connection sends what only the ordinary way takes the time to understand. */
const ACCEPTS = ['*/*', 'application/json, text/plain;q=0.5'];

interface Seen {
  readonly status: number;
  /** Number of the run that answered; NaN when none did. */
  readonly run: number;
  readonly isRight: boolean;
  /** Newest run known to be served when the request was sent, and that could be when its answer came. */
  readonly from: number;
  readonly to: number;
}

describe('200 promotions under steady load', () => {
  it('lose no request, answer with runs that served at that moment, and leave nothing behind', async () => {
    const store = new TestStore().addModel('adder');
    addRun(store, 0);
    const app = await createManagedApp(store, { REFRESH_SETTLE_MS: '0', INFERENCE_THREADS: '2' });
    const load = new Load(app);
    let warmBytes = 0;

    for (let i = 1; i <= REFRESHES; i++) {
      addRun(store, i);
      if (i > 3) rmSync(store.path(`adder/runs/run-${i - 3}`), { recursive: true });
      load.newest = i;
      expect(await refresh(app)).toEqual({ adder: `run-${i}` });
      load.confirmed = i;
      if (i === WARM_AFTER) warmBytes = heapBytes();
    }
    const seen = await load.stop();
    const grownBytes = heapBytes() - warmBytes;
    const modelsPerThread = heldModels(app);
    await app.close();
    store.remove();

    const failures = seen.filter(({ status }) => status !== 200);
    const untimely = seen.filter(({ run, from, to }) => !(run >= from && run <= to));
    const wrong = seen.filter(({ isRight }) => !isRight);
    expect([failures.slice(0, 3), untimely.slice(0, 3), wrong.slice(0, 3)]).toEqual([[], [], []]);
    expect(seen.length).toBeGreaterThan(REFRESHES * 5);
    expect(new Set(seen.map(({ run }) => run)).size).toBeGreaterThan(REFRESHES / 2);
    // The run that serves, and its predecessor for the minute in which stepping back takes no time.
    for (const count of modelsPerThread) expect(count).toBeLessThanOrEqual(2);
    expect(grownBytes).toBeLessThan(MOST_GROWTH_BYTES);
  }, 180_000);
});

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
