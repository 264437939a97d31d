import { spawnSync } from 'node:child_process';

import { ask } from '../../support/http/ask.js';
import { freePort } from '../../support/http/free-port.js';
import { probesOf, wellWith } from '../../support/http/probes.js';
import { childrenOf, isRunning } from '../../support/http/processes.js';
import { useServers } from '../../support/http/started-servers.js';
import { SteadyPredictions } from '../../support/http/steady-predictions.js';
import { TestStore } from '../../support/stores/build-store.js';
import { slowRun } from '../../support/stores/tiny-runs.js';
import { itOnPosix } from '../../support/posix.js';
import { until } from '../../support/until.js';

const isShort = process.env['SOAK'] === 'ci';
/** Rounds of a loop that nobody sees the end of. */
const ENDLESS = 1e15;
const endless = { examples: [{ input: { x: 1, times: ENDLESS }, output: { y: 1 } }] };
/** How processes end whose threads hang: 1 where Node can say so, else SIGKILL. */
const ENDED = 'execve' in process ? { code: 1, signal: null } : { code: null, signal: 'SIGKILL' };

let store: TestStore;
beforeEach(() => {
  store = new TestStore().addModel('adder').addRun('adder', 'adder-1');
});
const environment = () => ({
  MODELS_DIR: store.folder,
  TRIAL_PROCESS: 'true',
  INFERENCE_THREADS: '1',
  PREDICTION_TIMEOUT_MS: '1000',
  MODEL_LOAD_TIMEOUT_MS: '2000',
  REFRESH_INTERVAL_MS: '300',
  LOG_REQUESTS: 'false',
});
const start = useServers(environment);
// After the servers have ended.
afterEach(() => store.remove());

const verdictOf = async (baseUrl: string, model: string): Promise<string[]> => {
  const { json } = await ask(baseUrl, `/models/${model}/selection`);
  return json.data.ranking[0].verdict.reasons.map(({ message }: { message: string }) => message);
};

