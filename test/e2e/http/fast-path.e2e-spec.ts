import type { Socket } from 'node:net';

import { MAX_HEAD_BYTES, parseHead } from '../../../src/http/fast-path/request-head-parser.js';
import type { RawConnection } from '../../../src/http/fast-path/raw-connection.js';
import { BODY, LINES, PATH, requestOf } from '../../contracts/http-transport.contract.js';
import { TestStore } from '../../support/stores/build-store.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { ANSWER, exchange } from '../../support/http/raw-exchange.js';
import type { Piece } from '../../support/http/raw-exchange.js';
import { RawSocket, statusesIn } from '../../support/http/raw-socket.js';
import { until } from '../../support/until.js';

const LARGE = `{"inputs":[${Array.from({ length: 9000 }, () => '{"a":1.25,"b":2.5,"c":"xxxxxxxx"}').join()}]}`;
const JSON_LINES = ['Host: x', 'Content-Type: application/json'];

describe('the fast path', () => {
  let store: TestStore;
  let app: TestApp;
  /** Addresses of requests that came to Node's HTTP server. */
  let generally: string[];

  beforeAll(async () => {
    store = new TestStore().addModel('adder').addRun('adder', 'adder-1').addRun('adder', 'adder-0');
    app = await createTestApp({
      MODELS_DIR: store.folder,
      DEFAULT_MODEL: 'adder',
      TRUST_PROXY: 'true',
      CORS_ORIGINS: 'http://a.example,http://b.example',
    });
    app.app.getHttpServer().on('request', ({ url }: { url: string }) => generally.push(url));
  });

  beforeEach(() => {
    generally = [];
  });

  afterAll(async () => {
    await app.close();
    store.remove();
  });

  const openConnections = () =>
    [...(app.fastPath as unknown as { open: ReadonlyMap<RawConnection, Socket> }).open.entries()].at(-1)!;

  const CHUNKED = [
    `POST ${PATH} HTTP/1.1`,
    ...JSON_LINES,
    'Transfer-Encoding: chunked',
    '',
    `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
  ].join('\r\n');

  it.each([
    { what: 'requests that Express answers', request: 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n', most: 1 },
    { what: 'requests without a known length', request: CHUNKED, most: 16 },
  ])('lets others have their turn while a client sends hundreds at once: $what', async ({ request, most }) => {
    const perTurn: number[] = [0];
    let timer = setImmediate(function tick() {
      perTurn.push(0);
      timer = setImmediate(tick);
    });
    const count = () => (perTurn[perTurn.length - 1]! += 1);
    const server = app.app.getHttpServer();
    server.on('request', count);
    const socket = await RawSocket.open(app.baseUrl);

    const text = await socket.send(request.repeat(300)).receive((received) => statusesIn(received).length === 300);

    clearImmediate(timer);
    server.off('request', count);
    socket.abort();
    expect(new Set(statusesIn(text))).toEqual(new Set([200]));
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(most);
  });

  it('reads all that came before the client ended its side, also without a known length', async () => {
    const socket = await RawSocket.open(app.baseUrl);

    const text = await socket.send(CHUNKED.repeat(100)).finish().read();

    expect(statusesIn(text)).toEqual(Array.from({ length: 100 }, () => 200));
  });

  it.each([
    [
      'axios',
      [...JSON_LINES, 'Accept: application/json, text/plain, */*', 'Accept-Encoding: gzip, compress, deflate, br'],
    ],
    [
      'a browser',
      [...JSON_LINES, 'Accept: */*', 'Origin: http://b.example', 'Sec-Fetch-Mode: cors', 'Accept-Language: de'],
    ],
    ['a browser that may not', [...JSON_LINES, 'Origin: http://c.example']],
    [
      'a proxy',
      [
        ...JSON_LINES,
        'X-Forwarded-For: 10.0.0.1, 10.0.0.2',
        'X-Forwarded-Proto: https',
        'X-Forwarded-Host: api.example',
      ],
    ],
    ['Java', ['Host: x', 'Content-Type: application/json;charset=utf-8', 'Accept: text/html, image/gif, */*; q=.2']],
    ['a client that takes problem details', [...JSON_LINES, 'Accept: application/problem+json, application/json']],
    ['a client with a deadline and a contract', [...JSON_LINES, 'X-Timeout-Ms: 9000']],
    ['a client that closes', [...JSON_LINES, 'Connection: close']],
  ])('answers every client: %s', async (_client, lines) => {
    const [answer] = await exchange(app.baseUrl, [requestOf(lines)], 1);

    expect(answer!.status).toBe(200);
    expect(generally.filter((url) => url !== '/livez')).toEqual([]);
  });

  it.each([
    ['PUT of rows', requestOf(LINES, BODY, `PUT ${PATH} HTTP/1.1`), 200],
    ['rows for a run', requestOf(LINES, BODY, 'POST /runs/adder-0/predictions HTTP/1.1'), 200],
    ['rows for the default model', requestOf(LINES, BODY, 'POST /predictions HTTP/1.1'), 200],
    ['fields to include', requestOf(LINES, `{"include":["sum"],${BODY.slice(1)}`), 200],
    ['a row in the query', `GET ${PATH}?a=1&b=2 HTTP/1.1\r\nHost: x\r\n\r\n`, 200],
    ['a bare row', requestOf(LINES, '{"a":1,"b":2}', 'PUT /predict HTTP/1.1'), 200],
    ['a broken row', requestOf(LINES, '{"inputs":[{"a":"x"}]}'), 422],
    ['text that is no JSON', requestOf(LINES, '{'), 422],
    ['another media type', requestOf(['Host: x', 'Content-Type: text/csv']), 415],
    ['an answer it cannot give', requestOf([...LINES, 'Accept: text/html']), 406],
    ['a model that is not there', requestOf(LINES, BODY, 'POST /models/nope/predictions HTTP/1.1'), 404],
    ['another contract', requestOf([...LINES, 'If-Contract-Match: "0123456789abcdef"']), 412],
  ])('answers every route and every refusal: %s', async (_what, request, status) => {
    const [answer] = await exchange(app.baseUrl, [request], 1);

    expect(answer!.status).toBe(status);
    expect(generally.filter((url) => url !== '/livez')).toEqual([]);
  });

  it.each([
    ['GET /health', 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n', '/health'],
    ['a preflight', `OPTIONS ${PATH} HTTP/1.1\r\nHost: x\r\nOrigin: http://a.example\r\n\r\n`, PATH],
    ['chunks', requestOf([...JSON_LINES, 'Transfer-Encoding: chunked'], `1a\r\n${BODY}\r\n0\r\n\r\n`), PATH],
    ['an expectation', requestOf([...LINES, 'Expect: 100-continue']), PATH],
    ['a body over its bound', requestOf(LINES, LARGE), PATH],
    ['a header sent twice', requestOf([...LINES, 'Cookie: a=b', 'Cookie: c=d']), PATH],
    ['a header beyond ASCII', requestOf([...LINES, 'X-Name: J\xfcrgen']), PATH],
    ['a route that is not there', requestOf(LINES, LARGE, 'POST /nope HTTP/1.1'), '/nope'],
  ])('reads on after a request of the general path: %s', async (_what, request, url) => {
    const pieces: Piece[] = [requestOf(), ANSWER, request, ANSWER, requestOf(), ANSWER, requestOf(LINES, '{}')];
    const answers = await exchange(app.baseUrl, pieces, 4);

    expect(answers.at(-1)!.status).toBe(422);
    expect(generally.filter((address) => address !== '/livez')).toEqual([url]);
  });

  it('gives Node one stream for all requests of a connection, and another once Node has ended an idle one', async () => {
    const server = app.app.getHttpServer();
    const streams: unknown[] = [];
    const note = ({ socket }: { socket: unknown }) => streams.push(socket);
    server.on('request', note);
    const socket = await RawSocket.open(app.baseUrl);
    const ask = (count: number, request = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n') =>
      socket.send(request).receive((text) => statusesIn(text).length === count);

    await ask(1);
    await ask(2, requestOf());
    await ask(3);
    (streams[0] as Socket).destroy();
    await ask(4, requestOf());
    const received = await ask(5);
    server.off('request', note);
    socket.abort();

    expect(statusesIn(received)).toEqual([200, 200, 200, 200, 200]);
    expect(streams[1]).toBe(streams[0]);
    expect(streams[2]).not.toBe(streams[0]);
  });

  it('keeps a connection that was opened long before its first request', async () => {
    const socket = await RawSocket.open(app.baseUrl);
    await until(() => app.fastPath!.openConnections > 0);
    const [connection] = openConnections();

    connection.checkTime(performance.now() + 50_000);
    socket.send(requestOf());
    const received = await socket.receive((text) => statusesIn(text).length === 1);
    socket.abort();

    expect(statusesIn(received)).toEqual([200]);
    expect(generally).toEqual([]);
  });

  it('ends a connection on which nothing was ever sent, and one that is idle', async () => {
    const silent = await RawSocket.open(app.baseUrl);
    await until(() => app.fastPath!.openConnections > 0);
    openConnections()[0].checkTime(performance.now() + 61_000);

    expect(await silent.read()).toBe('');

    const idle = await RawSocket.open(app.baseUrl);
    await idle.send(requestOf()).receive((text) => statusesIn(text).length === 1);
    openConnections()[0].checkTime(performance.now() + 64_000);
    idle.send(requestOf());
    await idle.receive((text) => statusesIn(text).length === 2);
    openConnections()[0].checkTime(performance.now() + 66_000);

    expect(statusesIn(await idle.read())).toEqual([200, 200]);
  });

  it('hands garbage to Node at once, without waiting for the end of a head', () => {
    for (const start of ['POST / HTTP/1.1\nHost: x', 'POST / HTTP/1.1\r\nHost: x\rA: b', 'hello world']) {
      expect(parseHead(Buffer.from(start))).toBe('unclear');
    }
  });

  it('is off when the operator says so', async () => {
    const other = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'adder', FAST_PATH: 'false' });
    const seen: string[] = [];
    other.app.getHttpServer().on('request', ({ url }: { url: string }) => seen.push(url));

    const [answer] = await exchange(other.baseUrl, [requestOf()], 1);
    await other.close();

    expect([other.fastPath, answer!.status, seen]).toEqual([undefined, 200, [PATH, '/livez']]);
  });
});

describe('the head of a request', () => {
  it('is read to the letter, or not at all', () => {
    const read = parseHead(Buffer.from(requestOf()));

    expect(read).toMatchObject({ method: 'POST', url: PATH, bodyBytes: BODY.length, headers: { host: 'x' } });
    expect(parseHead(Buffer.from('POST /a HTTP/1.1\r\nHost:'))).toBe('partial');
    expect(parseHead(Buffer.from('GET / HTTP/1.1\r\n'))).toBe('partial');
    expect(parseHead(Buffer.from('POST /a HTTP/1.1\r\nHost: x\r\n__proto__: y\r\n\r\n'))).toMatchObject({
      bodyBytes: 0,
    });
  });

  it('takes no more than linear time, whatever it holds', () => {
    const spaces = Buffer.from(`POST /a HTTP/1.1\r\nHost: x\r\nX-A:${' '.repeat(MAX_HEAD_BYTES - 100)}\r\n\r\n`);

    expect(parseHead(spaces)).toMatchObject({ bodyBytes: 0 });
  });
});
