import { once } from 'node:events';
import { Agent, get as httpGet } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { stopWithReport } from '../../../src/bootstrap/exit-with-report.js';
import { startServer } from '../../../src/bootstrap/server.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { WorkerPool } from '../../../src/engines/pool/worker-pool.js';
import { ask } from '../../support/http/ask.js';
import { freePort } from '../../support/http/free-port.js';
import { TestStore } from '../../support/stores/build-store.js';
import { SLOW_TIMES, storeWithSlowModel } from '../../support/stores/slow-store.js';
import { RawSocket, hasPrediction, jsonIn } from '../../support/http/raw-socket.js';
import { useServers } from '../../support/http/started-servers.js';
import { until } from '../../support/until.js';
import { itOnPosix } from '../../support/posix.js';

let store: TestStore;

beforeAll(() => {
  store = storeWithSlowModel();
});

afterAll(() => store.remove());

const start = useServers(() => ({ MODELS_DIR: store.folder }));

/** What a start that fails says, and the code it would end the process with; in this process. */
async function startInVain(environment: Record<string, string>): Promise<{ code: number; stderr: string }> {
  let stderr = '';
  const exit = jest.spyOn(process, 'exit').mockReturnValue(undefined as never);
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text as string;
    return true;
  });
  try {
    await startHere({ LOG_LEVEL: 'silent', HOST: '127.0.0.1', PORT: '0', INFERENCE_THREADS: '1', ...environment });
    return { code: exit.mock.calls[0]![0] as number, stderr };
  } finally {
    exit.mockRestore();
    write.mockRestore();
  }
}

async function startHere(environment: Record<string, string>): Promise<void> {
  try {
    await startServer(loadConfig({ MODELS_DIR: store.folder, ...environment }));
  } catch (error) {
    await stopWithReport(error);
  }
}

