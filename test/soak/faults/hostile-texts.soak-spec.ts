import { cpSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

import { ask } from '../../support/http/ask.js';
import { probesOf, wellWith } from '../../support/http/probes.js';
import { residentBytes } from '../../support/http/processes.js';
import { useServers } from '../../support/http/started-servers.js';
import { TestStore } from '../../support/stores/build-store.js';
import { everyFieldRun } from '../../support/stores/tiny-runs.js';
import { until } from '../../support/until.js';

const MIB = 1024 * 1024;
/** Most that `/livez` may wait, milliseconds: a quiet machine shows less than 100, one that does other work more. */
const MOST_MS = 1_000;
/** What the server may grow by while it refuses something, bytes. */
const MOST_GROWTH = 400 * MIB;

let store: TestStore;
beforeEach(() => void (store = new TestStore().addModel('adder').addRun('adder', 'adder-1')));
const start = useServers(() => ({
  MODELS_DIR: store.folder,
  TRIAL_PROCESS: 'true',
  REFRESH_INTERVAL_MS: '300',
  REFRESH_SETTLE_MS: '20',
  LOG_REQUESTS: 'false',
}));
// After the servers have ended.
afterEach(() => store.remove());

/** The longest wait of `/livez` while something goes on, milliseconds. */
async function worstWaitDuring<T>(baseUrl: string, work: () => Promise<T>): Promise<{ worstMs: number; result: T }> {
  const agent = new Agent({ keepAlive: true });
  let worstMs = 0;
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      const before = performance.now();
      await ask(baseUrl, '/livez', { agent });
      worstMs = Math.max(worstMs, performance.now() - before);
      await sleep(5);
    }
  })();
  const result = await work().finally(() => (isOver = true));
  await asking;
  agent.destroy();
  return { worstMs, result };
}

const NESTED = `${'['.repeat(60)}${']'.repeat(60)}`;
const nested = (bytes: number) =>
  `[12345678901234567890,${Array.from({ length: Math.floor(bytes / 125) }, () => NESTED).join()}]`;
const filled = (item: string, bytes: number) => `{"inputs":[${item.repeat(Math.floor(bytes / item.length))}{}]}`;

describe('bodies of ten megabytes that nobody can answer', () => {
  it('keep nobody waiting, plain or packed', async () => {
    const server = start();
    const baseUrl = await server.ready();
    await probesOf(baseUrl);
    const before = residentBytes(server.child.pid!);
    const size = 10 * MIB - 100;
    const bodies = {
      nested: nested(size),
      'empty rows': filled('{},', size),
      'a large integer and empty rows': filled('{},', size).replace('{}', '12345678901234567890'),
      'many members': `{"inputs":[{${Array.from({ length: 700_000 }, (_, i) => `"${i}":1,`).join('')}`,
      escapes: `{"inputs":[{"a":"${'\\u0041'.repeat(size / 6 - 10)}"}]}`,
      brackets: '['.repeat(size),
    };

    const seen: Record<string, { status: number; packed: number; worstMs: number }> = {};
    for (const [name, body] of Object.entries(bodies)) {
      const post = (bytes: Buffer, headers = {}) =>
        ask(baseUrl, '/models/adder/predictions', {
          method: 'POST',
          body: bytes,
          headers: { 'Content-Type': 'application/json', ...headers },
        });
      // Made before, since the same process measures the waits.
      const [plainBody, packedBody] = [Buffer.from(body), gzipSync(body)];
      const plain = await worstWaitDuring(baseUrl, () => post(plainBody));
      const packed = await worstWaitDuring(baseUrl, () => post(packedBody, { 'Content-Encoding': 'gzip' }));
      const worstMs = Math.round(Math.max(plain.worstMs, packed.worstMs));
      seen[name] = { status: plain.result.status, packed: packed.result.status, worstMs };
    }
    console.log(`worst wait of /livez beside bodies of 10 MB: ${JSON.stringify(seen)}`);

    for (const [name, { status, packed, worstMs }] of Object.entries(seen)) {
      expect([name, status]).toEqual([name, 422]);
      expect([422, 413]).toContain(packed);
      expect(worstMs).toBeLessThan(MOST_MS);
    }
    expect(await probesOf(baseUrl)).toEqual(wellWith('adder'));
    expect(residentBytes(server.child.pid!) - before).toBeLessThan(MOST_GROWTH);
  });
});

