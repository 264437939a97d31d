import { connect } from 'node:net';
import type { Socket } from 'node:net';

import type { Json } from './get-json.js';
import { until } from '../until.js';

/** A loopback connection on which a test says whatever it likes, HTTP or not. */
export class RawSocket {
  private received = '';
  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => (this.received += chunk.toString('latin1')));
    // A test that fails half-way must not keep the others from ending.
    socket.unref();
    // A server that hangs up on nonsense is in its right.
    socket.on('error', () => {});
  }

  static async open(baseUrl: string): Promise<RawSocket> {
    const { hostname, port } = new URL(baseUrl);
    const socket = connect({ host: hostname, port: Number(port) });
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawSocket(socket);
  }

  /** What has come so far. */
  get text(): string {
    return this.received;
  }

  send(data: string | Buffer): this {
    if (this.socket.writable && data.length > 0) this.socket.write(data);
    return this;
  }

  /** Waits for `isEnough` of what the server sent, and stays open. */
  async receive(isEnough: (text: string) => boolean): Promise<string> {
    while (!isEnough(this.received) && !this.socket.closed) await new Promise((resolve) => setTimeout(resolve, 5));
    return this.received;
  }

  /** Ends our side; the other may still answer. */
  finish(): this {
    this.socket.end();
    return this;
  }

  /** Ends our side without a word. */
  abort(): void {
    this.socket.destroy();
  }

  /**
   * Waits for the server to hang up, or for `isEnough`.
   *
   * @throws Error with what came so far when neither happens in time.
   */
  async read(isEnough: (text: string) => boolean = () => false, timeoutMs = 60_000): Promise<string> {
    await until(() => isEnough(this.received) || this.socket.closed, timeoutMs).catch(() => {
      throw new Error(`No answer in ${timeoutMs} ms, only: ${this.received.slice(0, 500)}`);
    });
    this.socket.destroy();
    return this.received;
  }
}

/** Sends bytes and gives everything that came back until the server hung up or `isEnough`. */
export async function talk(
  baseUrl: string,
  data: string | Buffer,
  isEnough?: (text: string) => boolean,
): Promise<string> {
  return (await RawSocket.open(baseUrl)).send(data).read(isEnough);
}

/** Statuses of all answers in what a connection received. */
export function statusesIn(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

/** The body of the only (or last) answer, parsed. */
export function jsonIn(received: string): Json {
  return JSON.parse(received.slice(received.lastIndexOf('\r\n\r\n') + 4));
}

/** Whether a whole answer with predictions has come. */
export const hasPrediction = (text: string): boolean => text.includes('"predictions"') && text.endsWith('}');
