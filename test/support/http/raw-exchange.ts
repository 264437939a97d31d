import { connect } from 'node:net';

import { until } from '../until.js';

/** The last request of each exchange: the server closes the connection after its answer. */
const LAST = 'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

/** A server may wait for the rest of a request before it refuses it. */
const TIMEOUT_MS = 60_000;

/** An answer as it came over a connection. */
export interface RawAnswer {
  readonly status: number;
  /** Status line and header lines, in any order. */
  readonly head: readonly string[];
  readonly body: string;
}

/** A piece that is no bytes but a wait: until what was sent is answered. */
export const ANSWER = Symbol('answer');

export type Piece = string | Buffer | typeof ANSWER;

/**
 * Sends pieces over one connection, waits for answers, and asks the server to close.
 *
 * @param answers  how many are expected before the connection is asked to close.
 * @returns everything the server sent until the connection ended; the answer to the last request is left out.
 */
export async function exchange(baseUrl: string, pieces: readonly Piece[], answers: number): Promise<RawAnswer[]> {
  const { hostname, port } = new URL(baseUrl);
  const socket = connect({ host: hostname, port: Number(port) });
  let received = '';
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (chunk) => (received += chunk.toString('latin1')));
  let waitedFor = 0;
  for (const piece of pieces) {
    if (piece === ANSWER) {
      waitedFor += 1;
      await until(() => answersIn(received).length >= waitedFor || socket.closed);
    } else socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
    await new Promise(setImmediate);
  }
  await until(() => answersIn(received).length >= answers || socket.closed, TIMEOUT_MS);
  if (!socket.destroyed) socket.write(LAST);
  await until(() => socket.closed, TIMEOUT_MS);
  return answersIn(received).filter(({ body }) => !body.includes('/livez"'));
}

/** Complete answers in what a connection received. */
export function answersIn(received: string): RawAnswer[] {
  const found: RawAnswer[] = [];
  for (let rest = received; rest.startsWith('HTTP/1.1 ');) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const lines = rest.slice(0, end).split('\r\n');
    const status = Number(lines[0]!.split(' ')[1]);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(rest.slice(0, end))?.[1] ?? 0);
    const body = rest.slice(end + 4, end + 4 + length);
    if (body.length < length) break;
    if (status !== 100) found.push({ status, head: lines.sort(), body });
    rest = rest.slice(end + 4 + length);
  }
  return found;
}

/** Answers without what differs from one to the next: times, ports, ids made by the server. */
export function comparable(answers: readonly RawAnswer[]): unknown {
  return answers.map(({ head, body }) => ({ head: head.map(masked).filter(Boolean), body: masked(body) }));
}

function masked(text: string): string {
  return text
    .replace(/"timestamp":"[^"]+"/g, '"timestamp":"now"')
    .replace(/localhost:\d+/g, 'localhost')
    .replace(/^(Date|Server-Timing|Content-Length): .*$/gi, '')
    .replace(/^X-Request-Id: [\da-f-]{36}$/i, 'X-Request-Id: new')
    .replace(/"request_id":"[\da-f-]{36}"/g, '"request_id":"new"');
}