describe('files in the folder of one model', () => {
  it('that are huge or twisted delay no request, no look at the store and no start', async () => {
    store.addModel('odd').addRun('odd', 'odd-1');
    const server = start({ SOURCES: 'directory,mlflow', MLFLOW_TRACKING_URI: store.path('.mlruns') });
    mkdirSync(store.path('.mlruns/7'), { recursive: true });
    const baseUrl = await server.ready();
    const before = residentBytes(server.child.pid!);

    const { worstMs } = await worstWaitDuring(baseUrl, async () => {
      makeOdd();
      store.addRun('adder', 'adder-2', { metrics: { f1: 0.9 } });
      await until(async () => (await ask(baseUrl, '/models/adder')).json.data.best_run_id === 'adder-2');
      await until(async () => {
        const { unreadable, ranking } = (await ask(baseUrl, '/models/odd/selection')).json.data;
        return JSON.stringify([unreadable, ranking]).includes('100') && unreadable.length + ranking.length === 3;
      });
    });
    console.log(`worst wait of /livez beside odd files: ${Math.round(worstMs)} ms`);
    expect(worstMs).toBeLessThan(MOST_MS);
    expect(residentBytes(server.child.pid!) - before).toBeLessThan(MOST_GROWTH);
    expect(await probesOf(baseUrl)).toMatchObject({ livez: 200, readyz: 200, ready: { adder: true, odd: true } });

    const again = start();
    expect(await probesOf(await again.ready())).toMatchObject({ readyz: 200, ready: { adder: true } });
  });

  /** A card, a `run.json`, a model and a `meta.yaml` that once stopped everything. */
  function makeOdd(): void {
    mkdirSync(store.path('sparse/runs'), { recursive: true });
    writeFileSync(store.path('sparse/card.json'), '');
    truncateSync(store.path('sparse/card.json'), 600 * MIB);
    mkdirSync(store.path('odd/runs/nested'));
    writeFileSync(store.path('odd/runs/nested/run.json'), nested(7 * MIB));
    cpSync(store.path('odd/runs/odd-1'), store.path('odd/runs/vast'), { recursive: true });
    store.write('odd/runs/vast/run.json', { ...store.readJson('odd/runs/odd-1/run.json'), run_id: 'vast' });
    truncateSync(store.path('odd/runs/vast/artifacts/model.onnx'), 100 * 1024 ** 3);
    const keys = Array.from({ length: 30_000 }, (_, i) => `k${i}: v`);
    writeFileSync(store.path('.mlruns/7/meta.yaml'), keys.join('\n'));
  }
});

describe('a pattern that takes other engines for ever', () => {
  it.each(['^((a|a)){1,40}$', '^(a*)*b', '(.*)(.*)(.*)x', '^\\d*\\d*\\d*\\d*$'])('%s is answered', async (pattern) => {
    const { signature } = everyFieldRun;
    const code = { type: 'string', pattern } as const;
    const properties = { ...signature!.input.properties, code };
    store.addModel('patterned').addRun('patterned', 'patterned-1', {
      ...everyFieldRun,
      signature: { ...signature!, input: { ...signature!.input, properties } },
    });
    const server = start();
    const baseUrl = await server.ready();
    const text = pattern.includes('d*') ? `${'1'.repeat(5_000)}x` : `${'a'.repeat(5_000)}!`;

    const { worstMs, result } = await worstWaitDuring(baseUrl, () =>
      ask(baseUrl, `/models/patterned/predictions?a=1&code=${text}`),
    );

    expect(result.status).toBe(422);
    expect(worstMs).toBeLessThan(MOST_MS);
    expect((await probesOf(baseUrl)).livez).toBe(200);
  });
});
