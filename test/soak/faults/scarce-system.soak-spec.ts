import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';

import { ADMIN_KEY } from '../../support/http/admin.js';
import { ask } from '../../support/http/ask.js';
import { matMulModel } from '../../support/engines/matmul-model.js';
import { probesOf, wellWith } from '../../support/http/probes.js';
import { RawSocket, statusesIn } from '../../support/http/raw-socket.js';
import type { ServerProcess } from '../../support/http/server-process.js';
import { useServers } from '../../support/http/started-servers.js';
import { TestStore, sha256 } from '../../support/stores/build-store.js';
import { itOnPosix } from '../../support/posix.js';
import { until } from '../../support/until.js';

let store: TestStore;
beforeEach(() => void (store = new TestStore().addModel('adder').addRun('adder', 'adder-1')));
const start = useServers(() => ({
  MODELS_DIR: store.folder,
  TRIAL_PROCESS: 'true',
  REFRESH_INTERVAL_MS: '300',
  REFRESH_SETTLE_MS: '20',
  ADMIN_API_KEY: ADMIN_KEY,
}));
// After the servers have ended.
afterEach(() => store.remove());
const pin = (baseUrl: string, runId: string) =>
  ask(baseUrl, '/models/adder/pin', {
    method: 'PUT',
    body: { run_id: runId, reason: 'Hold.' },
    headers: { 'X-API-Key': ADMIN_KEY },
  });

describe('a process that may open 64 files', () => {
  itOnPosix('answers who is connected, and is well when the others have gone', async () => {
    const server = start({}, ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']);
    const baseUrl = await server.ready();
    const first = await RawSocket.open(baseUrl);
    const crowd: RawSocket[] = [];
    for (let i = 0; i < 80; i++) crowd.push(await RawSocket.open(baseUrl));

    if (process.platform === 'linux') await until(() => readdirSync(`/proc/${server.child.pid}/fd`).length >= 63);
    first.send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    first.send('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n');
    first.send('GET /models/adder/predictions?a=1&b=2 HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(statusesIn(await first.receive((text) => statusesIn(text).length === 4))).toEqual([200, 200, 200, 200]);
    for (const socket of [first, ...crowd]) socket.abort();

    await until(async () => (await probesOf(baseUrl).catch(() => undefined))?.status === 'ok');
    store.addRun('adder', 'adder-2', { metrics: { f1: 0.9 } });
    await until(async () => (await ask(baseUrl, '/models/adder')).json.data.best_run_id === 'adder-2');
    expect(await probesOf(baseUrl)).toEqual(wellWith('adder'));
  });
});

describe('a log whose reader has stopped', () => {
  itOnPosix('costs no answer, little memory and no time at the stop', async () => {
    const server = start();
    const baseUrl = await server.ready();
    const { stdout } = server.child;
    stdout!.pause();
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const path = '/models/adder/predictions?a=1&b=2';

    const statuses = new Set<number>();
    // Two megabytes of lines: more than the pipe and the server keep.
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let i = 0; i < 1_000; i++) statuses.add((await ask(baseUrl, path, { agent })).status);
      }),
    );
    expect([...statuses]).toEqual([200]);
    expect(await probesOf(baseUrl)).toEqual(wellWith('adder'));
    agent.destroy();
    const ended = once(server.child, 'exit');
    server.kill('SIGTERM');

    expect(await ended).toEqual([0, null]);
    stdout!.resume();
  });
});

/** A file system of its own for a folder, without rights on this machine; ends with the process. */
const withSmallDisk = (folder: string, size: string, redirect = '') => [
  ...['unshare', '--map-root-user', '--mount', 'sh', '-c'],
  `mount -t tmpfs -o size=${size} tmpfs "${folder}" && exec "$@" ${redirect}`,
  'sh',
];
const canMount = (() => {
  const probe = new TestStore();
  const [program, ...args] = withSmallDisk(probe.folder, '64k');
  const { status } = spawnSync(program!, [...args, 'true']);
  probe.remove();
  return status === 0;
})();

