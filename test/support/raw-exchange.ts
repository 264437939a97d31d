import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { TestApp } from './create-test-app.js';
import { until } from './until.js';
import { predictionsUnderWay } from './watched-app.js';

/** A piece that is no bytes but a wait: until what was sent is answered. */
export const ANSWER = Symbol('answer');

export type Piece = string | Buffer | typeof ANSWER;

/**
 * Turns of the event loop, and milliseconds, in which nothing may come from a server that has nothing to compute, to take
 * it that nothing will. The server runs in this very process: a turn of the loop is one for it, too, so a busy machine
 * delays both alike.
 */
const QUIET_TURNS = 20;
const QUIET_MS = 25;
/** Turns after which a server of this process has read what was sent. */
const READ_TURNS = 3;

/**
 * Sends pieces over a connection of its own, each in a packet of its own, and gives what came until the server hung up or
 * has nothing more to say.
 *
 * @param testApp  a server of this process.
 */
export async function exchange(testApp: TestApp, pieces: readonly Piece[]): Promise<string> {
  const { hostname, port } = new URL(testApp.baseUrl);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  socket.on('error', () => {});
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString('latin1')));
  await until(() => !socket.connecting);
  for (const piece of pieces) {
    if (piece === ANSWER) await until(() => isComplete(received));
    else socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
    if (pieces.length > 1) await turns(READ_TURNS);
  }
  await until(() => socket.closed || socket.writableLength === 0);
  for (let before: string | undefined; !socket.closed && before !== received;) {
    before = received;
    await untilQuiet(testApp, () => socket.closed || received !== before);
  }
  socket.destroy();
  return received;
}

async function untilQuiet(testApp: TestApp, isOver: () => boolean): Promise<void> {
  let quietSince = performance.now();
  for (let quiet = 0; !isOver() && (quiet < QUIET_TURNS || performance.now() - quietSince < QUIET_MS); quiet += 1) {
    await nextTurn();
    if (predictionsUnderWay(testApp.app) === 0) continue;
    quiet = 0;
    quietSince = performance.now();
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await nextTurn();
}

/** Whether the last answer has come whole. */
function isComplete(received: string): boolean {
  const head = received.lastIndexOf('HTTP/1.1 ');
  const [, length] = /\r\ncontent-length: (\d+)/i.exec(received.slice(head)) ?? [];
  const end = received.indexOf('\r\n\r\n', head);
  return length !== undefined && end >= 0 && received.length >= end + 4 + Number(length);
}
