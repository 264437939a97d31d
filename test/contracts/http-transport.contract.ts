import { MAX_HEAD_BYTES } from '../../src/http/fast-path/request-head-parser.js';
import { ReadinessService } from '../../src/health/readiness.service.js';
import { ConnectionDrain } from '../../src/http/server/drain-connections.js';
import { TestStore } from '../support/stores/build-store.js';
import { createTestApp } from '../support/http/create-test-app.js';
import type { TestApp } from '../support/http/create-test-app.js';
import { ANSWER, comparable, exchange } from '../support/http/raw-exchange.js';
import type { Piece } from '../support/http/raw-exchange.js';
import { RawSocket, statusesIn } from '../support/http/raw-socket.js';
import { returningClients } from '../support/http/returning-clients.js';
import { throwingRun } from '../support/stores/tiny-runs.js';

export const PATH = '/models/adder/predictions';
export const BODY = '{"inputs":[{"a":1,"b":2}]}';
export const LINES = ['Host: x', 'Content-Type: application/json', 'X-Request-Id: same'];

/** A request as bytes, with a right length unless the lines say another. */
export function requestOf(lines: readonly string[] = LINES, body = BODY, start = `POST ${PATH} HTTP/1.1`): string {
  const hasLength = lines.some((line) => /^(content-length|transfer-encoding)/i.test(line));
  const all = hasLength ? lines : [...lines, `Content-Length: ${Buffer.byteLength(body, 'latin1')}`];
  return `${[start, ...all].join('\r\n')}\r\n\r\n${body}`;
}

const get = (path: string, ...lines: string[]) =>
  `${[`GET ${path} HTTP/1.1`, 'Host: x', ...lines].join('\r\n')}\r\n\r\n`;
const chunks = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const CHUNKED = ['Host: x', 'Content-Type: application/json', 'Transfer-Encoding: chunked'];
const LARGE = `{"inputs":[${Array.from({ length: 9000 }, () => '{"a":1.25,"b":2.5,"c":"xxxxxxxx"}').join()}]}`;

const LARGE_COLUMNS = `{"columns":["a","b","c"],"data":[${Array.from({ length: 9000 }, () => '[1.25,2.5,"xxxxxxxxxxxxxxxxxx"]').join()}],"shape":"columns"}`;

/** What is sent over one connection, and the statuses of the answers. */
type Case = readonly [what: string, pieces: readonly Piece[], statuses: readonly number[]];

