import type { Socket } from 'node:net';

import type { EndpointAnswer, EndpointCall, HttpEndpoint, RequestExchange } from '../endpoint/http-endpoint.js';
import type { BodyBudget, BodyReservation } from '../request/body-budget.js';
import { probeHalfClosed } from '../server/probe-half-closed.js';
import { requestIdFor } from '../middleware/request-id.middleware.js';
import type { ClientFacts } from '../request/client-facts.js';
import type { ConnectionFacts, RequestHead } from '../request/request-head.js';
import { endGently } from '../server/end-gently.js';
import { answerText } from './answer-text.js';
import { GeneralPathStream } from './general-path-stream.js';
import type { KnownHeads } from './known-heads.js';
import { headText, parseHead } from './request-head-parser.js';
import type { ParsedHead } from './request-head-parser.js';

/** Longest request that is read here, head and body. Longer ones take the general path. */
const MAX_REQUEST_BYTES = 256 * 1024;
/** A request that comes in more pieces than this takes the general path: joining them again and again takes more than linear time. */
const MAX_PIECES = 8;
/** A request that takes longer than this to arrive takes the general path, where Node's time limits hold. */
const SLOW_MS = 1_000;
const EMPTY = Buffer.alloc(0);

/** What a connection needs of the server it belongs to. */
export interface ConnectionOwner {
  readonly endpoint: HttpEndpoint;
  /** Idle connections end after this. */
  readonly keepAliveMs: number;
  /** Connections on which nothing was ever sent end after this. */
  readonly idleMs: number;
  /** Largest body the endpoint takes. */
  readonly bodyLimitBytes: number;
  /** Room for bodies. */
  readonly bodies: BodyBudget;
  /** Whether the server is closing: answers say that the connection ends with them. */
  readonly isClosing: boolean;
  /** Heads that connections have sent before. */
  readonly knownHeads: KnownHeads;
  /** Headers every answer carries, as text; they may depend on the page that asks. */
  commonHeaders(origin: string | undefined, isHttps: boolean): string;
  /** Who sends requests with this head. */
  clientOf(head: RequestHead): ClientFacts;
  /** Gives Node's HTTP server a stream as a connection. */
  serve(stream: GeneralPathStream): void;
  /** Writes a line of the access log. `answer` is undefined when the client was gone before it. */
  log(exchange: LoggedExchange, answer: EndpointAnswer | undefined): void;
  /** Answers a request of which the client sent a part only, and ends the connection. */
  refusePartial(socket: Socket): void;
  onClosed(connection: RawConnection): void;
}

/** What the access log says of a request besides its answer. */
export interface LoggedExchange {
  readonly head: ParsedHead;
  readonly client: ClientFacts;
  readonly requestId: string;
  /** `performance.now()`. */
  readonly receivedAtMs: number;
}

/** A head, and what answers requests that begin with it. */
interface KnownHead {
  readonly head: ParsedHead;
  /** undefined: such requests take the general path. */
  readonly call: EndpointCall | undefined;
}

/** A head whose requests are answered here, with its bytes and who sent it. */
export interface CachedHead extends KnownHead {
  readonly bytes: Buffer;
  readonly call: EndpointCall;
  readonly client: ClientFacts;
}

/** A request that is being answered here. Many wait at the same time, so it holds no closures, and its body only until it is read. */
class RawExchange implements RequestExchange, LoggedExchange {
  readonly requestId: string;
  readonly receivedAtMs = performance.now();
  private body: Buffer | undefined;

  constructor(
    readonly head: ParsedHead,
    readonly client: ClientFacts,
    bytes: Buffer,
    readonly signal: AbortSignal,
  ) {
    this.requestId = requestIdFor(head.headers['x-request-id']);
    this.body = bytes.subarray(head.headBytes);
  }

  readBody(): Buffer {
    const body = this.body ?? EMPTY;
    this.body = undefined;
    return body;
  }
}

