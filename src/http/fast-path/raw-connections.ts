import type { Server } from 'node:http';
import type { Socket } from 'node:net';

import { PlainConnection } from './raw-connection.js';
import type { ConnectionKeeper } from './raw-connection.js';
import type { ShortWay } from './fast-path.js';

/** How often slow and idle connections are looked for, milliseconds. */
const CHECK_MS = 500;

/**
 * Connections read without Node's HTTP server, as long as they carry plain predictions only.
 *
 * Node's server makes a request and a response object for each request, both streams with their events: three times the
 * cost of everything bestrun does for a small prediction. A connection that only ever carries plain predictions needs
 * none of that: the request is in the bytes that arrived, the answer is one write. So each new connection is read here
 * first. A request whose head is one of those `readHead` takes, which has an answer of the short way, is answered at
 * once; the first byte of anything else gives the connection, with all bytes not answered yet, to Node's HTTP server,
 * which has it from then on. There is no second HTTP server here: this code answers 200 or nothing at all, and reads
 * nothing that can be read in two ways. (docs/decisions/0006-plain-connections.md has the figures.)
 */
export class PlainConnections implements ConnectionKeeper {
  private readonly open = new Map<PlainConnection, Socket>();
  private way: ShortWay | undefined;
  answerStart = '';
  private isDraining = false;
  private timer: NodeJS.Timeout | undefined;
  readonly giveToNode: (socket: Socket) => void;

  /** @param server  whose connections come here first from now on. */
  constructor(private readonly server: Server) {
    const [ordinary] = server.listeners('connection') as ((socket: Socket) => void)[];
    server.removeAllListeners('connection');
    this.giveToNode = (socket) => ordinary!.call(server, socket);
    server.on('connection', (socket: Socket) => this.take(socket));
    this.closeWith(server);
  }

  /** Answers plain requests of new connections from now on. */
  serve(way: ShortWay): void {
    this.way = way;
    const lines: string[] = [];
    for (let i = 0; i < way.headers.length; i += 2) lines.push(`${way.headers[i]}: ${way.headers[i + 1]}\r\n`);
    this.answerStart = `HTTP/1.1 200 OK\r\n${lines.join('')}`;
  }

  /**
   * Ends connections that serve no request, and the others with their answer.
   *
   * @returns the connections that go on for that long.
   */
  drain(): ReadonlySet<Socket> {
    this.isDraining = true;
    const busy = new Set<Socket>();
    for (const [connection, socket] of [...this.open]) {
      if (connection.isAnswering) busy.add(socket);
      else connection.endIfIdle();
    }
    return busy;
  }

  get keepAliveMs(): number {
    return this.server.keepAliveTimeout;
  }

  get isClosing(): boolean {
    return this.isDraining || !this.server.listening;
  }

  refuseHalf(socket: Socket): void {
    const error = Object.assign(new Error('half a request'), { code: 'HPE_INVALID_EOF_STATE' });
    this.server.emit('clientError', error, socket);
  }

  onClosed(connection: PlainConnection): void {
    this.open.delete(connection);
    if (this.open.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private take(socket: Socket): void {
    if (!this.way || this.isDraining) return this.giveToNode(socket);
    this.open.set(new PlainConnection(socket, this.way, this), socket);
    this.timer ??= setInterval(() => this.checkTimes(), CHECK_MS).unref();
  }

  private checkTimes(): void {
    const nowMs = performance.now();
    for (const connection of [...this.open.keys()]) connection.checkTime(nowMs);
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
