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

/** A request on its way to a thread. */
export interface Errand {
  readonly request: Request;
  readonly transfer?: ArrayBuffer[];
  /**
   * Whether the thread may be ended in the middle of it. ONNX Runtime's addon throws where nobody can catch it when
   * its thread ends under it, and the whole process dies.
   */
  readonly interruptible: boolean;
}

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
  /** Set while the thread must not be ended: to be called when it may. */
  private untouchable: { readonly over: Promise<void>; readonly end: () => void } | undefined;
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
    this.worker.on('messageerror', (error) => this.receive({ kind: 'failed', cause: String(error) }));
    this.worker.on('error', (error: unknown) => {
      this.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    this.worker.on('exit', (code) => {
      this.untouchable?.end();
      this.lose(this.failure ?? `the thread ended with exit code ${code}`);
    });
  }

  get isFree(): boolean {
    return this.state === 'ready' && !this.onReply;
  }

  /** Whether it ever could take a request. */
  get hasStarted(): boolean {
    return this.started;
  }

  /** Sends a request; only when the thread is free. */
  send({ request, transfer, interruptible }: Errand, onReply: ReplyHandler): void {
    this.worker.postMessage(request, transfer);
    this.onReply = onReply;
    if (!interruptible) this.protect();
  }

  /**
   * Gives the thread up at once, with the request it works on.
   *
   * @returns when it is gone; a request that cannot be interrupted delays that until it is done.
   */
  async end(cause: string): Promise<void> {
    this.lose(cause);
    this.worker.unref();
    await this.untouchable?.over;
    await this.worker.terminate();
  }

  private protect(): void {
    let end = () => {};
    const over = new Promise<void>((resolve) => (end = resolve));
    this.untouchable = { over, end };
  }

  private receive(reply: Ready | Reply): void {
    this.untouchable?.end();
    this.untouchable = undefined;
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