(canMount ? describe : describe.skip)('a disk that is full', () => {
  let disk: TestStore;
  beforeEach(() => void (disk = new TestStore()));
  afterEach(() => disk.remove());
  /** Where this process sees what the server has mounted. */
  const inside = ({ child }: ServerProcess, name: string) => join(`/proc/${child.pid}/root`, disk.folder, name);
  const fill = (server: ServerProcess) => {
    try {
      for (let i = 0; ; i++) writeFileSync(inside(server, `filler-${i}`), Buffer.alloc(4096));
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    }
  };
  const makeRoom = (server: ServerProcess) => {
    const names = readdirSync(inside(server, '.')).filter((name) => name.startsWith('filler-'));
    for (const name of names) rmSync(inside(server, name));
  };

  it('keeps what a person decides in memory, says so, and writes it when there is room', async () => {
    store.addRun('adder', 'adder-2', { metrics: { f1: 0.1 } });
    const server = start({ STATE_DIR: disk.path('state') }, withSmallDisk(disk.folder, '256k'));
    const baseUrl = await server.ready();
    fill(server);

    expect((await pin(baseUrl, 'adder-2')).status).toBe(200);
    const full = await probesOf(baseUrl);
    expect((await ask(baseUrl, '/models/adder/predictions?a=1&b=2')).json.data).toMatchObject({ run_id: 'adder-2' });
    expect(full).toEqual({ ...wellWith('adder'), status: 'degraded', stateProblem: expect.stringContaining('adder') });
    makeRoom(server);

    await until(async () => (await probesOf(baseUrl)).stateProblem === null);
    const file = inside(server, 'state/adder.bestrun-state.json');
    expect(JSON.parse(readFileSync(file, 'utf8')).pin.run_id).toBe('adder-2');
    // The lock is there while something is written, and nothing stays of what could not be.
    await until(() => readdirSync(inside(server, 'state')).join() === 'adder.bestrun-state.json');
    const warnings = server.log.filter(({ msg }) => String(msg).includes('cannot be written to the store (ENOSPC)'));
    expect(warnings).toHaveLength(1);
  });

  it('costs the log its lines and nobody an answer; the log says how many', async () => {
    const server = start({}, withSmallDisk(disk.folder, '256k', `> "${disk.path('log')}"`));
    const text = () => (existsSync(inside(server, 'log')) ? readFileSync(inside(server, 'log'), 'utf8') : '');
    await until(() => text().includes('"port":'));
    const baseUrl = `http://127.0.0.1:${/"port":(\d+)/.exec(text())![1]}`;
    fill(server);
    const before = text().length;

    for (let i = 0; i < 200; i++) expect((await ask(baseUrl, '/models/adder/predictions?a=1&b=2')).status).toBe(200);
    expect(await probesOf(baseUrl)).toEqual(wellWith('adder'));
    expect(text().length - before).toBeLessThan(4096);
    makeRoom(server);

    await ask(baseUrl, '/livez');
    await until(() => text().includes('log lines were dropped'));
    server.kill('SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
  });

  it('keeps no weights that do not fit, and serves the model with weights of its own', async () => {
    addLargeModel();
    const server = start(
      { MODEL_CACHE_DIR: disk.path('models'), START_WAIT_MS: '120000' },
      withSmallDisk(disk.folder, '16m'),
    );
    const baseUrl = await server.ready();

    expect(await probesOf(baseUrl)).toEqual(wellWith('adder', 'large'));
    const { json } = await ask(baseUrl, '/runs/large-1');
    expect(json.data.notes.join(' ')).toContain('MODEL_CACHE_DIR cannot be written (ENOSPC)');
    expect(readdirSync(inside(server, 'models')).filter((name) => name !== 'incoming')).toEqual([]);
  });

  /** 72 MiB of weights. */
  function addLargeModel(): void {
    const size = 1536;
    store.addModel('large').addRun('large', 'large-1');
    const artifact = store.path('large/runs/large-1/artifacts/model.onnx');
    writeFileSync(artifact, matMulModel({ layers: 8, size }));
    const number = { type: 'array', items: { type: 'number' }, minItems: size, maxItems: size };
    const x = Array.from({ length: size }, () => 0);
    store.write('large/runs/large-1/run.json', {
      ...store.readJson('large/runs/large-1/run.json'),
      model: { format: 'onnx', path: 'artifacts/model.onnx', sha256: sha256(artifact) },
      signature: {
        input: { type: 'object', properties: { x: number }, required: ['x'] },
        output: { type: 'object', properties: { y: number }, required: ['y'] },
      },
      encode: { tensors: [{ kind: 'array', tensor: 'x', dtype: 'float32', field: 'x', shape: [size] }] },
      decode: { kind: 'tensors', fields: { y: 'y' } },
      examples: [{ input: { x }, output: { y: x } }],
    });
  }
});
