import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { endGently } from './end-gently.js';

/** Steps in which a port is closed: new connections are taken and not read; none is taken any more. */
export type ClosingStep = 'held' | 'closed';

/** What else reads connections of the server, before Node does. */
export interface ConnectionReader {
  /** From now on answers say that their connection ends with them. */
  announceEnd(): void;
  /** Ends connections that serve no request and have been quiet for `quietMs`. @returns those that it reads. */
  endIdle(quietMs: number): ReadonlySet<Socket>;
}

/**
 * A connection counts as idle after this time without a request, milliseconds: one that was sent just before the client
 * could know of the stop is still answered.
 */
const QUIET_MS = 250;
/** Longest time in which waiting connections are taken before the port closes, milliseconds. */
const MAX_ACCEPT_MS = 1_000;

/** Lets the connections of a server end without losing a request. See `docs/operations.md` for the order of a stop. */
export class ConnectionDrain {
  private readonly sockets = new Map<Socket, { activeAtMs: number }>();
  private readonly responses = new Set<ServerResponse>();
  private acceptedConnections = 0;
  private hasStarted = false;

  /**
   * Watches the connections of `server` from now on.
   *
   * @param reader  reads connections before Node's server does; none when Node reads all of them.
   * @param closeInStep  called after each step; waits for others that take connections of the same port, and gives what
   *   was accepted meanwhile to `takeLate`.
   */
  constructor(
    private readonly server: Server,
    private readonly reader: ConnectionReader | undefined,
    private readonly closeInStep: (step: ClosingStep, takeLate: (socket: Socket) => void) => Promise<void> = () =>
      Promise.resolve(),
  ) {
    server.on('connection', (socket: Socket) => this.addConnection(socket));
    // Runs before Express' listener, while no answer has been sent.
    server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) =>
      this.addResponse(socket, response),
    );
  }

  /** Requests that are not answered yet, without those that the other reader reads. */
  get openRequests(): number {
    return this.responses.size;
  }

  /** From now on answers say that their connection ends with them. The port stays open. */
  announceEnd(): void {
    this.hasStarted = true;
    this.reader?.announceEnd();
    for (const response of this.responses) if (!response.headersSent) response.setHeader('Connection', 'close');
  }

  /**
   * Closes the port, answers what has arrived, and ends each connection when it has nothing more to answer.
   *
   * @returns when all connections have ended.
   */
  async drain(): Promise<void> {
    this.announceEnd();
    const readHeld = this.holdConnections();
    await this.acceptWaiting();
    const lateEnds: Promise<unknown>[] = [];
    const takeLate = (socket: Socket): void => {
      lateEnds.push(new Promise((resolve) => socket.once('close', resolve)));
      this.server.emit('connection', socket);
    };
    await this.closeInStep('held', takeLate);
    const closed = this.closePort();
    await this.closeInStep('closed', takeLate);
    readHeld();
    const timer = setInterval(() => this.endIdle(), QUIET_MS);
    // Node's server does not count those that came late.
    await Promise.all([closed, ...lateEnds]);
    clearInterval(timer);
  }

  /**
   * Takes new connections without reading them: clients that were answered over each of theirs would open the next one,
   * and there would always be one that the kernel holds.
   *
   * @returns what has them read.
   */
  private holdConnections(): () => void {
    const { server } = this;
    const emit = server.emit.bind(server) as (event: string | symbol, ...values: unknown[]) => boolean;
    const held: unknown[] = [];
    const hold = (event: string | symbol, ...values: unknown[]): boolean => {
      if (event !== 'connection') return emit(event, ...values);
      this.acceptedConnections += 1;
      return held.push(values[0]) > 0;
    };
    server.emit = hold as Server['emit'];
    return () => {
      server.emit = emit as Server['emit'];
      for (const socket of held) server.emit('connection', socket);
    };
  }

  /** Node takes one connection per turn. Those that the kernel holds when the port closes would be reset. */
  private async acceptWaiting(): Promise<void> {
    const endMs = performance.now() + MAX_ACCEPT_MS;
    let quietTurns = 0;
    while (quietTurns < 2 && performance.now() < endMs) {
      const before = this.acceptedConnections;
      await nextTurn();
      quietTurns = this.acceptedConnections === before ? quietTurns + 1 : 0;
    }
  }

  /** Not by `server.close()` of HTTP, which destroys idle connections at once. @returns when all connections have ended. */
  private closePort(): Promise<void> {
    return new Promise((resolve) => NetServer.prototype.close.call(this.server, () => resolve()));
  }

  private endIdle(): void {
    const others = this.reader?.endIdle(QUIET_MS);
    const active = new Set<Socket | null>([...this.responses].map(({ socket }) => socket));
    const latestMs = performance.now() - QUIET_MS;
    for (const [socket, { activeAtMs }] of this.sockets) {
      const isIdle = !active.has(socket) && !others?.has(socket) && activeAtMs <= latestMs;
      if (isIdle && socket.writable) endGently(socket);
    }
  }

  private addConnection(socket: Socket): void {
    this.acceptedConnections += 1;
    this.sockets.set(socket, { activeAtMs: performance.now() });
    socket.once('close', () => this.sockets.delete(socket));
  }

  private addResponse(socket: Socket, response: ServerResponse): void {
    this.responses.add(response);
    response.once('close', () => {
      this.responses.delete(response);
      const activity = this.sockets.get(socket);
      if (activity) activity.activeAtMs = performance.now();
    });
    if (this.hasStarted) response.setHeader('Connection', 'close');
  }
}
