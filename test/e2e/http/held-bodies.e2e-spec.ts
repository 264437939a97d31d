import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';

import { BodyBudget } from '../../../src/http/request/body-budget.js';
import { BODY, LINES, PATH, requestOf } from '../../contracts/http-transport.contract.js';
import { TestStore } from '../../support/stores/build-store.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { answersIn } from '../../support/http/raw-exchange.js';
import { RawSocket, jsonIn, statusesIn } from '../../support/http/raw-socket.js';
import { until } from '../../support/until.js';
import { slowRun } from '../../support/stores/tiny-runs.js';

const LIMIT = 1_048_576;
/** About half a second of native work on a usual machine. */
const SLOW = '/models/slow/predictions?x=1&times=700000';

/** Tells which budget the present server has. */
const opened = jest.spyOn(BodyBudget.prototype, 'open');
const budget = () => opened.mock.contexts.at(-1) as BodyBudget;
afterAll(() => opened.mockRestore());

describe.each([
  ['the fast path', {}],
  ['the general path', { FAST_PATH: 'false' }],
])('a server with little room for bodies, on %s', (_path, environment) => {
  let store: TestStore;
  let app: TestApp;

  beforeAll(async () => {
    store = new TestStore().addModel('adder').addRun('adder', 'adder-1');
    store.addModel('slow').addRun('slow', 'slow-1', slowRun, 'onnx-slow-rows');
    app = await createTestApp({
      MODELS_DIR: store.folder,
      DEFAULT_MODEL: 'adder',
      BODY_LIMIT_BYTES: String(LIMIT),
      MAX_BODY_BYTES_IN_FLIGHT: String(3 * LIMIT),
      MAX_CONNECTIONS: '20',
      ...environment,
    });
  });

  afterAll(async () => {
    await app.close();
    store.remove();
  });

  const large = requestOf(LINES, `${BODY}${' '.repeat(900_000)}`);
  const ask = async (request: string | Buffer) =>
    (await RawSocket.open(app.baseUrl)).send(request).read((text) => answersIn(text).length > 0);

  it('sends large bodies away that find no room, takes small ones, and has room again afterwards', async () => {
    const held = await Promise.all([1, 2].map(() => RawSocket.open(app.baseUrl)));
    for (const socket of held) socket.send(large.slice(0, -1));
    await until(() => budget().held > 1_800_000);
    const refused = await ask(large);

    expect(statusesIn(refused)).toEqual([503]);
    expect(refused).toMatch(/\r\nRetry-After: 1\r\n/);
    expect(jsonIn(refused).message).toBe('The server holds as many request bodies as it may. Try again in 1 s.');
    expect(refused).toContain('X-Error-Code: BODIES_IN_FLIGHT');
    expect(statusesIn(await ask(requestOf()))).toEqual([200]);
    for (const socket of held) socket.send(large.slice(-1));
    for (const socket of held)
      expect(statusesIn(await socket.read((text) => answersIn(text).length > 0))).toEqual([200]);
    expect(statusesIn(await ask(large))).toEqual([200]);
  });

  it('counts a packed body by what was sent of it, until it is whole', async () => {
    const packed = gzipSync(`${BODY}${' '.repeat(100_000)}`);
    const lines = [...LINES, 'Content-Encoding: gzip', `Content-Length: ${packed.length}`];
    const request = Buffer.concat([Buffer.from(requestOf(lines, '')), packed]);
    const held = await Promise.all(Array.from({ length: 12 }, () => RawSocket.open(app.baseUrl)));
    for (const socket of held) socket.send(request.subarray(0, -4));

    expect(statusesIn(await ask(large))).toEqual([200]);
    for (const socket of held) socket.send(request.subarray(-4));
    for (const socket of held)
      expect(statusesIn(await socket.read((text) => answersIn(text).length > 0))).toEqual([200]);
  });

  it('lets a client that reads only when it has sent all have the answer to a body that is too large', async () => {
    const socket = await RawSocket.open(app.baseUrl);
    socket.send(requestOf(LINES, 'x'.repeat(20 * LIMIT)));

    const received = await socket.read();

    expect(statusesIn(received)).toEqual([413]);
    expect(received).toContain('Connection: close');
  });

  it('answers fetch, whatever it sends', async () => {
    const answers = await Promise.all(
      [2, 30].map((size) => fetch(`${app.baseUrl}${PATH}`, { method: 'POST', body: 'x'.repeat(size * LIMIT) })),
    );

    expect(answers.map(({ status }) => status)).toEqual([413, 413]);
  });

  it('answers a client that has ended its side, and gives up for one that is gone', async () => {
    const half = connect({ host: '127.0.0.1', port: Number(new URL(app.baseUrl).port), allowHalfOpen: true });
    let received = '';
    half.on('data', (chunk) => (received += chunk.toString('latin1')));
    half.end(`GET ${SLOW} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await until(() => answersIn(received).length > 0);

    expect(answersIn(received).map(({ status }) => status)).toEqual([200]);
    await until(() => half.closed);
  });

  it('answers a request that came before garbage first', async () => {
    const received = await (await RawSocket.open(app.baseUrl)).send(`${requestOf()}\0\x01garbage\r\n\r\n`).read();

    expect(statusesIn(received)).toEqual([200, 400]);
  });

  it('answers all requests that came before garbage first, however long they take', async () => {
    const atOnce = 'GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    const slow = `GET ${SLOW} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const received = await (
      await RawSocket.open(app.baseUrl)
    )
      .send(`${atOnce}${slow}${slow}\0\x01garbage\r\n\r\n`)
      .read();

    expect(statusesIn(received)).toEqual([200, 200, 200, 400]);
  });

  it.each([
    ['no host', requestOf(['Content-Type: application/json', 'Origin: http://a.example']), 400, 'BAD_REQUEST'],
    ['garbage', 'nonsense\r\nOrigin: http://a.example\r\n\r\n', 400, 'BAD_REQUEST'],
    ['a long head', requestOf([...LINES, `X-A: ${'a'.repeat(20_000)}`]), 431, 'HEADERS_TOO_LARGE'],
  ])('answers %s with JSON, a code and the headers that pages need', async (_what, request, status, code) => {
    const received = await ask(request);

    expect(statusesIn(received)).toEqual([status]);
    expect(received).toContain(`X-Error-Code: ${code}`);
    expect(received).toMatch(/Access-Control-Allow-Origin: \*/i);
    expect(received).toMatch(/Access-Control-Expose-Headers: .*X-Error-Code/i);
    expect(jsonIn(received)).toMatchObject({ 'status-code': status, detail: expect.any(String) });
  });

  it('closes connections beyond the number that may be open, and takes new ones when others have gone', async () => {
    const open = await Promise.all(Array.from({ length: 20 }, () => RawSocket.open(app.baseUrl)));
    for (const socket of open) socket.send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    for (const socket of open) await socket.receive((text) => answersIn(text).length > 0);

    const refused = await (await RawSocket.open(app.baseUrl)).read();
    for (const socket of open) socket.abort();

    expect(refused).toBe('');
    await until(async () => (await ask(requestOf())).includes(' 200 '));
  });
});
