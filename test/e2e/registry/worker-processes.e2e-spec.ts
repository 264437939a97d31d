import { ADMIN_KEY } from '../../support/http/admin.js';
import { ask } from '../../support/http/ask.js';
import { childrenOf } from '../../support/http/processes.js';
import { TestStore } from '../../support/stores/build-store.js';
import { RawSocket, hasPrediction, statusesIn } from '../../support/http/raw-socket.js';
import { returningClients } from '../../support/http/returning-clients.js';
import { useServers } from '../../support/http/started-servers.js';
import { SLOW_TIMES, storeWithSlowModel } from '../../support/stores/slow-store.js';
import { until } from '../../support/until.js';
import { itOnPosix } from '../../support/posix.js';

let store: TestStore;

beforeAll(() => {
  store = storeWithSlowModel();
});

afterAll(() => store.remove());

const start = useServers(() => ({
  MODELS_DIR: store.folder,
  WORKERS: '2',
  INFERENCE_THREADS: '1',
}));

describe('several worker processes', () => {
  const workerIds = async (baseUrl: string, count: number) => {
    const ids = new Set<string>();
    for (let i = 0; i < count; i++) ids.add((await ask(baseUrl, '/livez')).headers['x-worker-id'] as string);
    return ids;
  };

  /**
   * One check as a prober makes it, which gives up after three failures. The first may fail: a process
   * that has taken a connection in the very moment in which it is killed takes it along.
   *
   * @returns id of the process that answered.
   */
  const healthCheck = async (baseUrl: string) => {
    const check = () => ask(baseUrl, '/health', { timeoutMs: 3_000 });
    const { status, headers } = await check().catch(check).catch(check);
    expect(status).toBe(200);
    return headers['x-worker-id'] as string;
  };

  itOnPosix('answer together; a killed one is replaced without a failed health check; SIGTERM ends all', async () => {
    const server = start();
    await server.until(() => server.log.filter(({ port }) => port !== undefined).length === 2);
    const baseUrl = await server.ready();
    expect((await workerIds(baseUrl, 20)).size).toBe(2);
    const readyLines = server.log.filter(({ port }) => port !== undefined);
    expect(new Set(readyLines.map((line) => line.worker_id))).toEqual(new Set([1, 2]));

    // One that does not run takes no connection; those that are on their way to it go to another when it is killed.
    const [killed] = childrenOf(server.child.pid!);
    process.kill(killed!, 'SIGSTOP');
    const sockets = await Promise.all(Array.from({ length: 4 }, () => RawSocket.open(baseUrl)));
    for (const socket of sockets) socket.send('GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await until(() => sockets.filter(({ text }) => statusesIn(text).length === 1).length === 3);
    process.kill(killed!, 'SIGKILL');
    for (const socket of sockets) expect(statusesIn(await socket.read())).toEqual([200]);
    const seen = new Set<string>();
    await until(async () => seen.add(await healthCheck(baseUrl)).has('3'));

    const ids = await workerIds(baseUrl, 20);
    expect(ids.size).toBe(2);
    expect(ids).toContain('3');
    expect(server.log).toContainEqual(expect.objectContaining({ code: null, signal: 'SIGKILL' }));
    const children = childrenOf(server.child.pid!);
    expect(children).toHaveLength(2);
    server.kill('SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
    for (const child of children) expect(() => process.kill(child, 0)).toThrow();
  });

  it('agree on what a person decides, although none of them looks at the store by itself', async () => {
    const store = new TestStore()
      .addModel('adder')
      .addRun('adder', 'best', { metrics: { f1: 0.9 } })
      .addRun('adder', 'other', { metrics: { f1: 0.5 } });
    const server = start({
      MODELS_DIR: store.folder,
      REFRESH_INTERVAL_MS: '0',
      ADMIN_API_KEY: ADMIN_KEY,
    });
    await server.until(() => server.log.filter(({ port }) => port !== undefined).length === 2);
    const baseUrl = await server.ready();
    const servedBy = async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask(baseUrl, '/models/adder')));
      return [...new Set(answers.map(({ json }) => json.data.best_run_id as string))];
    };
    const asAdmin = (method: string, path: string, body?: object) =>
      ask(baseUrl, path, { method, body, headers: { 'X-API-Key': ADMIN_KEY } });

    await asAdmin('PUT', '/models/adder/pin', { run_id: 'other', reason: 'For the audit.' });
    await until(async () => (await servedBy()).join() === 'other');
    await asAdmin('DELETE', '/models/adder/pin');
    await until(async () => (await servedBy()).join() === 'best');
    store.addRun('adder', 'newest', { metrics: { f1: 0.95 } });
    await asAdmin('POST', '/models/refresh');
    await until(async () => (await servedBy()).join() === 'newest');
    // First the server: it may still be writing down what it served.
    await server.remove();
    store.remove();
  });

  it('end with the report when none of them can start', async () => {
    const broken = new TestStore();
    const server = start({ MODELS_DIR: broken.folder });

    expect((await server.exited).code).toBe(1);
    expect(server.stderr).toContain('Nothing can be served');
    broken.remove();
  });

  itOnPosix('let requests finish that run, or still come, when the whole is told to end', async () => {
    const server = start({ SHUTDOWN_DELAY_MS: '100' });
    await server.until(() => server.log.filter(({ port }) => port !== undefined).length === 2);
    const baseUrl = await server.ready();
    const running = await RawSocket.open(baseUrl);
    running.send(`GET /models/slow/predictions?x=1&times=${SLOW_TIMES} HTTP/1.1\r\nHost: x\r\n\r\n`);
    // Connections go to the two processes in turn: with four more, each has read what came before.
    await workerIds(baseUrl, 4);
    const request = 'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const outcomes = returningClients(baseUrl, 32, request);

    server.kill('SIGTERM');

    const failed = (await outcomes).filter(([status]) => status !== 200);
    // One may land between the last look for new connections and the close of the port (docs/operations.md).
    expect(failed.flat()).toEqual([]);
    expect(failed.length).toBeLessThanOrEqual(1);
    expect(statusesIn(await running.read(hasPrediction))).toEqual([200]);
    expect(await server.exited).toEqual({ code: 0, signal: null });
  });
});
