import type { Worker } from 'node:cluster';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** A connection on its way to a server process. Node closes it here once that process has said that it took it. */
interface ConnectionHandle {
  close(...rest: unknown[]): void;
}

type Send = (message: unknown, handle?: unknown, ...rest: unknown[]) => boolean;

/** A process as Node's cluster talks to it. */
interface Child {
  send: Send;
  emit(event: string, message: unknown): boolean;
}

/** What Node sends with a connection; the process that takes it answers with the same number, whichever that is. */
interface Handover {
  readonly message: unknown;
  readonly handle: ConnectionHandle;
}

/** Turns of the event loop without a connection after which none waits: Node takes one per turn. */
const QUIET_TURNS = 3;

/**
 * The connections that the primary has accepted and handed to a server process that has not taken them yet. Node forgets
 * those of a process that is killed: their clients would wait until their own time limit, so another process gets them.
 */
export class HandedConnections {
  private readonly waiting = new Map<ConnectionHandle, { readonly worker: Worker; readonly handover: Handover }>();
  private readonly kept: { readonly handle: ConnectionHandle; readonly close: () => void }[] = [];
  private isActive = false;
  private count = 0;

  /**
   * Watches what is handed to a process from now on.
   *
   * @param findOther  a process that takes its connections when it has died; undefined when there is none.
   */
  watch(worker: Worker, findOther: () => Worker | undefined): void {
    const child = worker.process as unknown as Child;
    const send = child.send.bind(child);
    child.send = (message, handle, ...rest) => {
      if (!isHandover(message, handle)) return send(message, handle, ...rest);
      if (this.isActive) return this.keep(child, message as { readonly seq?: number }, handle);
      this.add(worker, { message, handle });
      return send(message, handle, ...rest);
    };
    worker.once('exit', () => this.passOn(worker, findOther));
  }

  /**
   * Waits until every connection that came is with a process that took it.
   *
   * @param timeoutMs  after which it waits no longer.
   */
  async quiet(timeoutMs: number): Promise<void> {
    const endMs = performance.now() + timeoutMs;
    let quietTurns = 0;
    while (quietTurns < QUIET_TURNS && performance.now() < endMs) {
      const before = this.count;
      await (this.waiting.size > 0 ? sleep(1) : nextTurn());
      quietTurns = this.count === before && this.waiting.size === 0 ? quietTurns + 1 : 0;
    }
  }

  /**
   * Keeps what comes from now on, while the processes close the port: they would take no connection any more, and Node
   * would drop it. Node is told that it was taken, so that it hands over the next one at once.
   */
  keepAll(): void {
    this.isActive = true;
  }

  /** Sends what was kept to processes that take it as `message`, in turn. */
  sendKept(workers: readonly Worker[], message: string): void {
    const alive = workers.filter((worker) => worker.isConnected());
    for (const [i, { handle, close }] of this.kept.splice(0).entries()) {
      const worker = alive[i % alive.length];
      if (worker) (worker.process as unknown as Child).send(message, handle, undefined, close);
      else close();
    }
  }

  private keep(child: Child, { seq }: { readonly seq?: number }, handle: ConnectionHandle): boolean {
    const close = handle.close.bind(handle);
    this.waiting.delete(handle);
    this.kept.push({ handle, close: () => close() });
    handle.close = () => undefined;
    return child.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack: seq, accepted: true });
  }

  private add(worker: Worker, handover: Handover): void {
    const { handle } = handover;
    if (!this.waiting.has(handle)) {
      const close = handle.close.bind(handle);
      handle.close = (...rest) => {
        this.waiting.delete(handle);
        close(...rest);
      };
    }
    this.count += 1;
    this.waiting.set(handle, { worker, handover });
  }

  private passOn(exited: Worker, findOther: () => Worker | undefined): void {
    for (const { worker, handover } of [...this.waiting.values()]) {
      if (worker !== exited) continue;
      const other = findOther();
      if (other) (other.process as unknown as { send: Send }).send(handover.message, handover.handle);
      else handover.handle.close();
    }
  }
}

function isHandover(message: unknown, handle: unknown): handle is ConnectionHandle {
  const { act } = (message ?? {}) as { readonly act?: string };
  return act === 'newconn' && typeof (handle as Partial<ConnectionHandle> | undefined)?.close === 'function';
}
