import { Worker } from 'node:worker_threads';
import type { ResourceLimits } from 'node:worker_threads';

import { trackThreadEnd } from '../../lib/ending-threads.js';
import type { Ready, Reply, Request } from '../worker/messages.js';
import type { Limited, TimeLimit } from './deadline-timer.js';

/** A thread that ended, and why. */
export interface ThreadEnd {
  readonly kind: 'lost';
  readonly cause: string;
}

/** Gets the reply to a request, or the end of the thread. */
export type ReplyHandler = (reply: Reply | ThreadEnd) => void;

/** A request on its way to a thread. */
interface WorkerRequest {
  readonly request: Request;
  readonly transfer?: ArrayBuffer[];
  /**
   * Whether the thread may be terminated during the request. ONNX Runtime's addon throws an uncatchable error when its
   * thread is terminated, and the whole process dies.
   */
  readonly canTerminate: boolean;
  /** It may take long: see `ThreadScheduler`. */
  readonly isLong?: boolean;
  /** Until when there has to be a reply. */
  readonly limit?: TimeLimit;
}

/** Callbacks of a thread; each is called once at most. */
export interface ThreadListener {
  /** It takes requests from now on. */
  onReady(): void;
  /** The thread is lost; it may still be ending. */
  onLost(thread: WorkerThread, cause: string): void;
}

/** One inference thread: a request at a time, and one end. */
export class WorkerThread implements Limited {
  /** Numbers of the models this thread holds. */
  readonly models = new Set<number>();
  /** Models to release as soon as it is free. */
  readonly toRelease: { readonly model: number; readonly done: () => void }[] = [];

  /** Time limit of the present request. */
  limit: TimeLimit | undefined;
  /** Whether its priority was lowered, which Linux cannot undo. */
  isLowPriority = false;
  /** It works on something that may take long. */
  isLongCall = false;

  private readonly worker: Worker;
  private onReply: ReplyHandler | undefined;
  private isProtected = false;
  /** Set while the end of the thread waits for the present request. */
  private onProtectionEnd: (() => void) | undefined;
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
      this.endProtection();
      this.markLost(this.failure ?? `the thread ended with exit code ${code}`);
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
  send({ request, transfer, canTerminate, isLong = false, limit }: WorkerRequest, onReply: ReplyHandler): void {
    this.worker.postMessage(request, transfer);
    this.onReply = onReply;
    this.limit = limit;
    this.isLongCall = isLong;
    this.isProtected = !canTerminate;
  }

  /**
   * Ends the thread at once, with its present request.
   *
   * @returns when it is gone; a request that cannot be terminated delays that until it is done.
   */
  end(cause: string): Promise<void> {
    return trackThreadEnd(this.terminate(cause));
  }

  private async terminate(cause: string): Promise<void> {
    this.markLost(cause);
    this.worker.unref();
    if (this.isProtected) await new Promise<void>((resolve) => (this.onProtectionEnd = resolve));
    await this.worker.terminate();
  }

  private endProtection(): void {
    this.isProtected = false;
    this.onProtectionEnd?.();
  }

  private receive(reply: Ready | Reply): void {
    this.endProtection();
    if (this.state === 'lost') return;
    if (reply.kind === 'ready') {
      this.state = 'ready';
      this.started = true;
      this.listener.onReady();
      return;
    }
    this.settle(reply);
  }

  private markLost(cause: string): void {
    if (this.state === 'lost') return;
    this.state = 'lost';
    this.listener.onLost(this, cause);
    this.settle({ kind: 'lost', cause });
  }

  private settle(reply: Reply | ThreadEnd): void {
    const handler = this.onReply;
    this.onReply = this.limit = undefined;
    this.isLongCall = false;
    handler?.(reply);
  }
}
