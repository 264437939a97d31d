import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ModelState } from '../../../src/domain/model-state.js';
import { ADMIN_KEY } from '../../support/http/admin.js';
import { ask } from '../../support/http/ask.js';
import { probesOf, wellWith } from '../../support/http/probes.js';
import type { ServerProcess } from '../../support/http/server-process.js';
import { useServers } from '../../support/http/started-servers.js';
import { SteadyPredictions } from '../../support/http/steady-predictions.js';
import { TestStore } from '../../support/stores/build-store.js';
import { itOnPosix } from '../../support/posix.js';
import { until } from '../../support/until.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const preload = (file: string) => ({ NODE_OPTIONS: `--require ${join(__dirname, '..', '..', 'support', file)}` });

let store: TestStore;
beforeEach(() => {
  store = new TestStore().addModel('adder').addRun('adder', 'run-0', { metrics: { f1: 0.1 } });
});
const start = useServers(() => ({
  MODELS_DIR: store.folder,
  TRIAL_PROCESS: 'true',
  REFRESH_INTERVAL_MS: '300',
  REFRESH_SETTLE_MS: '20',
  STORE_TIMEOUT_MS: '500',
  SHUTDOWN_GRACE_MS: '5000',
  ADMIN_API_KEY: ADMIN_KEY,
}));
// After the servers have ended.
afterEach(() => store.remove());
const addBetterRun = (i: number, model = 'adder') =>
  store.addRun(model, `${model === 'adder' ? 'run' : model}-${i}`, { metrics: { f1: 0.1 + i / 100 } });
const servedBy = async (baseUrl: string, model = 'adder') =>
  (await ask(baseUrl, `/models/${model}`)).json.data.best_run_id as string;
const askAsAdmin = (baseUrl: string, method: string, path: string, body?: object) =>
  ask(baseUrl, path, { method, body, headers: { 'X-API-Key': ADMIN_KEY } });
const stop = async (server: ServerProcess) => {
  server.kill('SIGTERM');
  return server.exited;
};

describe('a clock that steps', () => {
  itOnPosix('by days and decades, forth and back, disturbs nothing', async () => {
    const clock = store.path('clock');
    writeFileSync(clock, '0');
    const environment = { ...preload('stepped-clock.cjs'), CLOCK_FILE: clock };
    const server = start(environment);
    const baseUrl = await server.ready();
    const predictions = new SteadyPredictions(baseUrl, 'adder', { a: 1, b: 2 });

    const offsets = [DAY_MS, -DAY_MS, 50 * 365 * DAY_MS, 1_000 - Date.now(), 3_600_000, 0];
    for (const [i, offset] of offsets.entries()) {
      writeFileSync(clock, String(offset));
      addBetterRun(i + 1);
      await until(async () => (await servedBy(baseUrl)) === `run-${i + 1}`);
      await predictions.goOn();
      expect(await probesOf(baseUrl)).toEqual(wellWith('adder'));
    }
    writeFileSync(clock, String(-DAY_MS));
    expect((await askAsAdmin(baseUrl, 'PUT', '/models/adder/pin', { run_id: 'run-2', reason: 'Hold.' })).status).toBe(
      200,
    );

    const answers = (await predictions.stop()).flat();
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(await stop(server)).toEqual({ code: 0, signal: null });
    const { history, pin } = store.readJson('adder/.bestrun-state.json') as unknown as ModelState;
    expect(pin!.run_id).toBe('run-2');
    expect(history.map(({ event, run_id: runId }) => `${event} ${runId}`)).toEqual([
      'pinned run-2',
      ...offsets.map((_, i) => `promoted run-${offsets.length - i}`),
      'served run-0',
    ]);

    writeFileSync(clock, String(-400 * DAY_MS));
    const next = start(environment);
    expect(await servedBy(await next.ready())).toBe('run-2');
  });
});

