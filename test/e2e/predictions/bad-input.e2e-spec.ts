import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

import { ask } from '../../support/http/ask.js';
import type { AskOptions } from '../../support/http/ask.js';
import type { TestStore } from '../../support/stores/build-store.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { RawSocket, jsonIn, statusesIn, talk } from '../../support/http/raw-socket.js';
import { tinyStore } from '../../support/stores/tiny-runs.js';

const LIMIT = 10_485_760;

let store: TestStore;
let app: TestApp;

beforeAll(async () => {
  store = tinyStore();
  app = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'texts', REQUEST_TIMEOUT_MS: '1500' });
});

afterAll(async () => {
  await app.close();
  store.remove();
});

const PREDICT = '/models/adder/predictions';
const GOOD = '{"inputs":[{"a":1,"b":2}]}';

const send = (path: string, options?: AskOptions) => ask(app.baseUrl, path, options);
const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
  send(PREDICT, { method: 'POST', body, headers });

/** Whatever a test did, the server lives and predicts. */
afterEach(async () => {
  const { status, json } = await post(GOOD);
  expect([status, json.data.predictions]).toEqual([200, [{ sum: 3 }]]);
});

describe('the bytes of a body', () => {
  it('may start with a byte order mark', async () => {
    expect((await post(`\uFEFF${GOOD}`)).status).toBe(200);
  });

  it.each([
    ['a lone continuation byte', Buffer.from([0x22, 0x80, 0x22])],
    ['a cut character', Buffer.from([0x22, 0xe2, 0x82, 0x22])],
    ['an overlong form', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['a surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['UTF-16', Buffer.from('\uFEFF{"a":1}', 'utf16le')],
  ])('are refused when they are no UTF-8: %s', async (_name, body) => {
    const { status, json } = await post(body);

    expect([status, json.detail]).toEqual([400, 'There was an error parsing the body']);
  });

  it.each([
    ['gzip', gzipSync(GOOD)],
    ['deflate', deflateSync(GOOD)],
    ['br', brotliCompressSync(GOOD)],
    ['identity', Buffer.from(GOOD)],
  ])('may be sent as %s', async (encoding, body) => {
    const { status, json } = await post(body, { 'Content-Encoding': encoding });

    expect([status, json.data.predictions]).toEqual([200, [{ sum: 3 }]]);
  });

  it.each(['gzip', 'deflate', 'br'])('are refused when they are not the %s they claim to be', async (encoding) => {
    const broken = gzipSync(GOOD).subarray(0, 20);
    for (const body of [Buffer.from(GOOD), broken]) {
      const { status, json } = await post(body, { 'Content-Encoding': encoding });

      expect([status, json['status-code'], json.detail]).toEqual([400, 400, 'There was an error parsing the body']);
    }
  });

  it.each(['zstd', 'gzip, gzip', 'nonsense'])('are refused in an encoding nobody knows: %s', async (encoding) => {
    const { status, headers } = await post(GOOD, { 'Content-Encoding': encoding });

    expect([status, headers['x-error-code']]).toEqual([415, 'UNSUPPORTED_ENCODING']);
  });
});

describe('a body that is too large', () => {
  it('is refused with the limit', async () => {
    const { status, json } = await post('x'.repeat(LIMIT + 1));

    expect([status, json['status-code']]).toEqual([413, 413]);
    expect(json.message).toBe(`The body is larger than ${LIMIT} bytes. Send fewer rows per request.`);
  });

  it('is refused from its Content-Length, before it is sent', async () => {
    const head = `POST ${PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n`;

    const received = await talk(app.baseUrl, head, (text) => text.includes('"detail"'));

    expect(statusesIn(received)).toEqual([413]);
  });

  it('is refused when it only grows too large by being unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000, ' '));
    expect(bomb.length).toBeLessThan(LIMIT);

    const { status, headers } = await post(bomb, { 'Content-Encoding': 'gzip' });

    expect([status, headers['x-error-code']]).toEqual([413, 'BODY_TOO_LARGE']);
  });

  it('is refused when its chunks add up', async () => {
    const socket = await RawSocket.open(app.baseUrl);
    socket.send(`POST ${PREDICT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const chunk = 'x'.repeat(1_048_576);
    for (let i = 0; i < 11; i++) socket.send(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    socket.send('0\r\n\r\n');

    expect(statusesIn(await socket.read((text) => text.includes('"detail"')))).toEqual([413]);
  });
});

describe('a body made to cost much', () => {
  const wrap = (items: string) => `{"inputs":[{"a":1,"b":2}],"more":${items}}`;

  it.each<[string, () => string, number]>([
    ['ten megabytes of [', () => '['.repeat(10_000_000), 422],
    ['objects nested two million deep', () => '{"a":'.repeat(2_000_000), 422],
    ['65 levels', () => wrap('['.repeat(64) + ']'.repeat(64)), 422],
    ['a number of ten million digits', () => `{"inputs":[{"a":${'9'.repeat(10_000_000)},"b":2}]}`, 422],
    ['a million rows that are none', () => `{"inputs":[${'1,'.repeat(999_999)}1]}`, 422],
    ['nine megabytes of one text', () => `{"inputs":[{"a":"${'x'.repeat(9_000_000)}","b":1}]}`, 422],
    [
      'half a million unknown fields',
      () => `{"inputs":[{"a":1,"b":2,${Array.from({ length: 500_000 }, (_, i) => `"k${i}":1`).join()}}]}`,
      422,
    ],
    [
      'half a million unknown members',
      () => `{"inputs":[{"a":1,"b":2}],${Array.from({ length: 500_000 }, (_, i) => `"inputs${i}":1`).join()}}`,
      422,
    ],
    ['a member with a name of a megabyte', () => `{"inputs":[{"a":1,"b":2}],"${'x'.repeat(1_000_000)}":1}`, 422],
  ])('is answered briefly: %s', async (_name, makeBody, expected) => {
    const body = makeBody();

    const { status, text } = await post(body);

    expect(status).toBe(expected);
    expect(text.length).toBeLessThan(30_000);
  });

  it.each([
    ['texts', '{"texts":[', '{}'],
    ['texts', '{"texts":[', '{"text":"a"}'],
    ['include', '{"inputs":[{"text":"a"}],"include":[', '"x"'],
    ['include', '{"inputs":[{"text":"a"}],"include":[', '1'],
  ])('is answered briefly: half a million %s: %s%s', async (_name, start, item) => {
    const body = `${start}${`${item},`.repeat(499_999)}${item}]}`;
    const path = start.startsWith('{"texts"') ? '/predict' : '/predictions';

    const { status, text } = await send(path, { method: 'POST', body });

    expect(status).toBe(422);
    expect(text.length).toBeLessThan(30_000);
  });
});

describe('names that mean something to JavaScript', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];

  it.each(names)('%s is no model, run, parameter, report, field or sort key', async (name) => {
    for (const path of [
      `/models/${name}`,
      `/runs/${name}`,
      `/params/${name}`,
      `/performance?filter=${name}`,
      `/performance?filter=overall.${name}`,
    ]) {
      expect([path, (await send(path)).status]).toEqual([path, 404]);
    }
    expect((await send(`/runs?sort=${name}`)).status).toBe(422);
    expect((await send(`/runs?model=${name}`)).status).toBe(422);
    expect((await send(`/runs?status=${name}`)).status).toBe(422);
    expect((await send(`/runs?${name}=1&${name}[x]=2`)).status).toBe(200);
    expect((await send(`/runs?sort=metrics.${name}`)).json.data.runs[0].run_id).toBe('texts-1');
    expect((await send(`/models/adder/predictions?a=1&b=2&${name}=3`)).json.data.predictions).toEqual([{ sum: 3 }]);
    expect((await send(`/models/adder/predictions?${name}=3`)).json.detail).toHaveLength(2);
  });

  it.each(names)('%s in a body changes nothing', async (name) => {
    const rows = `"inputs":[{"a":1,"b":2,"${name}":{"a":5,"polluted":1}}]`;
    const extra = {
      loc: ['body', name],
      msg: 'extra fields not permitted; known: inputs, columns, data, shape, include',
      type: 'value_error.extra',
    };

    const { status, json } = await post(`{${rows}}`);

    expect([status, json.data.predictions]).toEqual([200, [{ sum: 3 }]]);
    expect((await post(`{"${name}":{"inputs":[{"a":9,"b":9}],"polluted":1},${rows}}`)).json.detail).toEqual([extra]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect((await post(`{"inputs":[{"${name}":{"a":1,"b":2}}]}`)).json.detail).toHaveLength(2);
    expect((await post(`{"${name}":{"inputs":[{"a":1,"b":2}]}}`)).json.detail).toEqual([
      { loc: ['body', 'inputs'], msg: 'field required', type: 'value_error.missing' },
      extra,
    ]);
  });

  it('lets the last of repeated keys win', async () => {
    const { json } = await post('{"inputs":[],"inputs":[{"a":1,"a":2,"b":2,"b":3}]}');

    expect(json.data.predictions).toEqual([{ sum: 5 }]);
  });
});

describe('numbers and texts at the edge', () => {
  it.each(['1e400', '-1e400', '9'.repeat(400)])('refuses %.20s as no finite number', async (number) => {
    const { status, json } = await post(`{"inputs":[{"a":1,"b":${number}}]}`);

    expect([status, json.detail[0]]).toEqual([
      422,
      { loc: ['body', 'inputs', 0, 'b'], msg: 'value is not a valid float', type: 'type_error.float' },
    ]);
  });

  it.each(['1e-400', '-0', '-0.0', '0.1e1'])('takes %s', async (number) => {
    expect((await post(`{"inputs":[{"a":1,"b":${number}}]}`)).status).toBe(200);
  });

  it.each([
    ['9223372036854775807', 200],
    ['-9223372036854775808', 200],
    ['9223372036854775808', 422],
    ['123456789012345678901234567890', 422],
    ['1e30', 422],
  ])('an int64 keeps its digits or is refused: %s', async (number, status) => {
    const body = `{"inputs":[{"text":"a","whole":${number}}],"include":["whole"]}`;

    const answer = await send('/models/texts/predictions', { method: 'POST', body });

    expect(answer.status).toBe(status);
    if (status === 200) expect(answer.text).toContain(`"whole":${number}`);
    else
      expect(answer.json.detail[0]).toMatchObject({ loc: ['body', 'inputs', 0, 'whole'], type: 'type_error.integer' });
  });

  it.each(['\\ud800', 'a\\udc00b', '\\uffff', '\\ud83d\\ude00'])('a text may hold %s', async (text) => {
    const { status, json } = await send('/predict', { method: 'POST', body: `{"texts":[{"text":"${text}"}]}` });

    expect(status).toBe(200);
    expect(typeof json.data.predictions[0].echo).toBe('string');
  });

  it('NaN and Infinity from a model are null', async () => {
    const { status, text } = await send('/models/logarithm/predictions', {
      method: 'POST',
      body: { inputs: [{ x: -1 }, { x: 0 }, { x: 1 }] },
    });

    expect(status).toBe(200);
    expect(text).toContain('"predictions":[{"log":null},{"log":null},{"log":0}]');
  });
});

describe('paths that try to lead out', () => {
  it.each([
    '/..%2f..%2fpackage.json',
    '/../../package.json',
    '/models/../../package.json',
    '/models/..%2f',
    '/models/..%2f..%2fpackage.json',
    '/models/..%5c..%5cpackage.json',
    '/models\\..\\..\\package.json',
    '/models/%2e%2e/card.json',
    '/models/adder%2fcard.json',
    '/models/adder/card.json',
    '/models/adder/runs/adder-best/run.json',
    '/models/adder/runs/adder-best/artifacts/model.onnx',
    '/runs/..%2f..%2fadder%2fruns%2fadder-best',
    '/runs/adder-best%00.json',
    '/runs/%00',
    '/params/..%2f..%2fpackage.json',
    '/run.json',
    '/.env',
    '/.git/config',
    '/%',
    '//etc/passwd',
  ])('%s is 404 and shows nothing', async (path) => {
    const { status, text, json } = await send(path);

    expect([status, json['status-code']]).toEqual([404, 404]);
    expect(text).not.toMatch(/devDependencies|sha256|"encode"|root:/);
    expect(text).not.toContain(store.folder);
  });

  it.each(['/params/%', '/runs/%e0%a4%a', '/models/%ff/params', '/runs?top=%', '/predict?age=%E0%A4%A&sex=M'])(
    '%s is 400, for its percent sign encodes nothing',
    async (path) => {
      const { status, headers } = await send(path);

      expect([status, headers['x-error-code']]).toEqual([400, 'BAD_URL']);
    },
  );
});

describe('what is no HTTP', () => {
  it.each([
    ['nonsense', 'hello\r\n\r\n', 400],
    ['an unknown method', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['bytes', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x0d, 0x0a]), 400],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost x\r\n\r\n', 400],
    ['a NUL in the path', 'GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two lengths', `POST ${PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx`, 400],
    [
      'a length and chunks',
      `POST ${PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['a length that is none', `POST ${PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n`, 400],
    [
      'a chunk size that is none',
      `POST ${PREDICT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
      400,
    ],
    ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['headers of 100 kB', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
    ['a path of 100 kB', `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
  ])('gets JSON and a closed connection: %s', async (name, bytes, status) => {
    const received = await talk(app.baseUrl, bytes);

    expect(statusesIn(received)).toEqual([status]);
    // Node itself answers a missing Host, without a body.
    if (name === 'no Host') return;
    expect(received).toMatch(/\r\nX-Request-Id: [\w-]{36}\r\n/i);
    expect(jsonIn(received)).toMatchObject({ 'status-code': status });
    expect(jsonIn(received).detail).toBe(jsonIn(received).message);
  });

  it('behind good requests on one connection leaves their answers alone', async () => {
    const received = await talk(
      app.baseUrl,
      'GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n\x00garbage\r\n\r\n',
    );

    // The garbage may be read before the answers are written; never may an answer be torn.
    expect(statusesIn(received).at(-1)).toBe(400);
    expect(jsonIn(received)['status-code']).toBe(400);
  });

  it('shorter than it says costs the client its answer and nobody else anything', async () => {
    const socket = await RawSocket.open(app.baseUrl);
    socket.send(`POST ${PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"inputs":`);
    // Answered by the same process after it has read what was sent before.
    await send('/livez');

    socket.abort();

    expect((await send('/livez')).status).toBe(200);
  });

  it('longer than it says is read as the next request', async () => {
    const received = await talk(
      app.baseUrl,
      `POST ${PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${GOOD.length}\r\n\r\n${GOOD}GARBAGE\r\n\r\n`,
    );

    expect(statusesIn(received).at(-1)).toBe(400);
  });

  it('too slow is given up with 408', async () => {
    const socket = await RawSocket.open(app.baseUrl);
    socket.send(`POST ${PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{`);

    const received = await socket.read();

    expect(statusesIn(received)).toEqual([408]);
    expect(jsonIn(received)).toMatchObject({ 'status-code': 408, message: 'The request took too long to arrive.' });
  });

  it('a hundred aborted uploads leave the server as it was', async () => {
    const sockets = await Promise.all(Array.from({ length: 100 }, () => RawSocket.open(app.baseUrl)));
    for (const socket of sockets) {
      socket.send(`POST ${PREDICT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"inputs`);
    }
    await send('/livez');
    for (const socket of sockets) socket.abort();

    expect((await post(GOOD)).status).toBe(200);
  });
});

describe('headers that lie', () => {
  it.each(['a b', '[', '%', 'x:99999', '1.2.3.4.5', 'x/../y', 'user@x'])(
    'Host: %j does not reach the answer',
    async (host) => {
      const { status, json, headers } = await send('/runs', { headers: { Host: host } });

      expect(status).toBe(200);
      expect(json.url).toMatch(/^http:\/\/localhost:\d+\/runs$/);
      expect(headers.link).toContain('<http://localhost:');
    },
  );

  it.each([
    ['GET http://other.example/runs?top=1 HTTP/1.1', 'http://x/runs?top=1'],
    ['GET http://other.example HTTP/1.1', 'http://x/'],
  ])('%s is answered at our own address', async (line, url) => {
    const received = await talk(app.baseUrl, `${line}\r\nHost: x\r\nConnection: close\r\n\r\n`);

    expect(statusesIn(received)).toEqual([200]);
    expect(jsonIn(received).url).toBe(url);
  });

  it('an expectation nobody knows is ignored', async () => {
    expect((await send('/livez', { headers: { Expect: 'nonsense' } })).status).toBe(200);
  });

  it('a forwarded host or scheme is not believed', async () => {
    const { json } = await send('/livez', {
      headers: { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' },
    });

    expect(json.url).toBe(`${app.baseUrl}/livez`);
  });
});

describe('a body without an end', () => {
  it('is refused as soon as it is too long, and the connection closes', async () => {
    const small = await createTestApp({ BODY_LIMIT_BYTES: '2048' });
    const socket = await RawSocket.open(small.baseUrl);
    socket.send(`POST ${PREDICT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
    for (let i = 0; i < 4; i++) socket.send(`400\r\n${' '.repeat(1024)}\r\n`);

    const received = await socket.read();

    expect(statusesIn(received)).toEqual([413]);
    expect(received).toContain('Connection: close');
    await small.close();
  });
});
