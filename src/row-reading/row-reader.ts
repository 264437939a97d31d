import { setImmediate } from 'node:timers';

import { AppError } from '../domain/app-error.js';
import { ValidationError } from '../domain/validation-issue.js';
import { RemoteRows } from './remote-rows.js';
import type {
  BodyBounds,
  BodyForm,
  BodyOutline,
  ReadingReply,
  ReadingRequest,
  RowCodecSpec,
} from './reading-messages.js';
import { ReadingThread } from './reading-thread.js';
import { WaitingBodies } from './waiting-bodies.js';
import type { WaitingBody } from './waiting-bodies.js';

/** Bodies up to this are read on the main thread: handing them over would take as long, bytes. */
export const MAX_INLINE_BYTES = 256 * 1024;
/** A thread without work ends after this, and gives back the memory that large bodies took; milliseconds. */
const IDLE_MS = 30_000;
/** Time that one request may take before its thread is replaced, milliseconds. */
const MAX_READING_MS = 40_000;
/** Codecs that a thread keeps. */
const MAX_CODECS = 100;

/** Until when a reply is wanted, and by whom. */
export interface ReadingLimits {
  /** `performance.now()`. */
  readonly deadlineMs: number;
  /** What the caller allowed altogether, for the words of the refusal. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

interface RowReaderOptions {
  readonly threads?: number;
  /** Requests that may wait for a thread. */
  readonly maxWaiting?: number;
  /** Called with the cause when a thread is lost; the next request starts another. */
  readonly onLost?: (cause: string) => void;
}

/** A request that waits for a thread. */
interface Job extends WaitingBody {
  /** For its rows: undefined when the body is to be read first. */
  readonly spec: RowCodecSpec | undefined;
  readonly request: (codec: number) => ReadingRequest;
  readonly settle: (reply: ReadingReply | undefined) => void;
}

/**
 * Reads, checks and encodes the rows of large bodies in threads of its own: 10 MB of JSON take a second and more, in which
 * no other request would be answered. Only tensors come back, or what is wrong. The threads start with the first such
 * body, and end when there was none for a while. Short bodies go before long ones (`WaitingBodies`).
 */
