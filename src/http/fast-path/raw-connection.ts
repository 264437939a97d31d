import type { Socket } from 'node:net';

import { leaveNote } from './fallback.js';
import type { HandedOver } from './fallback.js';
import { requestIdFor } from '../middleware/request-id.middleware.js';
import { readHead } from './request-head-parser.js';
import type { ReadHead } from './request-head-parser.js';
import { isShortAnswer } from './fast-path.js';
import type { ShortAnswer, ShortHandler, ShortWay } from './fast-path.js';

/** Longest request that is read here, head and body. Longer ones are Node's. */
const MAX_REQUEST_BYTES = 256 * 1024;
/** A request that comes in more pieces than this is Node's: joining pieces again and again takes more than linear time. */
const MAX_PIECES = 8;
/** A request that takes longer than this to arrive is Node's, whose time limits then hold. */
const SLOW_MS = 1_000;
const EMPTY = Buffer.alloc(0);

/** What a connection needs of its server. */
export interface ConnectionKeeper {
  readonly keepAliveMs: number;
  /** Whether the server is closing: answers say that the connection ends with them. */
  readonly isClosing: boolean;
  /** Status line and headers that all answers share, up to the request's own. */
  readonly answerStart: string;
  /** Gives the connection to Node's HTTP server, with all that was read and not answered put back. */
  giveToNode(socket: Socket): void;
  /** Answers a request of which the client sent a part only, and ends the connection. */
  refuseHalf(socket: Socket): void;
  onClosed(connection: PlainConnection): void;
}

/** A request whose answer is being made. */
interface Exchange {
  readonly head: ReadHead;
  readonly bytes: Buffer;
  readonly arrivedAtMs: number;
  readonly requestId: string;
}

