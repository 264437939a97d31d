import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const END_OF_CHUNKS = Buffer.from('\r\n\r\n', 'latin1');
/** Bytes of requests of unknown length that Node is given at a time: it begins every request in them at once. */
const FIRST_PIECE_BYTES = 1024;
const LARGEST_PIECE_BYTES = 16 * 1024;

/** What a stream tells its connection. */
interface StreamEvents {
  /** The answer has ended: the connection carries on without this stream until its next `begin`. */
  onFree(): void;
  /** One of several answers has ended: there is room for more bytes. */
  onRoom(): void;
  /** All it was given is read. */
  onWanted(): void;
}

/**
 * Part of a connection as Node's HTTP server sees it: a stream that carries the requests which the fast path does not
 * answer, one at a time, and their answers. (Node's `connection` event takes any Duplex.) The socket stays with the fast
 * path, which reads on when an answer has ended, so that one unusual request does not change how the next one is answered.
 * Between two requests the stream is idle and is kept: a new one, with a new parser of Node's, costs more than the request.
 *
 * Where the length of the request is known the server gets exactly its bytes. Where it is not (chunks, or a head that
 * Node alone can judge) it gets what comes until it is between two requests: a piece at a time, larger ones while they turn
 * out to be one large request, and none while several requests wait for their answers.
 */
export class GeneralPathStream extends Duplex {
  private isEnding = false;
  /** Between two requests: the socket is the fast path's, whatever happens to this stream. */
  private isIdle = true;
  private remainingBytes = 0;
  /** Requests that Node has read, or begun to. */
  private readonly exchanges = new Set<{ request: IncomingMessage; response: ServerResponse }>();
  private hasRequests = false;
  /** Requests that the latest piece began. */
  private startedCount = 0;
  private pieceBytes = FIRST_PIECE_BYTES;
  /** At most four. */
  private lastBytes: Buffer = Buffer.alloc(0);

  constructor(
    private readonly socket: Socket,
    private readonly events: StreamEvents,
  ) {
    super({ allowHalfOpen: true });
  }

  /** Whether it can take a further request. (Node's server ends it when it ends its idle connections.) */
  get canBegin(): boolean {
    return !this.isEnding && !this.destroyed;
  }

  /** Another request follows. @param bytes  its length; Infinity when it is not known. */
  begin(bytes: number): void {
    this.isIdle = false;
    this.remainingBytes = bytes;
    this.hasRequests = false;
    this.pieceBytes = FIRST_PIECE_BYTES;
    this.startedCount = 0;
  }

  /** Whether it takes the bytes that come next, be they of this request or of another one. */
  get takesMore(): boolean {
    return this.remainingBytes === Infinity && this.exchanges.size <= 1;
  }

  /** Whether a request is being read or answered. */
  get isAnswering(): boolean {
    return this.exchanges.size > 0;
  }

  /**
   * Gives the server bytes of its request.
   *
   * @returns those that come after it, or are for later.
   */
  feed(bytes: Buffer): Buffer {
    const most = this.remainingBytes === Infinity ? this.nextPieceBytes() : this.remainingBytes;
    const own = bytes.length <= most ? bytes : bytes.subarray(0, most);
    this.remainingBytes -= own.length;
    if (own.length > 0) {
      this.lastBytes = own.length >= 4 ? own.subarray(-4) : Buffer.concat([this.lastBytes, own]).subarray(-4);
      if (!this.push(own)) this.socket.pause();
    }
    return bytes.subarray(own.length);
  }

  private nextPieceBytes(): number {
    this.pieceBytes = this.startedCount > 1 ? FIRST_PIECE_BYTES : Math.min(this.pieceBytes * 2, LARGEST_PIECE_BYTES);
    this.startedCount = 0;
    return this.pieceBytes;
  }

  /** The client has ended its side. */
  feedEnd(): void {
    this.push(null);
  }

  /** To be told of each request that Node reads from this stream. */
  watch(request: IncomingMessage, response: ServerResponse): void {
    const exchange = { request, response };
    this.exchanges.add(exchange);
    this.hasRequests = true;
    this.startedCount += 1;
    const settle = () => {
      if (!request.complete || !(response.writableFinished || response.destroyed)) return;
      if (this.exchanges.delete(exchange)) this.checkFree();
    };
    request.once('close', settle);
    response.once('close', settle);
  }

  private checkFree(): void {
    if (this.isEnding || this.isIdle || this.destroyed) return;
    if (this.exchanges.size > 0) return this.events.onRoom();
    // A chunked message ends with an empty line; after any other byte Node is in the middle of something.
    const isBetween =
      this.remainingBytes === 0 ||
      (this.remainingBytes === Infinity && this.hasRequests && this.lastBytes.equals(END_OF_CHUNKS));
    if (!isBetween || this.readableLength > 0) return this.events.onRoom();
    this.isIdle = true;
    this.events.onFree();
  }

  // The part of a socket that Node's HTTP server and Express look at.

  get remoteAddress(): string | undefined {
    return this.socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.socket.remotePort;
  }

  get localPort(): number | undefined {
    return this.socket.localPort;
  }

  get localAddress(): string | undefined {
    return this.socket.localAddress;
  }

  /** Time limits of the connection are kept by the fast path, those of a request by Node's server itself. */
  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** Node's word for: end after what is still to be written. */
  destroySoon(): void {
    this.isEnding = true;
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  override _read(): void {
    this.events.onWanted();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.socket.write(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.socket.write(chunks.length === 1 ? chunks[0]!.chunk : Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: () => void): void {
    this.isEnding = true;
    this.socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.isIdle && !this.socket.destroyed) {
      if (this.isEnding) this.socket.destroySoon();
      else this.socket.destroy();
    }
    done(error);
  }
}