describe('a disk that hangs', () => {
  let pipe: string;
  let scratch: TestStore;
  beforeEach(() => {
    scratch = new TestStore();
    pipe = scratch.path('hung');
  });
  afterEach(() => {
    answer();
    scratch.remove();
  });
  const hang = () => void spawnSync('mkfifo', [pipe]);
  /** All calls that wait are answered, and those that come. */
  const answer = () => {
    if (spawnSync('test', ['-p', pipe]).status !== 0) return;
    const writer = openSync(pipe, 'r+');
    rmSync(pipe);
    closeSync(writer);
  };
  const onHungDisk = (folder: string) => ({ ...preload('hanging-disk.cjs'), HUNG_FOLDER: folder, HUNG_PIPE: pipe });

  itOnPosix('in the folder of one model delays no other, is told, and ends with its answer', async () => {
    store.addModel('other').addRun('other', 'other-0', { metrics: { f1: 0.1 } });
    const server = start(onHungDisk(store.path('adder')));
    const baseUrl = await server.ready();
    hang();
    addBetterRun(1);
    addBetterRun(1, 'other');

    await until(async () => (await servedBy(baseUrl, 'other')) === 'other-1');
    await until(async () => (await probesOf(baseUrl)).status === 'degraded');
    expect(await probesOf(baseUrl)).toMatchObject({ livez: 200, readyz: 200, ready: { adder: true, other: true } });
    expect((await ask(baseUrl, '/models/adder/predictions?a=1&b=2')).status).toBe(200);
    expect((await ask(baseUrl, '/health')).json.data.sources[0].problem).toContain('does not answer');
    answer();

    await until(async () => (await servedBy(baseUrl)) === 'run-1');
    await until(async () => (await probesOf(baseUrl)).status === 'ok');
  });

  itOnPosix('does not keep the process from ending', async () => {
    const server = start(onHungDisk(store.folder));
    const baseUrl = await server.ready();
    hang();
    addBetterRun(1);
    await until(async () => (await ask(baseUrl, '/health')).json.data.sources[0].problem !== null);

    expect((await ask(baseUrl, '/models/adder/predictions?a=1&b=2')).status).toBe(200);
    expect(await endOf(server)).toBe(0);
  });

  itOnPosix('under pins and history does not keep the process from ending', async () => {
    const server = start({ ...onHungDisk(scratch.path('state')), STATE_DIR: scratch.path('state') });
    const baseUrl = await server.ready();
    hang();
    const pin = { run_id: 'run-0', reason: 'Hold.' };
    askAsAdmin(baseUrl, 'PUT', '/models/adder/pin', pin).catch(() => undefined);

    await until(async () => (await probesOf(baseUrl)).stateProblem !== null);
    expect(await probesOf(baseUrl)).toMatchObject({
      livez: 200,
      readyz: 200,
      status: 'degraded',
      ready: { adder: true },
    });
    expect((await ask(baseUrl, '/models/adder/predictions?a=1&b=2')).status).toBe(200);
    // Cut off when the pin is still being written.
    expect([0, 137]).toContain(await endOf(server));
  });

  /** Exit code after a stop, or 137; where Node cannot give 0 while a disk hangs, that counts as 0 as well. */
  async function endOf(server: ServerProcess): Promise<number | null> {
    const { code, signal } = await stop(server);
    const isMeantAsZero = signal === 'SIGKILL' && server.stdout.includes('bestrun has stopped');
    return isMeantAsZero ? 0 : signal === 'SIGKILL' ? 137 : code;
  }
});

describe('something else in place of the state file', () => {
  itOnPosix.each<[string, (file: string) => void]>([
    ['a pipe', (file) => void spawnSync('mkfifo', [file])],
    ['a folder', (file) => mkdirSync(file)],
  ])('%s delays neither the start nor a pin nor the stop, and is told', async (_what, put) => {
    put(store.path('adder/.bestrun-state.json'));
    addBetterRun(1);
    const server = start();
    const baseUrl = await server.ready();

    expect(await servedBy(baseUrl)).toBe('run-1');
    expect((await askAsAdmin(baseUrl, 'PUT', '/models/adder/pin', { run_id: 'run-0', reason: 'Hold.' })).status).toBe(
      200,
    );
    expect(await servedBy(baseUrl)).toBe('run-0');
    expect(await probesOf(baseUrl)).toEqual({
      ...wellWith('adder'),
      status: 'degraded',
      stateProblem: expect.stringContaining('adder'),
    });
    expect(await stop(server)).toEqual({ code: 0, signal: null });
  });
});
