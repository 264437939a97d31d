import type { Ready, Reply, Request } from '../worker/messages.js';
import { HeldMemory } from '../memory/held-memory.js';
import type { Limited, TimeLimit } from './deadline-timer.js';

/** A worker that ended, and why. */
export interface ThreadEnd {
  readonly kind: 'lost';
  readonly cause: string;
}

/** Gets the reply to a request, or the end of the worker. */
export type ReplyHandler = (reply: Reply | ThreadEnd) => void;

/** A request on its way to a worker. */
export interface WorkerRequest {
  readonly request: Request;
  readonly transfer?: ArrayBuffer[];
  /**
   * Whether a thread may be terminated during the request. ONNX Runtime's addon throws an uncatchable error when its
   * thread is terminated, and the whole process dies.
   */
  readonly canTerminate: boolean;
  /** It may take long: see `ThreadScheduler`. */
  readonly isLong?: boolean;
  /** Until when there has to be a reply. */
  readonly limit?: TimeLimit;
}

/** Callbacks of a worker; each is called once at most. */
export interface ThreadListener {
  /** It takes requests from now on. */
  onReady(): void;
  /** The worker is lost; it may still be ending. */
  onLost(thread: PoolWorker, cause: string): void;
}

/**
 * What computes for a pool, seen from the main thread: a request at a time, and one end. How bytes get there and what
 * ends it is up to the kind: a thread of this process (`WorkerThread`), or a process of its own (`WorkerProcess`).
 */
export abstract class PoolWorker implements Limited {
  /** Numbers of the models it holds. */
  readonly models = new Set<number>();
  /** What its models have reserved, until it is gone: a thread that hangs keeps its memory. */
  readonly memory = new HeldMemory();
  /** Models to release as soon as it is free. */
  readonly toRelease: { readonly model: number; readonly done: () => void }[] = [];

  /** Time limit of the present request. */
  limit: TimeLimit | undefined;
  /** Whether its priority was lowered, which Linux cannot undo. */
  isLowPriority = false;
  /** It works on something that may take long. */
  isLongCall = false;

  private onReply: ReplyHandler | undefined;
  private state: 'starting' | 'ready' | 'lost' = 'starting';
  private started = false;

  constructor(private readonly listener: ThreadListener) {}

  get isFree(): boolean {
    return this.state === 'ready' && !this.onReply;
  }

  /** Whether it ever could take a request. */
  get hasStarted(): boolean {
    return this.started;
  }

  /** Sends a request; only when it is free. */
  send(request: WorkerRequest, onReply: ReplyHandler): void {
    this.post(request);
    this.onReply = onReply;
    this.limit = request.limit;
    this.isLongCall = request.isLong ?? false;
  }

  /**
   * Ends it at once, with its present request.
   *
   * @returns when it is gone.
   */
  abstract end(cause: string): Promise<void>;

  /** Hands a request over. @throws Error when it cannot be sent, e.g. because its memory was transferred before. */
  protected abstract post(request: WorkerRequest): void;

  /** To be called for each message of the worker. */
  protected receive(reply: Ready | Reply): void {
    if (this.state === 'lost') return;
    if (reply.kind === 'ready') {
      this.state = 'ready';
      this.started = true;
      this.listener.onReady();
      return;
    }
    this.settle(reply);
  }

  /** To be called when it ends, by whatever cause; only the first one counts. */
  protected markLost(cause: string): void {
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
