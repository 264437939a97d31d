import { MAX_HEAD_BYTES, readHead } from '../../../src/http/fast-path/request-head-parser.js';
import { TestStore } from '../../support/build-store.js';
import { createTestApp } from '../../support/create-test-app.js';
import type { TestApp } from '../../support/create-test-app.js';
import { ANSWER, exchange } from '../../support/raw-exchange.js';
import type { Piece } from '../../support/raw-exchange.js';
import { RawSocket, statusesIn } from '../../support/raw-socket.js';
import { throwingRun } from '../../support/tiny-runs.js';
import { until } from '../../support/until.js';

const PATH = '/models/adder/predictions';
const BODY = '{"inputs":[{"a":1,"b":2}]}';
const LINES = ['Host: x', 'Content-Type: application/json', 'X-Request-Id: same'];

/** A request as bytes, with a right length unless the lines say another. */
function requestOf(lines: readonly string[] = LINES, body = BODY, start = `POST ${PATH} HTTP/1.1`): string {
  const hasLength = lines.some((line) => /^content-length/i.test(line));
  const all = hasLength ? lines : [...lines, `Content-Length: ${Buffer.byteLength(body)}`];
  return `${[start, ...all].join('\r\n')}\r\n\r\n${body}`;
}

/** What differs from one answer to the next. */
function masked(received: string): string {
  return received
    .replace(/"timestamp":"[^"]+"/g, '"timestamp":"now"')
    .replace(/localhost:\d+/g, 'localhost')
    .replace(/^(Date|Server-Timing): .*\r\n/gm, '')
    .replace(/^X-Request-Id: [\da-f-]{36}\r\n/gm, 'X-Request-Id: new\r\n')
    .replace(/"request_id":"[\da-f-]{36}"/g, '"request_id":"new"');
}

/** Status lines, headers in any order, and bodies. */
function comparable(received: string): string[] {
  return masked(received).split('\r\n').sort();
}