/**
 * One connection of the fast path: finds requests in the bytes, asks the endpoint, writes its answers, one at a time and
 * in order. A request that is not the endpoint's, or that cannot be read in a single way, goes to Node's server through a
 * stream; this connection reads on after its answer. See `FastPath`.
 */
export class RawConnection {
  private received: Buffer = EMPTY;
  private pieces = 0;
  /** Clients send the same head again and again; comparing it is quicker than reading it. */
  private lastHead: CachedHead | undefined;
  private exchange: RawExchange | undefined;
  /** While Node's server has the turn. */
  private general: GeneralPathStream | undefined;
  /** Idle until Node's server has the turn again. */
  private keptStream: GeneralPathStream | undefined;
  /** Head of the request whose body is not all there. */
  private partial: ParsedHead | undefined;
  private isBlocked = false;
  /** What has come waits for the next turn of the event loop: others are served in between. */
  private isPaused = false;
  /** The client has ended its side, and may wait for its answer. */
  private isHalfClosed = false;
  private isOver = false;
  private hasReceived = false;
  private activeAtMs = performance.now();
  private readonly gone = new AbortController();
  private readonly facts: ConnectionFacts;
  /** What the body of the present request takes of all that may be held. */
  private readonly room: BodyReservation;

  constructor(
    private readonly socket: Socket,
    private readonly owner: ConnectionOwner,
  ) {
    this.room = owner.bodies.open();
    const { remoteAddress, localPort } = socket;
    this.facts = { remoteAddress, localPort, isEncrypted: false };
    socket.on('data', this.onData);
    socket.on('end', this.onEnd);
    socket.on('drain', this.onDrain);
    socket.on('error', this.onError);
    socket.on('close', this.onClose);
  }

  /** Whether a request is being read or answered, or its answer is on its way. */
  get isAnswering(): boolean {
    return this.hasRequest || this.socket.writableLength > 0;
  }

  /** A request counts from the end of its head, as with Node's server: its body is still awaited when the server closes. */
  private get hasRequest(): boolean {
    return (
      this.isPaused || this.exchange !== undefined || this.partial !== undefined || this.general?.isAnswering === true
    );
  }

  /** Ends it unless a request is being read or answered; an answer on its way still arrives. */
  endIfIdle(): void {
    if (this.hasRequest) return;
    if (this.socket.writableLength > 0) this.socket.end();
    else this.socket.destroy();
  }