describe('runs that cannot be tried to an end', () => {
  itOnPosix('neither cost others an answer nor delay a stop, and are not tried for ever', async () => {
    store.addModel('looping').addRun('looping', 'looping-1', { ...slowRun, ...endless }, 'onnx-slow-rows');
    for (const i of [1, 2, 3])
      store.addModel(`loading-${i}`).addRun(`loading-${i}`, `loading-${i}`, {}, 'onnx-endless-load');
    const server = start();
    const baseUrl = await server.ready();
    const predictions = new SteadyPredictions(baseUrl, 'adder', { a: 1, b: 2 });
    const pids = new Set(childrenOf(server.child.pid!));
    const bad = ['loading-1', 'loading-2', 'loading-3', 'looping'];
    const ready = { adder: true, ...Object.fromEntries(bad.map((model) => [model, false])) };

    for (const model of bad) {
      await until(async () => {
        for (const pid of childrenOf(server.child.pid!)) pids.add(pid);
        return (await verdictOf(baseUrl, model))[0]?.endsWith('It is not tried again by itself.') ?? false;
      });
      expect(await probesOf(baseUrl)).toEqual({ ...wellWith(), ready, status: 'degraded' });
    }
    await predictions.goOn();
    const answers = (await predictions.stop()).flat();
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect((await ask(baseUrl, '/health')).json.data.threads.stuck).toBe(0);
    server.kill('SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect([...pids].filter(isRunning)).toEqual([]);
  });

  itOnPosix('end a start and a check of the store that have nothing else, with code 1', async () => {
    const hopeless = new TestStore().addModel('looping');
    hopeless.addRun('looping', 'looping-1', { ...slowRun, ...endless }, 'onnx-slow-rows');
    const server = start({ MODELS_DIR: hopeless.folder });
    const check = spawnSync(process.execPath, ['dist/cli/check-models.js', hopeless.folder], {
      encoding: 'utf8',
      env: { ...process.env, ...environment() },
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });

    expect(await server.exited).toEqual({ code: 1, signal: null });
    expect(server.stderr).toContain('TRIAL_TIMED_OUT');
    expect([check.status, check.stdout]).toEqual([1, expect.stringContaining('TRIAL_TIMED_OUT')]);
    hopeless.remove();
  });
});

describe('more threads that hang than may be spared', () => {
  /** Sends predictions without an end until no more threads are started. */
  const hangAll = async (baseUrl: string): Promise<void> => {
    const endlessPrediction = `/models/slow/predictions?x=1&times=${ENDLESS}`;
    const problem = async () => (await ask(baseUrl, '/livez')).status !== 200;
    while (!(await problem())) expect((await ask(baseUrl, endlessPrediction)).status).toBe(504);
  };
  const withSlow = () => store.addModel('slow').addRun('slow', 'slow-1', slowRun, 'onnx-slow-rows');
  // The run is not held back before: this is what happens where that comes too late.
  const manyMayHang = { MAX_STUCK_THREADS: '256', REFRESH_INTERVAL_MS: '0' };
  const exhausted = { livez: 503, readyz: 503, status: 'degraded', ready: { adder: false, slow: false } };

  itOnPosix('fail both probes, and the process ends itself with a line that says why', async () => {
    withSlow();
    const server = start(manyMayHang);
    const baseUrl = await server.ready();
    const trials = childrenOf(server.child.pid!);

    await hangAll(baseUrl);

    expect(await probesOf(baseUrl)).toMatchObject(exhausted);
    const { json } = await ask(baseUrl, '/livez');
    expect(json.detail).toMatch(/3 threads compute predictions that do not end, and no more are started/);
    expect(await server.exited).toEqual(ENDED);
    expect(server.log.at(-1)).toMatchObject({
      level: 'error',
      msg: expect.stringMatching(
        /^bestrun ends itself, to be started again: 3 threads compute predictions that do not end/,
      ),
    });
    expect(trials.filter(isRunning)).toEqual([]);
  });

  const asPid1 = ['unshare', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const canBePid1 = spawnSync(asPid1[0]!, [...asPid1.slice(1), 'true']).status === 0;

  (canBePid1 && !isShort ? it : it.skip)('end the first process of a container, too', async () => {
    withSlow();
    const server = start(manyMayHang, asPid1);
    await hangAll(await server.ready());

    // What `unshare` makes of it: Node before 22.15 can only crash there, with 134 or 139.
    const { code, signal } = await server.exited;
    expect(signal ?? code).not.toBe(0);
    if ('execve' in process) expect(code).toBe(1);
    expect(server.stdout).toContain('bestrun ends itself, to be started again');
  });

  (isShort ? it.skip : itOnPosix)('cost a cluster that process, which is replaced', async () => {
    withSlow();
    // Of its own: a free one would be another one once both processes had to be replaced.
    const server = start({ ...manyMayHang, WORKERS: '2', PORT: String(await freePort()) });
    const countReady = () => server.log.filter(({ port }) => port !== undefined).length;
    const countReplaced = () => server.stdout.split('is being replaced').length - 1;
    await server.until(() => countReady() === 2);
    const baseUrl = await server.ready();

    while (countReplaced() === 0)
      await ask(baseUrl, `/models/slow/predictions?x=1&times=${ENDLESS}`).catch(() => undefined);

    await server.until(() => countReady() === 2 + countReplaced());
    expect(childrenOf(server.child.pid!)).toHaveLength(2);
    // The other process may just be starting another thread in the place of one that hangs.
    await until(async () => (await ask(baseUrl, '/models/adder/predictions?a=1&b=2')).status === 200);
    expect(server.log.filter(({ msg }) => msg?.startsWith('bestrun ends itself'))).toHaveLength(countReplaced());
  });

  itOnPosix('end with the first process of a cluster when that is killed', async () => {
    withSlow();
    const server = start({ ...manyMayHang, WORKERS: '2', PORT: String(await freePort()) });
    await server.until(() => server.log.filter(({ port }) => port !== undefined).length === 2);
    const baseUrl = await server.ready();
    const workers = childrenOf(server.child.pid!);
    await ask(baseUrl, `/models/slow/predictions?x=1&times=${ENDLESS}`);

    server.child.kill('SIGKILL');

    await until(() => !workers.some(isRunning));
  });
});

describe('a run whose clients can make it hang', () => {
  itOnPosix('is taken out of service before it costs the others theirs', async () => {
    store.addModel('slow').addRun('slow', 'slow-1', slowRun, 'onnx-slow-rows');
    const server = start({ REFRESH_INTERVAL_MS: '0', INFERENCE_THREADS: '2' });
    const baseUrl = await server.ready();
    const predictions = new SteadyPredictions(baseUrl, 'adder', { a: 1, b: 2 });

    expect((await ask(baseUrl, `/models/slow/predictions?x=1&times=${ENDLESS}`)).status).toBe(504);
    await until(async () => (await ask(baseUrl, '/models/slow/predictions?x=1&times=1')).status === 503);

    const probes = await probesOf(baseUrl);
    const answers = (await predictions.stop()).flat();
    expect(probes).toMatchObject({ livez: 200, readyz: 200, status: 'degraded', ready: { adder: true, slow: false } });
    expect((await verdictOf(baseUrl, 'slow'))[0]).toContain('and each holds a thread (MAX_STUCK_THREADS)');
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(answers.length).toBeGreaterThan(0);
    server.kill('SIGTERM');
    expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(server.log.at(-1)).toMatchObject({ level: 'error', threads: 1 });
  });
});