describe('a connection', () => {
  let store: TestStore;
  let app: TestApp;
  /** The same server, all of whose connections Node's HTTP server reads. */
  let nodes: TestApp;
  /** Requests that came to Node's HTTP server. */
  let byNode: string[];

  const environment = () => ({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'adder', REQUEST_TIMEOUT_MS: '1500' });

  beforeAll(async () => {
    store = new TestStore().addModel('adder').addRun('adder', 'adder-1');
    store.addModel('thrower').addRun('thrower', 'thrower-1', throwingRun, 'onnx-gather');
    app = await createTestApp(environment());
    nodes = await createTestApp(environment());
    app.app.getHttpServer().on('request', ({ url }: { url: string }) => byNode.push(url));
    const adapter = nodes.app.getHttpAdapter() as unknown as { plainConnections: { way: undefined } };
    adapter.plainConnections.way = undefined;
  });

  beforeEach(() => {
    byNode = [];
  });

  afterAll(async () => {
    await app.close();
    await nodes.close();
    store.remove();
  });

  it('with plain predictions only never comes to Node, however many there are', async () => {
    const socket = await RawSocket.open(app.baseUrl);
    const answersIn = (text: string) => text.match(/"predictions":\[\{"sum":3\}\]/g)?.length ?? 0;
    for (let i = 1; i <= 3; i++) {
      socket.send(requestOf());
      await until(() => answersIn(socket.text) === i);
    }
    socket.abort();

    expect(byNode).toEqual([]);
  });

  it.each<[string, string]>([
    ['POST', requestOf()],
    ['PUT', requestOf(LINES, BODY, `PUT ${PATH} HTTP/1.1`)],
    ['the short route', requestOf(LINES, BODY, 'POST /predictions HTTP/1.1')],
    ['no content type', requestOf(['Host: x'])],
    [
      'names in capitals',
      requestOf(LINES.map((line) => line.toUpperCase().replace('APPLICATION/JSON', 'application/json'))),
    ],
    ['spaces around values', requestOf(['Host:   x  ', 'Content-Type:\tapplication/json\t'])],
    [
      'headers that say nothing here',
      requestOf([...LINES, 'User-Agent: me/1.0 (x; y)', 'Accept-Encoding: gzip', 'Cookie: a=b']),
    ],
    ['keep-alive said aloud', requestOf([...LINES, 'Connection: keep-alive'])],
    ['a page of any origin', requestOf([...LINES, 'Origin: http://a.example'])],
    ['an id that cannot be logged', requestOf(['Host: x', 'X-Request-Id: a b'])],
    ['a host that is none', requestOf(['Host: a b'])],
    ['a timeout', requestOf([...LINES, 'X-Timeout-Ms: 5000'])],
  ])('answers what is plain as Node would: %s', async (_what, request) => {
    const plain = await exchange(app, [request]);

    expect(byNode).toEqual([]);
    expect(statusesIn(plain)).toEqual([200]);
    expect(comparable(plain)).toEqual(comparable(await exchange(nodes, [request])));
  });

  const large = `{"inputs":[${Array.from({ length: 9000 }, () => '{"a":1.25,"b":2.5,"c":"xxxxxxxx"}').join()}]}`;

  it.each<[string, readonly Piece[]]>([
    ['a broken row', [requestOf(LINES, '{"inputs":[{"a":"one"}]}')]],
    ['text that is no JSON', [requestOf(LINES, 'inputs')]],
    ['bytes that are not UTF-8', [requestOf(LINES, '{"inputs":[{"a":1,"b":"\xff"}]}')]],
    ['another route', [requestOf(LINES, BODY, 'POST /nope HTTP/1.1')]],
    ['another method', [requestOf(LINES, BODY, `DELETE ${PATH} HTTP/1.1`)]],
    ['a query', [requestOf(LINES, BODY, `POST ${PATH}?a=1 HTTP/1.1`)]],
    ['an absolute address', [requestOf(LINES, BODY, `POST http://x${PATH} HTTP/1.1`)]],
    ['HTTP/1.0', [requestOf(LINES, BODY, `POST ${PATH} HTTP/1.0`)]],
    ['HTTP/2.0', [requestOf(LINES, BODY, `POST ${PATH} HTTP/2.0`)]],
    ['no host', [requestOf(['Content-Type: application/json'])]],
    ['two hosts', [requestOf(['Host: x', 'Host: y'])]],
    ['two lengths', [requestOf(['Host: x', 'Content-Length: 26', 'Content-Length: 27'])]],
    ['a length with a sign', [requestOf(['Host: x', 'Content-Length: +26'])]],
    ['a length in hexadecimal', [requestOf(['Host: x', 'Content-Length: 0x1a'])]],
    ['a length and chunks', [requestOf(['Host: x', 'Content-Length: 26', 'Transfer-Encoding: chunked'])]],
    ['chunks', [requestOf(['Host: x', 'Transfer-Encoding: chunked', 'Content-Length:'], '0\r\n\r\n')]],
    ['a folded line', [requestOf(['Host: x', 'X-A: b\r\n c'])]],
    ['a space before the colon', [requestOf(['Host: x', 'Content-Length : 26'])]],
    ['a bare line feed', [requestOf(['Host: x\nContent-Type: application/json'])]],
    ['a bare carriage return', [requestOf(['Host: x', 'X-A: b\rc'])]],
    ['a zero byte', [requestOf(['Host: x', 'X-A: b\0c'])]],
    ['a header without a name', [requestOf(['Host: x', ': b'])]],
    ['a header without a colon', [requestOf(['Host: x', 'Content-Type application/json'])]],
    ['empty lines before it', [`\r\n\r\n${requestOf()}`]],
    ['Connection: close', [requestOf([...LINES, 'Connection: close'])]],
    ['an upgrade', [requestOf([...LINES, 'Connection: upgrade', 'Upgrade: h2c'])]],
    ['an expectation', [requestOf([...LINES, 'Expect: 100-continue'])]],
    ['another content type', [requestOf(['Host: x', 'Content-Type: text/csv'])]],
    ['a timeout that is none', [requestOf([...LINES, 'X-Timeout-Ms: soon'])]],
    ['two requests at once', [requestOf() + requestOf()]],
    ['a request and garbage', [`${requestOf()}GARBAGE\r\n\r\n`]],
    ['a request, then garbage', [requestOf(), ANSWER, 'GARBAGE\r\n\r\n']],
    ['no HTTP', ['hello\r\n\r\n']],
    ['something that begins like a method', ['POSTER / HTTP/1.1\r\nHost: x\r\n\r\n']],
    ['a head that is too long', [requestOf([...LINES, `X-A: ${'a'.repeat(17_000)}`])]],
    ['a head longer than what is read here', [requestOf([...LINES, `X-A: ${'a'.repeat(MAX_HEAD_BYTES)}`])]],
    ['a body larger than what is read here', [requestOf(LINES, large)]],
  ])('is given to Node for anything unusual: %s', async (_what, pieces) => {
    expect(comparable(await exchange(app, pieces))).toEqual(comparable(await exchange(nodes, pieces)));
  });

  it('is read in any two pieces, and in many', async () => {
    const request = requestOf();
    const expected = comparable(await exchange(nodes, [request]));
    const cuts = [1, 4, 5, 20, request.indexOf('\r\n\r\n') + 1, request.indexOf('{'), request.length - 1];

    for (const cut of cuts) {
      expect(comparable(await exchange(app, [request.slice(0, cut), request.slice(cut)]))).toEqual(expected);
    }
    const many = [...Array(40).keys()].map((i) =>
      request.slice((i * request.length) / 40, ((i + 1) * request.length) / 40),
    );
    expect(comparable(await exchange(app, many))).toEqual(expected);
  });

  it('answers a few hundred damaged requests as Node would', async () => {
    const random = randomNumbers(7);
    const requests = Array.from({ length: 300 }, () => damaged(requestOf(), random));
    const differing: string[] = [];
    const lane = async () => {
      for (let request = requests.pop(); request !== undefined; request = requests.pop()) {
        const [plain, node] = await Promise.all([exchange(app, [request]), exchange(nodes, [request])]);
        if (comparable(plain).join() !== comparable(node).join()) differing.push(`${request}\n→ ${plain}\n≠ ${node}`);
      }
    };
    await Promise.all(Array.from({ length: 20 }, lane));

    expect(differing).toEqual([]);
  });

  it('carries plain and other requests in turn, and is not shared with anybody else', async () => {
    const pieces = [
      requestOf(),
      `GET /livez HTTP/1.1\r\nHost: x\r\n\r\n`,
      requestOf(),
      requestOf(LINES, '{}'),
      requestOf(),
    ];

    const [plain, other] = await Promise.all([
      exchange(
        app,
        pieces.flatMap((piece) => [piece, '']),
      ),
      exchange(
        nodes,
        pieces.flatMap((piece) => [piece, '']),
      ),
    ]);

    expect(plain.match(/HTTP\/1\.1 (\d+)/g)).toEqual(
      ['200', '200', '200', '422', '200'].map((status) => `HTTP/1.1 ${status}`),
    );
    expect(comparable(plain)).toEqual(comparable(other));
  });

  it('tells a failure once, and computes it once', async () => {
    const request = requestOf(LINES, '{"inputs":[{"index":7}]}', 'POST /models/thrower/predictions HTTP/1.1');

    const received = await exchange(app, [request]);

    expect(received.match(/HTTP\/1\.1 (\d+)/g)).toEqual(['HTTP/1.1 503']);
    expect(received).toContain('X-Error-Code: PREDICTION_FAILED');
    expect(byNode).toEqual(['/models/thrower/predictions']);
  });

  it('with half a request and no more gets 408, and none is kept for ever', async () => {
    const statusesAfter = async (start: string) => {
      const socket = await RawSocket.open(app.baseUrl);
      if (start !== '') socket.send(start);
      return statusesIn(await socket.read());
    };

    expect(await Promise.all(['', 'POST', requestOf().slice(0, -5)].map(statusesAfter))).toEqual([
      expect.anything(),
      [408],
      [408],
    ]);
  });

  it('that ends in the middle of a request leaves nothing behind', async () => {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => RawSocket.open(app.baseUrl)));
    for (const socket of sockets) socket.send(requestOf().slice(0, -3));
    const { plainConnections } = app.app.getHttpAdapter() as unknown as {
      plainConnections: { open: Map<unknown, unknown> };
    };
    await until(() => plainConnections.open.size === sockets.length);
    for (const socket of sockets) socket.abort();

    await until(() => plainConnections.open.size === 0);
  });

  it('does not keep the server from closing', async () => {
    const own = await createTestApp(environment());
    const idle = await RawSocket.open(own.baseUrl);
    const used = await RawSocket.open(own.baseUrl);
    used.send(requestOf());
    await until(() => used.text.endsWith('}'));

    await own.close();

    expect(statusesIn(await used.read())).toEqual([200]);
    expect(await idle.read()).toBe('');
  });
});

describe('the head of a request', () => {
  it('is read to the letter, or not at all', () => {
    const read = readHead(Buffer.from(requestOf()));

    expect(read).toMatchObject({ method: 'POST', url: PATH, bodyLength: BODY.length, headers: { host: 'x' } });
    expect(readHead(Buffer.from('POST /a HTTP/1.1\r\nHost:'))).toBe('partial');
    expect(readHead(Buffer.from('GET / HTTP/1.1\r\n'))).toBe('unusual');
    expect(readHead(Buffer.from('POST /a HTTP/1.1\r\nHost: x\r\n__proto__: y\r\n\r\n'))).toMatchObject({
      bodyLength: 0,
    });
  });

  it('takes no more than linear time, whatever it holds', () => {
    const spaces = Buffer.from(`POST /a HTTP/1.1\r\nHost: x\r\nX-A:${' '.repeat(MAX_HEAD_BYTES - 100)}\r\n\r\n`);

    expect(readHead(spaces)).toMatchObject({ bodyLength: 0 });
  });
});

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