  /** The same unless something has come or gone since then; the client may end its side, too. */
  endIfIdleSince(ms: number): void {
    if (this.isOver || this.isAnswering || this.activeAtMs > ms) return;
    this.isOver = true;
    endGently(this.socket);
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Looks at the clock: requests that arrive slowly take the general path, idle connections end. To be called from time to time. */
  checkTime(nowMs: number): void {
    if (this.exchange || this.isBlocked || this.isPaused || this.general?.isAnswering) return;
    const quietMs = nowMs - this.activeAtMs;
    if (!this.general && this.received.length > 0) {
      if (quietMs > SLOW_MS) this.takeGeneralPath(this.headIfThere());
    } else if (quietMs > (this.hasReceived ? this.owner.keepAliveMs : this.owner.idleMs)) this.socket.destroy();
  }

  private readonly onData = (chunk: Buffer): void => {
    this.hasReceived = true;
    if (this.isOver) return;
    if (this.general && this.received.length === 0) return this.feed(chunk);
    if (this.received.length === 0) {
      this.received = chunk;
      this.pieces = 1;
      this.activeAtMs = performance.now();
    } else {
      this.received = Buffer.concat([this.received, chunk]);
      this.pieces += 1;
    }
    // What comes before its turn stays where it is, and with it a client that does not wait for answers.
    if (this.exchange || this.general || this.isBlocked || this.isPaused) this.socket.pause();
    else this.next();
  };

  /** Takes the next request from what was received, if it is all there. */
  private next(): void {
    const bytes = this.received;
    if (bytes.length === 0 || this.isOver) return;
    const known = this.findHead(bytes);
    if (known === 'unclear') return this.takeGeneralPath(undefined);
    if (known === 'partial') {
      if (this.pieces >= MAX_PIECES || !this.room.resizeTo(bytes.length)) this.takeGeneralPath(undefined);
      return;
    }
    const { head } = known;
    const requestBytes = head.headBytes + head.bodyBytes;
    if (!isCached(known) || requestBytes > MAX_REQUEST_BYTES) return this.takeGeneralPath(head);
    if (bytes.length >= requestBytes) return this.answer(known, bytes.subarray(0, requestBytes));
    this.partial = head;
    // Who finds no room is refused there.
    if (this.pieces >= MAX_PIECES || !this.room.resizeTo(bytes.length)) this.takeGeneralPath(head);
  }

  private findHead(bytes: Buffer): KnownHead | 'partial' | 'unclear' {
    const last = this.lastHead;
    if (last && bytes.length >= last.bytes.length && last.bytes.compare(bytes, 0, last.bytes.length) === 0) return last;
    const text = headText(bytes);
    const known = text && this.owner.knownHeads.find(this.facts.remoteAddress, text);
    if (known) return (this.lastHead = known);
    const head = parseHead(bytes);
    if (head === 'partial' || head === 'unclear') return head;
    const isHere = !head.needsGeneralPath && head.bodyBytes <= this.owner.bodyLimitBytes;
    const { method, url, headers } = head;
    const facts = { method, url, headers, connection: this.facts };
    const call = isHere ? this.owner.endpoint.find(facts) : undefined;
    if (!call) return { head, call };
    // A copy: a part of the bytes would keep all of them alive.
    this.lastHead = { bytes: Buffer.from(text!, 'latin1'), head, call, client: this.owner.clientOf(facts) };
    this.owner.knownHeads.keep(this.facts.remoteAddress, text!, this.lastHead);
    return this.lastHead;
  }

  private answer({ head, call, client }: CachedHead, bytes: Buffer): void {
    if (!this.room.resizeTo(head.bodyBytes)) return this.takeGeneralPath(head);
    this.received = this.received.length === bytes.length ? EMPTY : this.received.subarray(bytes.length);
    this.pieces = 1;
    this.partial = undefined;
    const exchange = new RawExchange(head, client, bytes, this.gone.signal);
    this.exchange = exchange;
    void call(exchange).then((answer) => this.onAnswer(exchange, answer));
  }

  private onAnswer(exchange: RawExchange, answer: EndpointAnswer): void {
    const { head, client, requestId } = exchange;
    this.exchange = undefined;
    this.room.release();
    if (this.isOver) return this.owner.log(exchange, undefined);
    // Requests that have come already are answered before a closing server ends their connection.
    const isLast = head.isLast || ((this.owner.isClosing || this.isHalfClosed) && this.received.length === 0);
    const { keepAliveMs } = this.owner;
    const common = this.owner.commonHeaders(head.headers['origin'], client.isHttps);
    const { text, encoding } = answerText(answer, common, requestId, isLast ? undefined : keepAliveMs);
    this.isBlocked = !this.socket.write(text, encoding);
    this.owner.log(exchange, answer);
    this.activeAtMs = performance.now();
    if (isLast) {
      this.isOver = true;
      return endGently(this.socket);
    }
    if (!this.isBlocked) this.readOn();
  }

  private readOn(): void {
    if (this.socket.isPaused()) this.socket.resume();
    if (this.received.length > 0) this.next();
    if (this.isHalfClosed) this.refuseRest();
  }

  /** A client that does not read its answers gets no more of them. */
  private readonly onDrain = (): void => {
    this.isBlocked = false;
    if (!this.exchange && !this.general && !this.isPaused && !this.isOver) this.readOn();
  };

  /** The head of a request of which a part is there. */
  private headIfThere(): ParsedHead | undefined {
    const known = this.findHead(this.received);
    return typeof known === 'string' ? undefined : known.head;
  }

  /** @param head  of the request that was received first; undefined when its length is not known. */
  private takeGeneralPath(head: ParsedHead | undefined): void {
    this.partial = undefined;
    this.room.release();
    const length = head ? head.headBytes + head.bodyBytes : Infinity;
    const stream = this.keptStream?.canBegin ? this.keptStream : this.makeStream();
    stream.begin(length);
    this.general = stream;
    const bytes = this.received;
    this.received = EMPTY;
    this.feed(bytes);
  }

  private makeStream(): GeneralPathStream {
    this.keptStream = new GeneralPathStream(this.socket, {
      onFree: () => this.leaveGeneralPath(),
      onRoom: () => this.feedRest(),
      onWanted: () => this.resumeIfEmpty(),
    });
    this.owner.serve(this.keptStream);
    return this.keptStream;
  }

  private feed(bytes: Buffer): void {
    this.activeAtMs = performance.now();
    const rest = this.general!.feed(bytes);
    if (rest.length === 0) return;
    // The next request waits for its turn.
    this.received = this.received.length === 0 ? rest : Buffer.concat([this.received, rest]);
    this.pieces = 1;
    this.socket.pause();
    this.feedRest();
  }

  /** There may be room for more of what has come. */
  private feedRest(): void {
    if (this.received.length > 0 && this.general?.takesMore) this.goOnLater();
  }

  private leaveGeneralPath(): void {
    this.general = undefined;
    this.activeAtMs = performance.now();
    if (this.socket.writableNeedDrain) this.isBlocked = true;
    else if (this.received.length === 0) this.readOn();
    // A client may send hundreds of requests at once, and each takes many times what the fast path needs.
    else this.goOnLater();
  }

  /** Goes on in the next turn of the event loop, unless the connection is over or blocked then. */
  private goOnLater(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    setImmediate(() => {
      this.isPaused = false;
      if (this.isOver || this.isBlocked || this.socket.destroyed) return;
      if (!this.general) this.readOn();
      else if (this.general.takesMore) this.feedReceived(this.general);
    });
  }

  private feedReceived(stream: GeneralPathStream): void {
    const bytes = this.received;
    this.received = EMPTY;
    this.feed(bytes);
    if (this.isHalfClosed && this.received.length === 0 && this.general === stream) stream.feedEnd();
  }

  /** Node's server wants more; what has come already is next. */
  private resumeIfEmpty(): void {
    if (this.received.length === 0 && this.socket.isPaused()) this.socket.resume();
  }

  /** A client that closes its side has its answer first, if it is still there. Half a request is Node's error, in Node's words. */
  private readonly onEnd = (): void => {
    this.isHalfClosed = true;
    if (this.general) return this.received.length > 0 ? undefined : this.general.feedEnd();
    if (this.exchange) return this.probe(this.exchange);
    if (this.isPaused) return;
    this.isOver = true;
    this.gone.abort();
    if (this.received.length > 0 && !this.exchange) return this.owner.refusePartial(this.socket);
    this.socket.end();
  };

  private probe(exchange: RawExchange): void {
    const write = (text: string) => void (this.socket.writable && this.socket.write(text, 'latin1'));
    probeHalfClosed(write, () => this.exchange === exchange && !this.isOver);
  }

  /** Nothing comes any more: what is there and no whole request never will be one. */
  private refuseRest(): void {
    if (this.exchange || this.general || this.isOver) return;
    this.isOver = true;
    if (this.received.length > 0) this.owner.refusePartial(this.socket);
    else endGently(this.socket);
  }

  private logPartial(head: ParsedHead): void {
    const client = this.owner.clientOf({ ...head, connection: this.facts });
    const requestId = requestIdFor(head.headers['x-request-id']);
    this.owner.log({ head, client, requestId, receivedAtMs: this.activeAtMs }, undefined);
  }

  private readonly onError = (): void => {
    this.socket.destroy();
  };

  private readonly onClose = (): void => {
    this.isOver = true;
    this.room.release();
    this.keptStream?.destroy();
    if (this.partial) this.logPartial(this.partial);
    this.gone.abort();
    this.owner.onClosed(this);
  };
}

function isCached(known: KnownHead): known is CachedHead {
  return known.call !== undefined;
}