/** Another program that has a port. */
async function listenSomewhere(): Promise<{ port: number; close: () => void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

/** Sends a prediction of the slow model; resolves when a server of one process computes it. */
async function startSlow(baseUrl: string, times: number): Promise<RawSocket> {
  const socket = await RawSocket.open(baseUrl);
  socket.send(`GET /models/slow/predictions?x=1&times=${times} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await untilRead(baseUrl);
  return socket;
}

/** Resolves when a server of one process has read all that was sent before: it answers a later connection after that. */
async function untilRead(baseUrl: string): Promise<void> {
  await ask(baseUrl, '/livez');
}

const codeOfFailure = (asked: Promise<unknown>): Promise<string | undefined> =>
  asked.then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code ?? 'failed',
  );

describe('the start', () => {
  it('opens the port only when it can predict: refused, then 200, never anything else', async () => {
    const port = await freePort();
    const baseUrl = `http://127.0.0.1:${port}`;
    start({ PORT: String(port) });

    let refusals = 0;
    let first: number | string | undefined;
    await until(async () => {
      first = await ask(baseUrl, '/models/adder/predictions?a=1&b=2').then(
        ({ status }) => status,
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'ECONNREFUSED') return error.code ?? 'failed';
          refusals++;
          return undefined;
        },
      );
      return first !== undefined;
    });

    expect(refusals).toBeGreaterThan(0);
    expect(first).toBe(200);
    expect((await ask(baseUrl, '/readyz')).status).toBe(200);
  });

  it('of a program ends with code 1 and a report, and opens no port, when there is nothing to serve', async () => {
    const broken = new TestStore();
    const server = start({ MODELS_DIR: broken.folder });

    expect(await server.exited).toEqual({ code: 1, signal: null });
    expect(server.stderr).toMatch(
      /^Nothing can be served from .*\n\nThere are no models\. Put one there .*ALLOW_EMPTY=true\.$/m,
    );
    expect(server.log.some(({ port }) => port !== undefined)).toBe(false);
    broken.remove();
  });

  it('names every variable that cannot be used, and no value', async () => {
    const server = await startInVain({
      PORT: 's3cret',
      WORKERS: '-1',
      LOG_LEVEL: 'loud',
      CORS_ORIGINS: 'not an origin',
      PUBLIC_URL: 's3cret',
      TRUST_PROXY: 'maybe',
      DEFAULT_MODEL: 'Not A Name',
      BODY_LIMIT_BYTES: '1',
      HOST: 'a b',
      LOG_REQUESTS: 'yes',
    });

    expect(server.code).toBe(1);
    for (const name of [
      'PORT',
      'WORKERS',
      'LOG_LEVEL',
      'CORS_ORIGINS',
      'PUBLIC_URL',
      'TRUST_PROXY',
      'DEFAULT_MODEL',
      'BODY_LIMIT_BYTES',
      'HOST',
      'LOG_REQUESTS',
    ]) {
      expect(server.stderr).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
    expect(server.stderr).not.toMatch(/s3cret|loud|maybe|Not A Name|\n\s+at /);
  });

  it.each<[string, (folder: TestStore) => unknown, RegExp]>([
    [
      'is empty',
      () => undefined,
      /^Nothing can be served from .*\n\nThere are no models\. Put one there .*ALLOW_EMPTY=true\.$/m,
    ],
    ['has a model without runs', (folder) => folder.addModel('adder'), /adder.*no runs/],
    [
      'has only broken runs',
      (folder) => folder.addModel('adder').write('adder/runs/bad/run.json', '{'),
      /RUN_FILE_INVALID[^]*→/,
    ],
    ['has only broken cards', (folder) => folder.write('adder/card.json', '{}'), /card not usable[^]*card\.json/],
  ])('ends with code 1 and a report when the store %s', async (_name, fill, report) => {
    const broken = new TestStore();
    fill(broken);
    const server = await startInVain({ MODELS_DIR: broken.folder });

    expect(server.code).toBe(1);
    expect(server.stderr).toMatch(report);
    expect(server.stderr).not.toMatch(/\n\s+at /);
    broken.remove();
  });

  it('ends with code 1 and names the folder when there is no store', async () => {
    const server = await startInVain({ MODELS_DIR: store.path('nope') });

    expect(server.code).toBe(1);
    expect(server.stderr).toContain('MODELS_DIR');
    expect(server.stderr).not.toMatch(/\n\s+at /);
  });

  it('ends with code 1 and lists the models when the default one is not there', async () => {
    const server = await startInVain({ DEFAULT_MODEL: 'nope' });

    expect(server.code).toBe(1);
    expect(server.stderr).toContain('adder, slow');
  });

  it('says so when the port is in use, and leaves no thread behind', async () => {
    const other = await listenSomewhere();
    const load = jest.spyOn(WorkerPool.prototype, 'load');
    const closeThreads = jest.spyOn(WorkerPool.prototype, 'close');

    const server = await startInVain({ PORT: String(other.port) });

    expect(server.code).toBe(1);
    expectPortInUse(server.stderr, other.port);
    // That of the models that serve, and that of the runs on trial: on a busy machine there may be another of these.
    const used = new Set(load.mock.contexts);
    expect(used.size).toBeGreaterThanOrEqual(2);
    expect([...used].filter((pool) => !closeThreads.mock.contexts.includes(pool))).toEqual([]);
    load.mockRestore();
    closeThreads.mockRestore();
    other.close();
  });

  it('says so when the port is in use by another program and several processes want it', async () => {
    const other = await listenSomewhere();

    const server = start({ PORT: String(other.port), WORKERS: '2' });

    expect((await server.exited).code).toBe(1);
    expectPortInUse(server.stderr, other.port);
    other.close();
  });

  function expectPortInUse(report: string, port: number): void {
    expect(report).toContain(`Port ${port} is in use`);
    expect(report).not.toMatch(/\n\s+at /);
  }
});

/** What takes a second may take half a minute on a very busy machine, which is the limit of a prediction otherwise. */
const PATIENT = { PREDICTION_TIMEOUT_MS: '100000', SHUTDOWN_GRACE_MS: '110000' };