/** Predictions that are answered. */
const GOOD: readonly Case[] = [
  ['POST', [requestOf()], [200]],
  ['PUT', [requestOf(LINES, BODY, `PUT ${PATH} HTTP/1.1`)], [200]],
  ['the default model', [requestOf(LINES, BODY, 'POST /predictions HTTP/1.1')], [200]],
  ['a run', [requestOf(LINES, BODY, 'POST /runs/adder-1/predictions HTTP/1.1')], [200]],
  [
    'a run named in the body',
    [requestOf(LINES, `{"run_id":"adder-1",${BODY.slice(1)}`, 'PUT /predictions HTTP/1.1')],
    [200],
  ],
  ['a row in the query', [get(`${PATH}?a=1&b=2`)], [200]],
  ['a bare row in the query', [get('/predict?a=1&b=2')], [200]],
  ['a bare row in the body', [requestOf(LINES, '{"a":1,"b":2}', 'PUT /predict HTTP/1.1')], [200]],
  ['a slash at the end', [requestOf(LINES, BODY, `POST ${PATH}/ HTTP/1.1`)], [200]],
  ['percent signs in the path', [requestOf(LINES, BODY, 'POST /models/%61dder/predictions HTTP/1.1')], [200]],
  ['a key in the query', [requestOf(LINES, BODY, `POST ${PATH}?api_key=secret HTTP/1.1`)], [200]],
  ['notes', [requestOf(LINES, `{"include":["notes"],${BODY.slice(1)}`)], [200]],
  ['notes for a query', [get(`${PATH}?a=1&b=2&c=3&include=notes`)], [200]],
  ['rows as columns', [requestOf(LINES, '{"columns":["b","a"],"data":[[2,1],["4",3]]}')], [200]],
  ['an answer as columns', [requestOf(LINES, `{"shape":"columns",${BODY.slice(1)}`)], [200]],
  ['a large body of columns', [requestOf(LINES, LARGE_COLUMNS)], [200]],
  ['an absolute address', [requestOf(LINES, BODY, `POST http://x${PATH} HTTP/1.1`)], [200]],
  ['no content type', [requestOf(['Host: x'])], [200]],
  ['names in capitals', [requestOf(['HOST: X', 'CONTENT-TYPE: application/json'])], [200]],
  ['spaces around values', [requestOf(['Host:   x  ', 'Content-Type:\tapplication/json\t'])], [200]],
  ['headers that say nothing here', [requestOf([...LINES, 'User-Agent: me/1.0 (x; y)', 'Cookie: a=b'])], [200]],
  [
    'the headers of axios',
    [
      requestOf([
        'Host: x',
        'Content-Type: application/json',
        'Accept: application/json, text/plain, */*',
        'User-Agent: axios/1.21.0',
        'Accept-Encoding: gzip, compress, deflate, br',
        'Connection: keep-alive',
      ]),
    ],
    [200],
  ],
  ['a page of another origin', [requestOf([...LINES, 'Origin: http://a.example', 'Sec-Fetch-Mode: cors'])], [200]],
  [
    'the headers of a proxy',
    [requestOf([...LINES, 'X-Forwarded-For: 10.0.0.1', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: api.example'])],
    [200],
  ],
  ['headers sent twice', [requestOf([...LINES, 'Cookie: a=b', 'Cookie: c=d', 'X-Forwarded-For: a'])], [200]],
  ['headers beyond ASCII', [requestOf([...LINES, 'X-Name: J\xfcrgen'])], [200]],
  ['an id that cannot be logged', [requestOf(['Host: x', 'X-Request-Id: a b'])], [200]],
  ['a host that is none', [requestOf(['Host: a b'])], [200]],
  ['a timeout', [requestOf([...LINES, 'X-Timeout-Ms: 5000'])], [200]],
  ['a byte order mark', [requestOf(LINES, `\xef\xbb\xbf${BODY}`)], [200]],
  ['chunks', [requestOf(CHUNKED, chunks(BODY))], [200]],
  ['an expectation', [requestOf([...LINES, 'Expect: 100-continue'])], [200]],
  ['an upgrade', [requestOf([...LINES, 'Connection: upgrade', 'Upgrade: h2c'])], [200]],
  ['empty lines before it', [`\r\n\r\n${requestOf()}`], [200]],
  ['Connection: close', [requestOf([...LINES, 'Connection: close'])], [200]],
  ['HTTP/1.0', [requestOf(LINES, BODY, `POST ${PATH} HTTP/1.0`)], [200]],
  ['a head longer than the fast path reads', [requestOf([...LINES, `X-A: ${'a'.repeat(MAX_HEAD_BYTES)}`])], [200]],
  ['a body larger than the fast path reads', [requestOf(LINES, LARGE)], [200]],
];

/** Requests that break a rule of the API. */
const REFUSED: readonly Case[] = [
  ['a broken row', [requestOf(LINES, '{"inputs":[{"a":"one"}]}')], [422]],
  [
    'a broken row, as problem details',
    [requestOf([...LINES, 'Accept: application/problem+json'], '{"inputs":[{"a":"one"}]}')],
    [422],
  ],
  ['a broken row of columns', [requestOf(LINES, '{"columns":["a","b"],"data":[[1,2],["one"]]}')], [422]],
  ['columns without rows', [requestOf(LINES, '{"columns":["a","b"]}')], [422]],
  ['rows in two ways', [requestOf(LINES, `{"columns":["a"],"data":[[1]],${BODY.slice(1)}`)], [422]],
  ['no rows', [requestOf(LINES, '{"inputs":[]}')], [422]],
  ['a list', [requestOf(LINES, '[]')], [422]],
  ['no body', [requestOf(LINES, '')], [422]],
  ['text that is no JSON', [requestOf(LINES, 'inputs')], [422]],
  ['a member that nobody reads', [requestOf(LINES, `{"params":{},${BODY.slice(1)}`)], [422]],
  ['a query that nobody reads', [requestOf(LINES, BODY, `POST ${PATH}?a=1 HTTP/1.1`)], [422]],
  ['a query that cannot be decoded', [requestOf(LINES, BODY, `POST ${PATH}?a=%zz HTTP/1.1`)], [400]],
  ['an unknown field to include', [requestOf(LINES, `{"include":["x"],${BODY.slice(1)}`)], [422]],
  [
    'texts for a model that takes none',
    [requestOf(LINES, '{"texts":[{"text":"a"}]}', 'POST /predict HTTP/1.1')],
    [422],
  ],
  ['a bare row without fields', [get('/predict')], [422]],
  ['bytes that are not UTF-8', [requestOf(LINES, '{"inputs":[{"a":1,"b":"\xff"}]}')], [400]],
  ['a percent sign that encodes nothing', [get(`${PATH}?a=%`)], [400]],
  ['an unknown model', [requestOf(LINES, BODY, 'POST /models/nope/predictions HTTP/1.1')], [404]],
  ['an unknown run', [requestOf(LINES, BODY, 'POST /runs/nope/predictions HTTP/1.1')], [404]],
  ['a fragment in the path', [requestOf(LINES, BODY, 'POST /models/add#er/predictions HTTP/1.1')], [405]],
  ['percent signs in a word of the route', [get('/pre%64ict?a=1&b=2')], [404]],
  ['another route', [requestOf(LINES, BODY, 'POST /nope HTTP/1.1')], [404]],
  ['another method', [requestOf(LINES, BODY, `DELETE ${PATH} HTTP/1.1`)], [405]],
  ['an answer it cannot give', [requestOf([...LINES, 'Accept: text/html'])], [406]],
  ['another contract', [requestOf([...LINES, 'If-Contract-Match: "0123456789abcdef"'])], [412]],
  ['a contract that is none', [requestOf([...LINES, 'If-Contract-Match: x'])], [422]],
  ['a timeout that is none', [requestOf([...LINES, 'X-Timeout-Ms: soon'])], [422]],
  ['another content type', [requestOf(['Host: x', 'Content-Type: text/csv'])], [415]],
  ['another encoding', [requestOf([...LINES, 'Content-Encoding: x'])], [415]],
  [
    'a row that the model cannot compute',
    [requestOf(LINES, '{"inputs":[{"index":1},{"index":7}]}', 'POST /models/thrower/predictions HTTP/1.1')],
    [422],
  ],
];

/** Requests that are not HTTP/1.1, or can be read in two ways. */
const UNCLEAR: readonly Case[] = [
  ['HTTP/2.0', [requestOf(LINES, BODY, `POST ${PATH} HTTP/2.0`)], [200]],
  ['a path without a slash', [requestOf(LINES, BODY, 'POST predictions HTTP/1.1')], [400]],
  ['a path and a query without a slash', [get('predict?a=1&b=2')], [400]],
  ['no host', [requestOf(['Content-Type: application/json'])], [400]],
  ['two hosts, of which Node takes the first', [requestOf(['Host: x', 'Host: y'])], [200]],
  ['two lengths', [requestOf(['Host: x', 'Content-Length: 26', 'Content-Length: 27'])], [400]],
  ['a length with a sign', [requestOf(['Host: x', 'Content-Length: +26'])], [400]],
  ['a length in hexadecimal', [requestOf(['Host: x', 'Content-Length: 0x1a'])], [400]],
  ['a length with a tab behind it', [requestOf(['Host: x', 'Content-Length: 26\t'])], [400]],
  ['a length and chunks', [requestOf(['Host: x', 'Content-Length: 26', 'Transfer-Encoding: chunked'])], [400]],
  ['chunks that are none', [requestOf(['Host: x', 'Transfer-Encoding: chunked'], 'zz\r\n')], [400]],
  ['a space before the colon', [requestOf(['Host: x', 'Content-Length : 26'])], [400]],
  ['a bare carriage return', [requestOf(['Host: x', 'X-A: b\rc'])], [400]],
  ['a zero byte', [requestOf(['Host: x', 'X-A: b\0c'])], [400]],
  ['a header without a name', [requestOf(['Host: x', ': b'])], [400]],
  ['a header without a colon', [requestOf(['Host: x', 'Content-Type application/json'])], [400]],
  ['no HTTP', ['hello\r\n\r\n'], [400]],
  ['something that begins like a method', ['POSTER / HTTP/1.1\r\nHost: x\r\n\r\n'], [400]],
  ['a tunnel', ['CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n\r\n'], [400]],
  ['a head that is too long', [requestOf([...LINES, `X-A: ${'a'.repeat(17_000)}`])], [431]],
];

/** Several requests over one connection. */
const SEVERAL: readonly Case[] = [
  ['two at once', [requestOf() + requestOf()], [200, 200]],
  [
    'three at once, of all kinds',
    [requestOf() + get('/models/adder/schema') + requestOf(LINES, '{}')],
    [200, 200, 422],
  ],
  [
    'one by one, of all kinds',
    [requestOf(), ANSWER, get('/models'), ANSWER, requestOf(), ANSWER, requestOf(LINES, '{}'), ANSWER, requestOf()],
    [200, 200, 200, 422, 200],
  ],
  ['chunks, then a prediction', [requestOf(CHUNKED, chunks(BODY)), ANSWER, requestOf()], [200, 200]],
  ['chunks and a prediction at once', [requestOf(CHUNKED, chunks(BODY)) + requestOf()], [200, 200]],
  ['a large body, then a prediction', [requestOf(LINES, LARGE), ANSWER, requestOf()], [200, 200]],
  ['a large body and a prediction at once', [requestOf(LINES, LARGE) + requestOf()], [200, 200]],
  [
    'one that is refused before its body, then a prediction',
    [requestOf(LINES, LARGE, 'POST /nope HTTP/1.1'), ANSWER, requestOf()],
    [404, 200],
  ],
  ['the last one, and one behind it', [requestOf([...LINES, 'Connection: close']) + requestOf()], [200]],
  ['the last one, of the general path, and one behind it', [get('/models', 'Connection: close') + requestOf()], [200]],
  [
    'one in chunks that is the last, and one behind it',
    [requestOf([...CHUNKED, 'Connection: close'], chunks(BODY)) + requestOf()],
    [200],
  ],
  ['a request, then garbage', [requestOf(), ANSWER, 'GARBAGE\r\n\r\n'], [200, 400]],
  [
    'a question about methods, then a prediction',
    [
      `OPTIONS ${PATH} HTTP/1.1\r\nHost: x\r\nOrigin: http://a.example\r\nAccess-Control-Request-Method: PUT\r\n\r\n`,
      ANSWER,
      requestOf(),
    ],
    [204, 200],
  ],
];

/**
 * What every HTTP transport has to do, byte for byte as the general path does it.
 *
 * @param environment  variables that choose the transport.
 */
export function describeHttpTransport(name: string, environment: Readonly<Record<string, string>>): void {
  describe(`HTTP over ${name}`, () => {
    let store: TestStore;
    let app: TestApp;
    let general: TestApp;

    beforeAll(async () => {
      store = new TestStore().addModel('adder').addRun('adder', 'adder-1');
      store.addModel('thrower').addRun('thrower', 'thrower-1', throwingRun, 'onnx-gather');
      const variables = { MODELS_DIR: store.folder, DEFAULT_MODEL: 'adder', REQUEST_TIMEOUT_MS: '1000' };
      app = await createTestApp({ ...variables, ...environment });
      general = await createTestApp({ ...variables, ...environment, FAST_PATH: 'false' });
    });

    afterAll(async () => {
      await app.close();
      await general.close();
      store.remove();
    });

    describe.each([
      ['answers', GOOD],
      ['refuses', REFUSED],
      ['refuses what is unclear', UNCLEAR],
      ['answers on one connection', SEVERAL],
    ])('%s', (_kind, cases) => {
      it.each(cases)('%s', async (_what, pieces, statuses) => {
        const answers = await exchange(app.baseUrl, pieces, statuses.length);

        expect(answers.map(({ status }) => status)).toEqual(statuses);
        expect(comparable(answers)).toEqual(comparable(await exchange(general.baseUrl, pieces, statuses.length)));
      });
    });

    it('refuses garbage behind a request without tearing its answer', async () => {
      const answers = await exchange(app.baseUrl, [`${requestOf()}GARBAGE\r\n\r\n`], 2);

      expect(answers.at(-1)!.status).toBe(400);
    });

    it('reads a request in any two pieces, and in many', async () => {
      const request = requestOf();
      const expected = comparable(await exchange(general.baseUrl, [request], 1));
      const cuts = [1, 4, 5, 20, request.indexOf('\r\n\r\n') + 1, request.indexOf('{'), request.length - 1];
      const many = Array.from({ length: 40 }, (_, i) =>
        request.slice(Math.floor((i * request.length) / 40), Math.floor(((i + 1) * request.length) / 40)),
      );

      for (const pieces of [...cuts.map((cut) => [request.slice(0, cut), request.slice(cut)]), many]) {
        expect(comparable(await exchange(app.baseUrl, pieces, 1))).toEqual(expected);
      }
    });

    it('answers a few hundred damaged requests as the general path does', async () => {
      const random = randomNumbers(7);
      // The request behind a damaged one shows where the server thinks that it ended.
      const requests = Array.from({ length: 300 }, () => damaged(requestOf(), random));
      const differing: string[] = [];
      const lane = async () => {
        for (let request = requests.pop(); request !== undefined; request = requests.pop()) {
          const [one, other] = await Promise.all([
            exchange(app.baseUrl, [request + requestOf()], 2),
            exchange(general.baseUrl, [request + requestOf()], 2),
          ]);
          const [ours, theirs] = [comparable(one), comparable(other)].map((answers) => JSON.stringify(answers));
          // Node's server may refuse garbage before it has answered what came before it; an answer too many is no harm.
          const isSame = ours === theirs || (ours!.endsWith(theirs!.slice(1)) && other.at(-1)!.status >= 400);
          if (!isSame) differing.push(`${request}\n→ ${ours}\n≠ ${theirs}`);
        }
      };
      await Promise.all(Array.from({ length: 20 }, lane));

      expect(differing).toEqual([]);
    });

    it('answers half a request 408 when no more comes, and keeps no connection for ever', async () => {
      const starts = ['', 'POST', requestOf().slice(0, -5), get('/health').slice(0, -2)];
      const received = await Promise.all(
        starts.map(async (start) => (await RawSocket.open(app.baseUrl)).send(start).read(undefined, 60_000)),
      );

      // A connection that never said anything may end without a word.
      expect(received.slice(1).map(statusesIn)).toEqual([[408], [408], [408]]);
    });

    it('forgets connections that end in the middle of a request', async () => {
      const count = () =>
        new Promise<number>((resolve) =>
          app.app.getHttpServer().getConnections((_e: unknown, n: number) => resolve(n)),
        );
      // Connections of other tests may stay for a while.
      const before = await count();
      const sockets = await Promise.all(Array.from({ length: 50 }, () => RawSocket.open(app.baseUrl)));
      for (const socket of sockets) socket.send(requestOf().slice(0, -3)).abort();

      while ((await count()) > before) await new Promise(setImmediate);
    });

    it('lets clients go elsewhere before it closes: requests are taken, and each answer ends its connection', async () => {
      const own = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'adder', ...environment });
      const connections = new ConnectionDrain(own.app.getHttpServer(), own.fastPath);
      const [used, probe] = [await RawSocket.open(own.baseUrl), await RawSocket.open(own.baseUrl)];
      await used.send(requestOf()).receive((text) => statusesIn(text).length === 1);

      own.app.get(ReadinessService).startDraining();
      connections.announceEnd();

      expect(statusesIn(await used.send(requestOf()).read())).toEqual([200, 200]);
      expect(used.text).toMatch(/Connection: keep-alive[^]*Connection: close/i);
      expect(statusesIn(await probe.send(get('/readyz')).read())).toEqual([503]);
      expect(statusesIn(await (await RawSocket.open(own.baseUrl)).send(get('/livez')).read())).toEqual([200]);
      await connections.drain();
      await expect(RawSocket.open(own.baseUrl)).rejects.toThrow('ECONNREFUSED');
      await own.close();
    });

    it('lets the server close: idle connections end, the others with their answer', async () => {
      const own = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'adder', ...environment });
      const connections = new ConnectionDrain(own.app.getHttpServer(), own.fastPath);
      const [idle, used] = [await RawSocket.open(own.baseUrl), await RawSocket.open(own.baseUrl)];
      await exchange(own.baseUrl, [requestOf()], 1);
      used.send(requestOf());
      await used.receive((text) => statusesIn(text).length === 1);

      await connections.drain();
      await own.close();

      expect(statusesIn(await used.read())).toEqual([200]);
      expect(await idle.read()).toBe('');
    });

    it('lets the server close: clients that come back at once are answered until the port is closed', async () => {
      const own = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'adder', ...environment });
      const connections = new ConnectionDrain(own.app.getHttpServer(), own.fastPath);
      connections.announceEnd();
      const outcomes = returningClients(own.baseUrl, 16, requestOf());
      await exchange(own.baseUrl, [requestOf()], 1);

      await connections.drain();

      expect((await outcomes).length).toBeGreaterThanOrEqual(16);
      expect((await outcomes).filter(([status]) => status !== 200)).toEqual([]);
      await own.close();
    });

    it('lets the server close: a request whose body is still on its way is answered', async () => {
      const own = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'adder', ...environment });
      const connections = new ConnectionDrain(own.app.getHttpServer(), own.fastPath);
      const [first, half] = [await RawSocket.open(own.baseUrl), await RawSocket.open(own.baseUrl)];
      half.send(requestOf().slice(0, -5));
      // Connections are read in turn: an answer to a later request says that the earlier one has been read.
      await first.send(requestOf()).receive((text) => statusesIn(text).length === 1);

      const drained = connections.drain();
      half.send(requestOf().slice(-5));

      expect(statusesIn(await half.read())).toEqual([200]);
      await drained;
      await own.close();
    });
  });
}

/** One to three bytes of the head changed, doubled, dropped or swapped for ones that mean something in HTTP. */
function damaged(request: string, random: () => number): string {
  const special = ['\r', '\n', '\r\n', ' ', '\t', ':', '\0', '\x7f', '\xff', ',', '0', 'a', '"', '\r\n\r\n'];
  let bytes = request;
  for (let i = 0; i < 1 + Math.floor(random() * 3); i++) {
    const at = Math.floor(random() * (request.indexOf('\r\n\r\n') + 4));
    const what = special[Math.floor(random() * special.length)]!;
    const drop = Math.floor(random() * 3);
    bytes = bytes.slice(0, at) + (random() < 0.7 ? what : '') + bytes.slice(at + drop);
  }
  return bytes;
}

/** Lehmer's generator: the same numbers each time. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 0x7fffffff;
    return state / 0x7fffffff;
  };
}
