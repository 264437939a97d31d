import { randomInt } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import type { HistoryEvent, ModelState } from '../../../src/domain/model-state.js';
import { ADMIN_KEY } from '../../support/http/admin.js';
import { ask } from '../../support/http/ask.js';
import { probesOf, wellWith } from '../../support/http/probes.js';
import { childrenOf, isRunning } from '../../support/http/processes.js';
import type { ServerProcess } from '../../support/http/server-process.js';
import { useServers } from '../../support/http/started-servers.js';
import { SteadyPredictions } from '../../support/http/steady-predictions.js';
import { TestStore } from '../../support/stores/build-store.js';
import { itOnPosix } from '../../support/posix.js';
import { until } from '../../support/until.js';

const isShort = process.env['SOAK'] === 'ci';
/** Kills of trial processes, and of whole servers in the middle of trials. */
const KILLS = isShort ? 10 : 200;
const SERVER_KILLS = isShort ? 2 : 20;
/** A process on trial starts, loads and computes in about this time, milliseconds. */
const TRIAL_MS = 700;
const STATE_FILE = '.bestrun-state.json';

let store: TestStore;
beforeEach(() => {
  store = new TestStore().addModel('adder').addRun('adder', 'run-0', { metrics: { f1: 0.1 } });
});
const start = useServers(() => ({
  MODELS_DIR: store.folder,
  TRIAL_PROCESS: 'true',
  REFRESH_INTERVAL_MS: '0',
  REFRESH_SETTLE_MS: '0',
  INFERENCE_THREADS: '2',
  LOG_REQUESTS: 'false',
  ADMIN_API_KEY: ADMIN_KEY,
}));
// After the servers have ended.
afterEach(() => store.remove());

/** Adds a run that is better than those before it. */
const addBetterRun = (i: number) => store.addRun('adder', `run-${i}`, { metrics: { f1: 0.1 + i / 1000 } });
/** @returns the run that serves then. */
const refresh = async (baseUrl: string, body?: object): Promise<string | null> => {
  const headers = { 'X-API-Key': ADMIN_KEY };
  const { status, json } = await ask(baseUrl, '/models/refresh', { method: 'POST', headers, body });
  expect(status).toBe(200);
  return json.data.models[0].run_id as string | null;
};
const state = () => store.readJson(`adder/${STATE_FILE}`) as unknown as ModelState;

/** The state is whole: nothing half-written lies about, no trial goes on, and each change follows from the one before it. */
function expectSoundState(servedRunId: string): void {
  const { served, trials, history } = state();
  expect(readdirSync(store.path('adder')).sort()).toEqual([STATE_FILE, 'card.json', 'runs']);
  expect(served!.run_id).toBe(servedRunId);
  expect(Object.values(trials).filter(({ outcome }) => outcome === 'trying')).toEqual([]);
  const changes = history.filter(({ event }) => event === 'promoted');
  const isBroken = ({ previous_run_id: previous }: HistoryEvent, i: number) =>
    changes[i + 1] !== undefined && changes[i + 1]!.run_id !== previous;
  expect(changes.filter(isBroken)).toEqual([]);
  expect(changes[0]!.run_id).toBe(servedRunId);
}

describe(`${KILLS} kills of processes on trial, at any moment`, () => {
  itOnPosix('cost no answer, leave no process and a sound state, and the best run serves in the end', async () => {
    const server = start();
    const baseUrl = await server.ready();
    const predictions = new SteadyPredictions(baseUrl, 'adder', { a: 1, b: 2 });
    const seen = new Set<number>();
    let newest = 0;
    for (let killed = 0; killed < KILLS;) {
      addBetterRun((newest += 1));
      const refreshed = refresh(baseUrl);
      await until(() => childrenOf(server.child.pid!).length > 0);
      await sleep(randomInt(TRIAL_MS));
      for (const pid of childrenOf(server.child.pid!)) {
        seen.add(pid);
        process.kill(pid, 'SIGKILL');
        killed += 1;
      }
      await refreshed;
      if (newest % 10 === 0) expect(await probesOf(baseUrl)).toEqual(wellWith('adder'));
    }

    addBetterRun((newest += 1));
    expect(await refresh(baseUrl)).toBe(`run-${newest}`);
    const answers = (await predictions.stop()).flat();
    expect(answers.filter(({ status, json }) => status !== 200 || json.data.predictions[0].sum !== 3)).toEqual([]);
    expect(answers.length).toBeGreaterThan(KILLS);
    expect(await probesOf(baseUrl)).toEqual(wellWith('adder'));
    expectSoundState(`run-${newest}`);
    for (const pid of childrenOf(server.child.pid!)) seen.add(pid);
    server.kill('SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect([...seen].filter(isRunning)).toEqual([]);
  });
});

describe(`${SERVER_KILLS} kills of a server in the middle of a trial`, () => {
  itOnPosix('leave no process, and each next server serves the run that served or a better one', async () => {
    for (let i = 1; i <= SERVER_KILLS; i++) {
      const served = await startAndKill(i);

      const next = start();
      const baseUrl = await next.ready();
      const { json } = await ask(baseUrl, '/models/adder');
      const numberOf = (runId: string) => Number(runId.replace('run-', ''));
      expect(numberOf(json.data.best_run_id as string)).toBeGreaterThanOrEqual(numberOf(served));
      expect(await probesOf(baseUrl)).toEqual(wellWith('adder'));
      expect(await refresh(baseUrl, { retry: `run-${i}` })).toBe(`run-${i}`);
      expectSoundState(`run-${i}`);
      next.kill('SIGTERM');
      expect(await next.exited).toEqual({ code: 0, signal: null });
    }
  });

  /** Kills a server while it tries a better run. @returns the run that it served before. */
  async function startAndKill(i: number): Promise<string> {
    const server = start();
    const baseUrl = await server.ready();
    const served = (await ask(baseUrl, '/models/adder')).json.data.best_run_id as string;
    addBetterRun(i);
    refresh(baseUrl).catch(() => undefined);
    await until(() => existsSync(store.path(`adder/${STATE_FILE}`)) && childrenOf(server.child.pid!).length > 0);
    await sleep(randomInt(TRIAL_MS));
    await killWithAllChildren(server);
    return served;
  }

  /** The children have to end by themselves. */
  async function killWithAllChildren(server: ServerProcess): Promise<void> {
    const children = childrenOf(server.child.pid!);
    server.kill('SIGKILL');
    await server.exited;
    await until(() => !children.some(isRunning));
  }
});

describe(`${SERVER_KILLS} kills of a server while it starts`, () => {
  itOnPosix('do not take the run out of service that served before', async () => {
    const first = start();
    await first.ready();
    first.kill('SIGTERM');
    await first.exited;

    for (let i = 0; i < SERVER_KILLS; i++) {
      const server = start();
      await until(() => childrenOf(server.child.pid!).length > 0);
      await sleep(randomInt(TRIAL_MS));
      server.kill('SIGKILL');
      await server.exited;

      const next = start();
      expect(await probesOf(await next.ready())).toEqual(wellWith('adder'));
      next.kill('SIGTERM');
      await next.exited;
    }
  });
});