describe('the end', () => {
  itOnPosix.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'on %s lets a running request finish, takes no more, and exits with 0',
    async (signal) => {
      const server = start(PATIENT);
      const baseUrl = await server.ready();
      const running = await startSlow(baseUrl, SLOW_TIMES);

      server.kill(signal);

      await until(async () => (await codeOfFailure(ask(baseUrl, '/livez'))) === 'ECONNREFUSED');
      expect(jsonIn(await running.read(hasPrediction)).data.predictions).toEqual([{ y: SLOW_TIMES + 1 }]);
      expect(await server.exited).toEqual({ code: 0, signal: null });
    },
  );

  itOnPosix('does not wait for idle connections, nor for one that only keeps alive', async () => {
    const server = start(PATIENT);
    const baseUrl = await server.ready();
    const agent = new Agent({ keepAlive: true });
    const idle = await RawSocket.open(baseUrl);
    await new Promise((resolve) =>
      httpGet(`${baseUrl}/livez`, { agent }, (response) => response.resume().once('end', resolve)),
    );
    const running = new Promise<number>((resolve) =>
      httpGet(`${baseUrl}/models/slow/predictions?x=1&times=${SLOW_TIMES / 3}`, { agent }, (response) =>
        response.resume().once('end', () => resolve(response.statusCode!)),
      ),
    );
    await untilRead(baseUrl);

    server.kill('SIGTERM');

    expect(await running).toBe(200);
    expect(await server.exited).toEqual({ code: 0, signal: null });
    idle.abort();
    agent.destroy();
  });

  itOnPosix('comes by force when the grace is over, and the log says so', async () => {
    const server = start({ SHUTDOWN_GRACE_MS: '200' });
    const baseUrl = await server.ready();
    const running = await startSlow(baseUrl, SLOW_TIMES * 3);

    server.kill('SIGTERM');

    expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(server.log.at(-1)).toMatchObject({ level: 'error', grace_ms: 200 });
    expect(await running.read()).toBe('');
  });

  itOnPosix('comes by force when a prediction that was given up still computes', async () => {
    const server = start({ SHUTDOWN_GRACE_MS: '1000', PREDICTION_TIMEOUT_MS: '100', REFRESH_INTERVAL_MS: '200' });
    const baseUrl = await server.ready();
    // On a busy machine the run may break the limit while it is loaded; it is tried again.
    await until(async () => (await ask(baseUrl, '/models/slow/predictions?x=1&times=1')).status === 200);
    const times = SLOW_TIMES * 5;
    expect((await ask(baseUrl, `/models/slow/predictions?x=1&times=${times}`)).status).toBe(504);

    server.kill('SIGTERM');

    expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('comes cleanly while the server is still starting', async () => {
    const port = await freePort();
    const server = start({ PORT: String(port) });
    // It has begun, and cannot have ended: what it loads takes longer than the first of many refusals.
    expect(await codeOfFailure(ask(`http://127.0.0.1:${port}`, '/livez'))).toBe('ECONNREFUSED');

    server.kill('SIGTERM');

    const { code, signal } = await server.exited;
    expect(code === 0 || signal === 'SIGTERM').toBe(true);
  });
});

describe('the log', () => {
  it('is JSON, one line per request with its id, and holds no value of a query or a body', async () => {
    const server = start();
    const baseUrl = await server.ready();

    await ask(baseUrl, '/models/adder/predictions?a=123.456&b=2&apikey=s3cret', {
      headers: { 'X-Request-Id': 'log-1' },
    });
    await ask(baseUrl, '/predictions', {
      method: 'POST',
      body: { inputs: [{ a: 's3cret' }] },
      headers: { 'X-Request-Id': 'log-2' },
    });
    await ask(baseUrl, '/nope?s3cret', { headers: { 'X-Request-Id': 'log-3' } });
    const socket = await RawSocket.open(baseUrl);
    socket.send('POST /predictions HTTP/1.1\r\nHost: x\r\nX-Request-Id: log-4\r\nContent-Length: 100\r\n\r\n{');
    await untilRead(baseUrl);
    socket.abort();
    await server.until(() => server.log.some((line) => line.request_id === 'log-4'));

    const lines = server.log.filter(({ request_id, path }) => request_id !== undefined && path !== '/livez');
    expect(lines.map(({ request_id, method, path, status }) => [request_id, method, path, status])).toEqual([
      ['log-1', 'GET', '/models/adder/predictions', 200],
      ['log-2', 'POST', '/predictions', 422],
      ['log-3', 'GET', '/nope', 404],
      ['log-4', 'POST', '/predictions', 499],
    ]);
    for (const line of lines) expect(typeof line.ms).toBe('number');
    expect(server.stdout).not.toMatch(/s3cret|123\.456/);
    expect(server.stderr).toBe('');
  });

  it('is silent about requests where the operator wants that', async () => {
    const server = start({ LOG_REQUESTS: 'false' });
    const baseUrl = await server.ready();

    await ask(baseUrl, '/livez');
    server.kill('SIGTERM');
    await server.exited;

    expect(server.log.some(({ request_id }) => request_id !== undefined)).toBe(false);
  });
});
