import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

import { ask } from '../../support/http/ask.js';
import { probesOf, wellWith } from '../../support/http/probes.js';
import { residentBytes } from '../../support/http/processes.js';
import { RawSocket, statusesIn } from '../../support/http/raw-socket.js';
import type { ServerProcess } from '../../support/http/server-process.js';
import { useServers } from '../../support/http/started-servers.js';
import { TestStore } from '../../support/stores/build-store.js';
import { textRun } from '../../support/stores/tiny-runs.js';
import { until } from '../../support/until.js';

/** Most that a prediction may wait, milliseconds: a quiet machine shows less than 200. */
const MOST_MS = 1_500;
const isShort = process.env['SOAK'] === 'ci';
const MIB = 1024 * 1024;
const PATH = '/models/adder/predictions';
/** Connections that are opened at a time: as many as wait in the kernel without harm. */
const OPENED_AT_A_TIME = 100;
/** Linux says what a process holds. */
const itOnLinux = process.platform === 'linux' ? it : it.skip;

let store: TestStore;
beforeAll(() => void (store = new TestStore().addModel('adder').addRun('adder', 'adder-1')));
afterAll(() => store.remove());
const start = useServers(() => ({ MODELS_DIR: store.folder, LOG_REQUESTS: 'false' }));

const openFiles = ({ child }: ServerProcess) => readdirSync(`/proc/${child.pid}/fd`).length;
const predict = async (baseUrl: string) => (await ask(baseUrl, `${PATH}?a=1&b=2`, { timeoutMs: 5_000 })).status;
const headOf = (bytes: number, ...lines: string[]) =>
  [`POST ${PATH} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', ...lines, `Content-Length: ${bytes}`]
    .map((line) => `${line}\r\n`)
    .join('') + '\r\n';

/** Connections that all say the same. */
async function openMany(baseUrl: string, count: number, says: Buffer | string): Promise<RawSocket[]> {
  const sockets: RawSocket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(OPENED_AT_A_TIME, count - sockets.length) }, () =>
      RawSocket.open(baseUrl),
    );
    for (const socket of await Promise.all(some)) sockets.push(socket.send(says));
  }
  return sockets;
}

const HEADS = isShort ? 500 : 5_000;
describe(`${HEADS} clients that send half a head`, () => {
  itOnLinux('keep nobody waiting, take little memory, and are sent away when their time is over', async () => {
    const server = start({ REQUEST_TIMEOUT_MS: '5000' });
    const baseUrl = await server.ready();
    await predict(baseUrl);
    const before = { bytes: residentBytes(server.child.pid!), files: openFiles(server) };

    const slow = await openMany(baseUrl, HEADS, headOf(30).slice(0, -10));
    const bytesEach = (residentBytes(server.child.pid!) - before.bytes) / HEADS;
    // For longer than it takes to notice that they are slow, all of them at once.
    let worstMs = 0;
    for (const endMs = performance.now() + 3_000; performance.now() < endMs; await sleep(5)) {
      const beforeMs = performance.now();
      expect(await predict(baseUrl)).toBe(200);
      worstMs = Math.max(worstMs, performance.now() - beforeMs);
    }
    console.log(`worst wait beside ${HEADS} half heads: ${Math.round(worstMs)} ms`);
    expect(worstMs).toBeLessThan(MOST_MS);
    expect(await probesOf(baseUrl, 5_000)).toEqual(wellWith('adder'));

    const received = await Promise.all(slow.map((socket) => socket.read()));
    expect(new Set(received.map((text) => statusesIn(text).join()))).toEqual(new Set(['408']));
    expect(bytesEach).toBeLessThan(50 * 1024);
    await until(() => openFiles(server) <= before.files + 5);
    expect(await probesOf(baseUrl)).toEqual(wellWith('adder'));
  });
});

const BODY_BYTES = 10 * MIB;
describe('bodies that are held back', () => {
  itOnLinux('packed, 150 of them, take as much memory as was sent of them', async () => {
    const server = start();
    const baseUrl = await server.ready();
    await predict(baseUrl);
    const before = residentBytes(server.child.pid!);
    const packed = gzipSync(Buffer.alloc(BODY_BYTES, ' '), { level: 9 });
    const request = Buffer.concat([Buffer.from(headOf(packed.length, 'Content-Encoding: gzip')), packed]);

    const held = await openMany(baseUrl, 150, request.subarray(0, -4));
    expect(await probesOf(baseUrl, 5_000)).toEqual(wellWith('adder'));
    const grown = residentBytes(server.child.pid!) - before;
    for (const socket of held) socket.send(request.subarray(-4));
    const received = await Promise.all(held.map((socket) => socket.read((text) => text.endsWith('}'))));

    expect(grown).toBeLessThan(50 * MIB);
    expect(new Set(received.map((text) => statusesIn(text).join()))).toEqual(new Set(['413']));
    expect(await predict(baseUrl)).toBe(200);
  });

  itOnLinux('plain, in chunks of one byte, take little more than the bytes', async () => {
    const server = start();
    const baseUrl = await server.ready();
    await predict(baseUrl);
    const before = residentBytes(server.child.pid!);
    const head = headOf(0, 'Transfer-Encoding: chunked').replace('Content-Length: 0\r\n', '');
    const spaces = '1\r\n \r\n'.repeat(200_000);

    const held = await openMany(baseUrl, 10, head + spaces);
    for (const socket of held) socket.send('d\r\n{"inputs":[]}\r\n0\r\n\r\n');
    const received = await Promise.all(held.map((socket) => socket.read((text) => text.endsWith('}'))));

    expect(new Set(received.map((text) => statusesIn(text).join()))).toEqual(new Set(['422']));
    expect(residentBytes(server.child.pid!) - before).toBeLessThan(150 * MIB);
  });

  itOnLinux('plain, 60 of them, find no more room than there is, and small ones still do', async () => {
    const server = start({ MAX_BODY_BYTES_IN_FLIGHT: String(64 * MIB) });
    const baseUrl = await server.ready();
    await predict(baseUrl);
    const before = residentBytes(server.child.pid!);

    const held = await openMany(baseUrl, 60, headOf(BODY_BYTES) + ' '.repeat(BODY_BYTES - 1));
    await until(() => held.filter(({ text }) => text.endsWith('}')).length >= 56);
    const grown = residentBytes(server.child.pid!) - before;
    expect(await probesOf(baseUrl, 5_000)).toEqual(wellWith('adder'));
    expect(await predict(baseUrl)).toBe(200);
    for (const socket of held) socket.abort();

    const refused = held.filter(({ text }) => text !== '').map(({ text }) => text);
    expect(new Set(refused.map((text) => `${statusesIn(text).join()} ${/Retry-After: \d+/.exec(text)?.[0]}`))).toEqual(
      new Set(['503 Retry-After: 1']),
    );
    expect(grown).toBeLessThan(300 * MIB);
  });
});

/** Longer than the server waits for a client to read, twice, and some. */
const PATIENCE_MS = 100_000;
/** As long as a text may be. */
const TEXT = JSON.stringify({ text: 'x'.repeat(10_000) });
const echoRequest = (rows: number) => {
  const body = `{"inputs":[${Array.from({ length: rows }, () => TEXT).join()}]}`;
  return headOf(body.length).replace('/adder/', '/texts/') + body;
};
/** The same request with no length in its head. */
const inOneChunk = (request: string) => {
  const [head, body] = request.split('\r\n\r\n') as [string, string];
  const size = body.length.toString(16);
  return `${head.replace(/Content-Length: .*/, 'Transfer-Encoding: chunked')}\r\n\r\n${size}\r\n${body}\r\n0\r\n\r\n`;
};

describe.each([
  ['the fast path', 'true'],
  ['the general path', 'false'],
])('clients that read nothing, on %s', (_path, fastPath) => {
  const texts = new TestStore().addModel('texts').addRun('texts', 'texts-1', textRun, 'onnx-types');
  afterAll(() => texts.remove());

  (isShort ? it.skip : it)('are ended, whatever they go on sending', async () => {
    const server = start({ FAST_PATH: fastPath, MODELS_DIR: texts.folder });
    const baseUrl = await server.ready();
    const manyAnswers = Array.from({ length: 80 }, () => echoRequest(20)).join('');
    const clients = await Promise.all([
      ...Array.from({ length: 5 }, () => sendOn(baseUrl, manyAnswers)),
      ...Array.from({ length: 5 }, () => sendOn(baseUrl, echoRequest(900))),
      ...Array.from({ length: 5 }, () => sendOn(baseUrl, inOneChunk(echoRequest(900)))),
    ]);

    await until(() => clients.every(({ closed }) => closed), PATIENCE_MS).finally(() => {
      for (const client of clients) client.destroy();
    });

    expect(await probesOf(baseUrl)).toEqual(wellWith('texts'));
  });

  /** A client that never reads, and goes on with the next request, a byte now and then. */
  async function sendOn(baseUrl: string, requests: string): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(baseUrl).port) });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.pause();
    socket.write(requests);
    const next = `${headOf(0).slice(0, -2)}X: ${'x'.repeat(100)}`[Symbol.iterator]();
    const timer = setInterval(() => socket.write(next.next().value ?? 'x'), 2_000);
    socket.once('close', () => clearInterval(timer));
    return socket;
  }
});