export class RowReader {
  private readonly threads = new Map<ReadingThread, { body: number }>();
  /** For rows of bodies that a thread has in memory; they go first. */
  private readonly held: Job[] = [];
  private readonly waiting = new WaitingBodies<Job>();
  private readonly codecKeys = new WeakMap<RowCodecSpec, number>();
  private lastId = 0;
  private idleTimer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly options: RowReaderOptions = {}) {}

  /** A body whose rows are to be read in a thread. */
  open(bytes: Buffer, form: BodyForm): RemoteRows {
    const shared = new SharedArrayBuffer(bytes.length);
    new Uint8Array(shared).set(bytes);
    return new RemoteRows(this, { body: this.nextId(), bytes: shared, form });
  }

  /** What the body of rows says besides them. @throws ValidationError, AppError BODY_NOT_READABLE, QUEUE_FULL, PREDICTION_TIMEOUT, WORKER_LOST. */
  async outline(rows: RemoteRows, bounds: BodyBounds, limits: ReadingLimits): Promise<BodyOutline> {
    const { source } = rows;
    const request = (): ReadingRequest => ({ id: this.nextId(), kind: 'read', ...source, ...bounds });
    const job = { body: source.body, length: source.bytes.byteLength, spec: undefined, request };
    const reply = await this.ask(job, limits);
    return (reply as Extract<ReadingReply, { kind: 'outline' }>).outline;
  }

  /** A number that no other request has. */
  nextId(): number {
    return ++this.lastId;
  }

  /** Asks a thread. @throws what the reply says, AppError QUEUE_FULL, PREDICTION_TIMEOUT, WORKER_LOST, SHUTTING_DOWN. */
  async ask(job: Omit<Job, 'settle'>, { deadlineMs, timeoutMs, signal }: ReadingLimits): Promise<ReadingReply> {
    signal?.throwIfAborted();
    if (this.isClosed) throw new AppError('SHUTTING_DOWN');
    if (this.held.length + this.waiting.size >= (this.options.maxWaiting ?? 1_000))
      throw new AppError('QUEUE_FULL', { retryAfterSeconds: 1 });
    let own: Job | undefined;
    let onAbort = () => {};
    let timer: NodeJS.Timeout | undefined;
    try {
      const reply = await new Promise<ReadingReply | undefined>((resolve, reject) => {
        const leave = (reason: Error) => {
          this.leave(own!);
          reject(reason);
        };
        own = { ...job, settle: resolve };
        onAbort = () => leave(signal?.reason as Error);
        signal?.addEventListener('abort', onAbort, { once: true });
        const onTime = () => leave(new AppError('PREDICTION_TIMEOUT', { timeoutMs }));
        timer = setTimeout(onTime, Math.min(Math.max(0, deadlineMs - performance.now()), 2 ** 31 - 1));
        this.enqueue(own);
      });
      return resultOf(reply);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Called by Nest. */
  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.idleTimer);
    for (let job = this.takeNext(); job; job = this.takeNext()) job.settle(undefined);
    await Promise.all([...this.threads.keys()].map((thread) => thread.end('the server is shutting down')));
  }

  /** Rows of a body that a thread has just read go before bodies that are to be read: they take memory. */
  private enqueue(job: Job): void {
    const isHeld = job.spec !== undefined && [...this.threads.values()].some(({ body }) => body === job.body);
    if (isHeld) this.held.unshift(job);
    else this.waiting.add(job);
    this.dispatch();
  }

  private leave(job: Job): void {
    const index = this.held.indexOf(job);
    if (index >= 0) this.held.splice(index, 1);
    else this.waiting.remove(job);
  }

  private dispatch(): void {
    for (let next = this.next; next; next = this.next) {
      const thread = this.freeThread(next.body);
      if (!thread) return;
      this.start(thread, this.takeNext()!);
    }
  }

  private get next(): Job | undefined {
    return this.held[0] ?? this.waiting.next;
  }

  private takeNext(): Job | undefined {
    return this.held.shift() ?? this.waiting.take();
  }

  private freeThread(body: number): ReadingThread | undefined {
    const free = [...this.threads.keys()].filter((thread) => thread.isFree);
    const own = free.find((thread) => this.threads.get(thread)!.body === body);
    if (own ?? free[0]) return own ?? free[0];
    return this.threads.size < (this.options.threads ?? 1) ? this.startThread() : undefined;
  }

  private startThread(): ReadingThread {
    const thread: ReadingThread = new ReadingThread((cause) => {
      if (!this.threads.delete(thread) || this.isClosed) return;
      this.options.onLost?.(cause);
      setImmediate(() => this.dispatch());
    });
    this.threads.set(thread, { body: 0 });
    return thread;
  }

  private start(thread: ReadingThread, job: Job): void {
    clearTimeout(this.idleTimer);
    const request = job.request(job.spec ? this.giveCodec(thread, job.spec) : 0);
    if ('body' in request) this.threads.get(thread)!.body = request.body;
    const hang = setTimeout(() => void thread.end('it read one body for too long'), MAX_READING_MS).unref();
    thread.ask(request, (reply) => {
      clearTimeout(hang);
      job.settle(reply);
      // Who was answered may ask for the rows of the same body first, while the thread still has it.
      setImmediate(() => this.dispatch());
      this.endWhenIdle();
    });
  }

  /** Sends a codec that the thread does not have. */
  private giveCodec(thread: ReadingThread, spec: RowCodecSpec): number {
    const key = this.codecKeys.get(spec) ?? this.nextId();
    this.codecKeys.set(spec, key);
    if (!thread.codecs.delete(key)) thread.tell({ id: this.nextId(), kind: 'codec', codec: key, spec });
    thread.codecs.add(key);
    const [oldest] = thread.codecs;
    if (thread.codecs.size > MAX_CODECS && thread.codecs.delete(oldest!))
      thread.tell({ id: this.nextId(), kind: 'forget', codec: oldest! });
    return key;
  }

  private endWhenIdle(): void {
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => {
      for (const thread of [...this.threads.keys()]) {
        if (!thread.isFree) continue;
        this.threads.delete(thread);
        void thread.end('it had nothing to do');
      }
    }, IDLE_MS).unref();
  }
}

/** @throws what a reply says that is no result. */
function resultOf(reply: ReadingReply | undefined): ReadingReply {
  if (!reply) throw new AppError('WORKER_LOST');
  switch (reply.kind) {
    case 'issues':
      throw new ValidationError(reply.issues);
    case 'refused':
      throw new AppError(reply.code, reply.details);
    case 'failed':
      throw new AppError('INTERNAL_ERROR', {}, { cause: new Error(reply.cause) });
    default:
      return reply;
  }
}
