import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { runInSlices } from '../../lib/run-in-slices.js';
import type { EndpointAnswer, HttpEndpoint } from '../endpoint/http-endpoint.js';
import type { BodyBudget } from '../request/body-budget.js';
import type { LogRequest } from '../middleware/access-log.middleware.js';
import type { ClientFacts } from '../request/client-facts.js';
import type { RequestHead } from '../request/request-head.js';
import type { ConnectionReader } from '../server/drain-connections.js';
import { headerLines } from './answer-text.js';
import { GeneralPathStream } from './general-path-stream.js';
import { KnownHeads } from './known-heads.js';
import { RawConnection } from './raw-connection.js';
import type { ConnectionOwner, LoggedExchange } from './raw-connection.js';

/** How often slow and idle connections are looked for, milliseconds. */
const CHECK_MS = 500;
/** Origins whose headers are kept; pages of further ones are answered a little slower. */
const MAX_KEPT_ORIGINS = 100;

interface FastPathOptions {
  readonly endpoint: HttpEndpoint;
  /** Headers every answer carries, names and values in turn. */
  readonly commonHeaders: (origin: string | undefined, isHttps: boolean) => readonly string[];
  readonly clientOf: (head: RequestHead) => ClientFacts;
  /** Writes a line of the access log; absent when requests are not logged. */
  readonly log?: LogRequest;
  readonly bodyLimitBytes: number;
  /** Of all bodies, whoever reads them. */
  readonly bodies: BodyBudget;
}

/**
 * The fast path: a transport that reads requests of an endpoint from the bytes of a connection.
 *
 * Node's HTTP server makes a request and a response object for each request, both streams with their events: three times
 * the cost of everything bestrun does for a small prediction (docs/decisions/0006 has the figures). Here the request is
 * in the bytes that arrived and the answer is one write. New connections are read here first; whatever is not a plain
 * request of the endpoint goes to Node's server through a stream, one request at a time, so that a connection that
 * carries both kinds stays fast. Nothing here knows what is answered: that is the endpoint's. Deleting this folder and
 * the switch FAST_PATH takes it away.
 */
export class FastPath implements ConnectionOwner, ConnectionReader {
  readonly endpoint: HttpEndpoint;
  readonly bodyLimitBytes: number;
  readonly bodies: BodyBudget;
  readonly knownHeads = new KnownHeads();
  private readonly open = new Map<RawConnection, Socket>();
  /** By origin, apart for clients that use https and others. */
  private readonly commonHeaderLines = [new Map<string | undefined, string>(), new Map<string | undefined, string>()];
  private isEnding = false;
  private timer: NodeJS.Timeout | undefined;
  private isChecking = false;
  private readonly serveGenerally: (connection: unknown) => void;

  /** @param server  whose connections come here first from now on. */
  constructor(
    private readonly server: Server,
    private readonly options: FastPathOptions,
  ) {
    this.endpoint = options.endpoint;
    this.bodyLimitBytes = options.bodyLimitBytes;
    this.bodies = options.bodies;
    const [serve] = server.listeners('connection') as ((connection: unknown) => void)[];
    server.off('connection', serve!);
    this.serveGenerally = (connection) => serve!.call(server, connection);
    server.on('connection', (socket: Socket) => this.take(socket));
    server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      if ((socket as unknown) instanceof GeneralPathStream) {
        (socket as unknown as GeneralPathStream).watch(response.req, response);
      }
    });
    this.closeWith(server);
  }

  announceEnd(): void {
    this.isEnding = true;
  }

  endIdle(quietMs: number): ReadonlySet<Socket> {
    const latestMs = performance.now() - quietMs;
    for (const connection of [...this.open.keys()]) connection.endIfIdleSince(latestMs);
    return new Set(this.open.values());
  }

  /** Connections whose request is not answered yet. */
  get openRequests(): number {
    return [...this.open.keys()].filter(({ isAnswering }) => isAnswering).length;
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.open.size;
  }

  get keepAliveMs(): number {
    return this.server.keepAliveTimeout;
  }

  get idleMs(): number {
    return this.server.headersTimeout;
  }

  get isClosing(): boolean {
    return this.isEnding || !this.server.listening;
  }

  clientOf(head: RequestHead): ClientFacts {
    return this.options.clientOf(head);
  }

  commonHeaders(origin: string | undefined, isHttps: boolean): string {
    const byOrigin = this.commonHeaderLines[Number(isHttps)]!;
    const kept = byOrigin.get(origin);
    if (kept !== undefined) return kept;
    const lines = headerLines(this.options.commonHeaders(origin, isHttps));
    if (byOrigin.size < MAX_KEPT_ORIGINS) byOrigin.set(origin, lines);
    return lines;
  }

  serve(stream: GeneralPathStream): void {
    this.serveGenerally(stream);
  }

  log({ head: { method, url }, client, ...request }: LoggedExchange, answer: EndpointAnswer | undefined): void {
    const { log } = this.options;
    const path = url.split('?', 1)[0]!;
    const { requestId, receivedAtMs } = request;
    log?.({
      requestId,
      client: client.address,
      method,
      path,
      status: answer?.status,
      subject: answer?.subject,
      receivedAtMs,
    });
  }

  refusePartial(socket: Socket): void {
    const error = Object.assign(new Error('half a request'), { code: 'HPE_INVALID_EOF_STATE' });
    this.server.emit('clientError', error, socket);
  }

  onClosed(connection: RawConnection): void {
    this.open.delete(connection);
    if (this.open.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private take(socket: Socket): void {
    this.open.set(new RawConnection(socket, this), socket);
    this.timer ??= setInterval(() => this.checkTimes(), CHECK_MS).unref();
  }

  /** In slices: thousands of requests may have arrived slowly at the same time, and to give one away takes a millisecond. */
  private checkTimes(): void {
    if (this.isChecking) return;
    this.isChecking = true;
    void runInSlices(this.checks()).finally(() => (this.isChecking = false));
  }

  private *checks(): Generator<void, void> {
    const nowMs = performance.now();
    for (const connection of [...this.open.keys()]) {
      if (this.open.has(connection)) connection.checkTime(nowMs);
      yield;
    }
  }

  /** Node's `close()` ends idle connections it knows of by these two; they know of ours as well then. */
  private closeWith(server: Server): void {
    const closeIdle = server.closeIdleConnections.bind(server);
    server.closeIdleConnections = () => {
      for (const connection of [...this.open.keys()]) connection.endIfIdle();
      closeIdle();
    };
    const closeAll = server.closeAllConnections.bind(server);
    server.closeAllConnections = () => {
      for (const connection of [...this.open.keys()]) connection.destroy();
      closeAll();
    };
  }
}