/** One connection, for as long as nothing unusual came over it. See `PlainConnections`. */
export class PlainConnection {
  private received: Buffer = EMPTY;
  private pieces = 0;
  /** Clients send the same head again and again; it is compared, which is quicker than reading it. */
  private lastHead: { readonly bytes: Buffer; readonly head: ReadHead; readonly handler: ShortHandler } | undefined;
  private exchange: Exchange | undefined;
  /** Head of the request whose body is not all there. */
  private coming: ReadHead | undefined;
  private isBlocked = false;
  private isOver = false;
  private wasUsed = false;
  private activeAtMs = performance.now();
  private readonly gone = new AbortController();
  private readonly localPort: number | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly way: ShortWay,
    private readonly keeper: ConnectionKeeper,
  ) {
    this.localPort = socket.localPort;
    socket.on('data', this.onData);
    socket.on('end', this.onEnd);
    socket.on('drain', this.onDrain);
    socket.on('error', this.onError);
    socket.on('close', this.onClose);
  }

  /** Whether an answer is being made, or is on its way. */
  get isAnswering(): boolean {
    return this.exchange !== undefined || this.socket.writableLength > 0;
  }

  /** Ends it unless an answer is being made; one on its way still arrives. */
  endIfIdle(): void {
    if (this.exchange) return;
    if (this.socket.writableLength > 0) this.socket.end();
    else this.socket.destroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Looks at the clock: slow requests go to Node, idle connections end. To be called from time to time. */
  checkTime(nowMs: number): void {
    if (this.exchange || this.isBlocked) return;
    const quietMs = nowMs - this.activeAtMs;
    if (this.received.length > 0 || !this.wasUsed) {
      if (quietMs > SLOW_MS) this.giveUp(this.received);
    } else if (quietMs > this.keeper.keepAliveMs) this.socket.destroy();
  }

  private readonly onData = (chunk: Buffer): void => {
    if (this.received.length === 0) {
      this.received = chunk;
      this.pieces = 1;
      this.activeAtMs = performance.now();
    } else {
      this.received = Buffer.concat([this.received, chunk]);
      this.pieces += 1;
    }
    // What comes before its turn stays where it is, and with it a client that does not wait for answers.
    if (this.exchange || this.isBlocked) this.socket.pause();
    else this.next();
  };

  /** Takes the next request from what was received, if it is all there. */
  private next(): void {
    const bytes = this.received;
    if (bytes.length === 0 || this.isOver) return;
    const found = this.findHandler(bytes);
    if (found === 'unusual') return this.giveUp(bytes);
    const end = found === 'partial' ? Infinity : found.head.length + found.head.bodyLength;
    if (found === 'partial' || bytes.length < end) {
      if (found !== 'partial') this.coming = found.head;
      if (this.pieces >= MAX_PIECES || (end > MAX_REQUEST_BYTES && end !== Infinity)) this.giveUp(bytes);
      return;
    }
    // Requests sent without waiting for answers are rare, and Node knows how to queue them.
    if (bytes.length > end) return this.giveUp(bytes);
    this.coming = undefined;
    this.received = EMPTY;
    this.wasUsed = true;
    const { head, handler } = found;
    const arrivedAtMs = performance.now();
    const requestId = requestIdFor(head.headers['x-request-id']);
    const exchange = { head, bytes, arrivedAtMs, requestId };
    this.exchange = exchange;
    const caller = { arrivedAtMs, signal: this.gone.signal, localPort: this.localPort };
    void handler(bytes.subarray(head.length), caller).then((answer) => this.onAnswer(exchange, answer));
  }

  private findHandler(bytes: Buffer): { head: ReadHead; handler: ShortHandler } | 'partial' | 'unusual' {
    const last = this.lastHead;
    if (last && bytes.length >= last.bytes.length) {
      if (last.bytes.compare(bytes, 0, last.bytes.length) === 0) return last;
    }
    const head = readHead(bytes);
    if (head === 'partial' || head === 'unusual') return head;
    const handler = this.way.find(head);
    if (!handler || head.length + head.bodyLength > MAX_REQUEST_BYTES) return 'unusual';
    // A copy: a part of the bytes would keep all of them alive.
    this.lastHead = { bytes: Buffer.from(bytes.subarray(0, head.length)), head, handler };
    return this.lastHead;
  }

  private onAnswer(exchange: Exchange, answer: ShortAnswer | HandedOver): void {
    this.exchange = undefined;
    if (this.isOver) return this.log(exchange, false);
    if (!isShortAnswer(answer)) {
      const rest = this.received;
      return this.giveUp(rest.length === 0 ? exchange.bytes : Buffer.concat([exchange.bytes, rest]), answer);
    }
    this.write(exchange, answer);
    this.log(exchange, true);
    this.activeAtMs = performance.now();
    if (this.keeper.isClosing) return void this.socket.end();
    if (this.isBlocked) return;
    if (this.socket.isPaused()) this.socket.resume();
    if (this.received.length > 0) this.next();
  }

  private write({ requestId }: Exchange, { contract, serverTiming, body }: ShortAnswer): void {
    const { keepAliveMs, isClosing, answerStart } = this.keeper;
    const connection = isClosing ? 'close' : `keep-alive\r\nKeep-Alive: timeout=${keepAliveMs / 1000}`;
    const isSent = this.socket.write(
      `${answerStart}X-Request-Id: ${requestId}\r\nContract-Hash: ${contract}\r\n` +
        `Server-Timing: ${serverTiming}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nDate: ${httpDate()}\r\nConnection: ${connection}\r\n\r\n${body}`,
    );
    this.isBlocked = !isSent;
  }

  /** A client that does not read its answers gets no more of them. */
  private readonly onDrain = (): void => {
    this.isBlocked = false;
    if (this.exchange || this.isOver) return;
    if (this.socket.isPaused()) this.socket.resume();
    this.next();
  };

  /** As Node has it: a client that closes its side has gone. Half a request is Node's error, in Node's words. */
  private readonly onEnd = (): void => {
    this.isOver = true;
    this.gone.abort();
    if (this.received.length > 0 && !this.exchange) return this.keeper.refuseHalf(this.socket);
    this.socket.end();
  };

  private readonly onError = (): void => {
    this.socket.destroy();
  };

  private readonly onClose = (): void => {
    this.isOver = true;
    this.logHalf();
    this.gone.abort();
    this.keeper.onClosed(this);
  };

  private giveUp(bytes: Buffer, note?: HandedOver): void {
    this.isOver = true;
    const { socket } = this;
    socket.off('data', this.onData);
    socket.off('end', this.onEnd);
    socket.off('drain', this.onDrain);
    socket.off('error', this.onError);
    socket.off('close', this.onClose);
    this.keeper.onClosed(this);
    if (bytes.length > 0) socket.unshift(bytes);
    if (note) leaveNote(socket, note);
    this.keeper.giveToNode(socket);
    if (socket.isPaused()) socket.resume();
  }

  private logHalf(): void {
    const head = this.coming;
    this.coming = undefined;
    if (head) this.way.log?.(head, requestIdFor(head.headers['x-request-id']), false, this.activeAtMs);
  }

  private log({ head, requestId, arrivedAtMs }: Exchange, isAnswered: boolean): void {
    this.way.log?.(head, requestId, isAnswered, arrivedAtMs);
  }
}

let dateSecond = 0;
let date = '';

/** The time as HTTP writes it; it changes once a second. */
function httpDate(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = new Date(now).toUTCString();
  }
  return date;
}
