import { Worker } from 'node:worker_threads';
import type { ResourceLimits } from 'node:worker_threads';

import type { Ready, Reply, Request } from './messages.js';

/** A thread that ended, and why. */
export interface ThreadEnd {
  readonly kind: 'lost';
  readonly cause: string;
}

/** Gets the reply to a request, or the news that there will be none. */
export type ReplyHandler = (reply: Reply | ThreadEnd) => void;

/** What the keeper of a thread hears; each once at most. */
export interface ThreadListener {
  /** It takes requests from now on. */
  onReady(): void;
  /** It can no longer be used; it may still be ending. */
  onLost(thread: WorkerThread, cause: string): void;
}

/** One inference thread: a request at a time, and an end that is told exactly once. */
export class WorkerThread {
  /** Numbers of the models this thread holds. */
  readonly models = new Set<number>();
  /** Models it is to give back as soon as it is free. */
  readonly toRelease: { readonly model: number; readonly done: () => void }[] = [];

  private readonly worker: Worker;
  private onReply: ReplyHandler | undefined;
  private failure: string | undefined;
  private state: 'starting' | 'ready' | 'lost' = 'starting';
  private started = false;

  constructor(
    file: string,
    resourceLimits: ResourceLimits | undefined,
    private readonly listener: ThreadListener,
  ) {
    this.worker = new Worker(file, { name: 'inference', resourceLimits });
    this.worker.on('message', (reply: Ready | Reply) => this.receive(reply));
    this.worker.on('error', (error: unknown) => {
      this.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    this.worker.on('exit', (code) => this.lose(this.failure ?? `the thread ended with exit code ${code}`));
  }

  get isFree(): boolean {
    return this.state === 'ready' && !this.onReply;
  }

  /** Whether it ever could take a request. */
  get hasStarted(): boolean {
    return this.started;
  }

  /** Sends a request; only when the thread is free. */
  send(request: Request, transfer: ArrayBuffer[], onReply: ReplyHandler): void {
    this.worker.postMessage(request, transfer);
    this.onReply = onReply;
  }

  /**
   * Gives the thread up at once, with the request it works on.
   *
   * @returns when it is gone; native code that does not come back delays that without limit.
   */
  async end(cause: string): Promise<void> {
    this.lose(cause);
    this.worker.unref();
    await this.worker.terminate();
  }

  private receive(reply: Ready | Reply): void {
    if (this.state === 'lost') return;
    if (reply.kind === 'ready') {
      this.state = 'ready';
      this.started = true;
      this.listener.onReady();
      return;
    }
    const handler = this.onReply;
    this.onReply = undefined;
    handler?.(reply);
  }

  private lose(cause: string): void {
    if (this.state === 'lost') return;
    this.state = 'lost';
    const handler = this.onReply;
    this.onReply = undefined;
    this.listener.onLost(this, cause);
    handler?.({ kind: 'lost', cause });
  }
}
