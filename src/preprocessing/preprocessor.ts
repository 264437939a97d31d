import { AppError } from '../domain/app-error.js';
import { RunError } from '../domain/verdict.js';
import type { PreprocessReply, PreprocessResult, PreprocessStep } from './preprocess-messages.js';
import { PreprocessThread } from './preprocess-thread.js';

/** Characters of texts and images that may wait for the thread unless said otherwise. */
const MAX_WAITING_CHARACTERS = 128 * 1024 * 1024;

/** Time a request may take beyond its deadline before its thread is replaced, milliseconds. */
const HANG_GRACE_MS = 5_000;

/** Milliseconds to open what a run needs: a tokenizer of a quarter of a million tokens takes a second or two. */
const OPEN_TIMEOUT_MS = 60_000;

/** Until when a reply is wanted, and the words of the refusal. */
export interface Deadline {
  readonly remainingMs: number;
  /** What the caller allowed altogether. */
  readonly timeoutMs: number;
}

/** What one run's texts and images go through. */
export interface OpenedPreprocessing {
  /**
   * @param texts  one list for each step, with one text for each row.
   * @returns one result for each step.
   * @throws AppError QUEUE_FULL, PREDICTION_TIMEOUT, WORKER_LOST.
   */
  run(texts: readonly (readonly string[])[], deadline: Deadline): Promise<readonly PreprocessResult[]>;
  release(): void;
}

interface PreprocessorOptions {
  /** Of all requests together; a single request may have more. */
  readonly maxWaitingCharacters?: number;
  /** Called with the cause when the thread is lost; the next request starts another. */
  readonly onLost?: (cause: string) => void;
}

interface Opened {
  readonly folder: string;
  readonly steps: readonly PreprocessStep[];
  /** The thread that has it open; another one has to open it again. */
  thread: PreprocessThread | undefined;
}

/**
 * Turns images and texts into tensors in a thread of its own, which starts with the first run that needs it: decoding a
 * photograph or splitting a long text takes tens of milliseconds, in which no other request would be answered.
 */
export class Preprocessor {
  private readonly opened = new Map<number, Opened>();
  private thread: PreprocessThread | undefined;
  private lastId = 0;
  private waitingCharacters = 0;
  private isClosed = false;

  private readonly maxWaitingCharacters: number;
  private readonly onLost: (cause: string) => void;

  constructor({ maxWaitingCharacters = MAX_WAITING_CHARACTERS, onLost = () => undefined }: PreprocessorOptions = {}) {
    this.maxWaitingCharacters = maxWaitingCharacters;
    this.onLost = onLost;
  }

  /**
   * Opens what a run needs: reads its tokenizers, loads the decoder of images.
   *
   * @param folder  of the run's files.
   * @throws RunError when something of the run cannot be used.
   */
  async open(folder: string, steps: readonly PreprocessStep[]): Promise<OpenedPreprocessing> {
    const run = ++this.lastId;
    const opened: Opened = { folder, steps, thread: undefined };
    this.opened.set(run, opened);
    try {
      await this.ensureOpen(run, opened, OPEN_TIMEOUT_MS);
    } catch (error) {
      this.opened.delete(run);
      if (error instanceof RunError) throw error;
      throw new RunError('LOAD_FAILED', 'What the run needs for its texts or images could not be opened.', {
        cause: error,
      });
    }
    return { run: (texts, deadline) => this.run(run, texts, deadline), release: () => this.release(run) };
  }

  /** Ends the thread for good. */
  close(): Promise<void> {
    this.isClosed = true;
    return this.endThread('the server is shutting down');
  }

  /** Ends the thread at once; the next request starts another. */
  async endThread(cause: string): Promise<void> {
    await this.thread?.end(cause);
  }

  /** Called by Nest. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  private async run(
    run: number,
    texts: readonly (readonly string[])[],
    { remainingMs, timeoutMs }: Deadline,
  ): Promise<readonly PreprocessResult[]> {
    const characters = texts.flat().reduce((sum, text) => sum + text.length, 0);
    if (this.waitingCharacters > 0 && this.waitingCharacters + characters > this.maxWaitingCharacters) {
      throw new AppError('QUEUE_FULL', { retryAfterSeconds: 1 });
    }
    this.waitingCharacters += characters;
    try {
      const startMs = performance.now();
      const thread = await this.ensureOpen(run, this.opened.get(run)!, remainingMs);
      const id = ++this.lastId;
      const leftMs = remainingMs - (performance.now() - startMs);
      return await this.ask(thread, { kind: 'run', id, run, texts }, leftMs, timeoutMs);
    } finally {
      this.waitingCharacters -= characters;
    }
  }

  private release(run: number): void {
    const opened = this.opened.get(run);
    this.opened.delete(run);
    opened?.thread?.send({ kind: 'release', id: ++this.lastId, run }, () => undefined);
  }

  private async ensureOpen(run: number, opened: Opened, limitMs: number): Promise<PreprocessThread> {
    const { folder, steps } = opened;
    if (opened.thread && opened.thread === this.thread) return opened.thread;
    // On Linux the main thread must hold the decoder before another thread loads it, or the process may end with that
    // thread (sharp's installation page, "Worker threads"). Where it does not load, the thread says so.
    if (steps.some(({ encoding }) => encoding.kind === 'image')) await import('sharp').catch(() => undefined);
    const thread = this.thread ?? this.startThread();
    // Requests are answered in order: the next one may be sent right behind this one.
    opened.thread = thread;
    try {
      await this.ask(thread, { kind: 'open', id: ++this.lastId, run, folder, steps }, limitMs, limitMs);
      return thread;
    } catch (error) {
      opened.thread = undefined;
      throw error;
    }
  }

  private startThread(): PreprocessThread {
    const thread: PreprocessThread = new PreprocessThread((cause) => {
      if (this.thread === thread) this.thread = undefined;
      if (!this.isClosed) this.onLost(cause);
    });
    this.thread = thread;
    return thread;
  }

  private ask(
    thread: PreprocessThread,
    request: Parameters<PreprocessThread['send']>[0],
    limitMs: number,
    timeoutMs: number,
  ): Promise<readonly PreprocessResult[]> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new AppError('PREDICTION_TIMEOUT', { timeoutMs }));
        const endIfHung = () =>
          thread.isWorkingOn(request.id) && void thread.end('it worked on one request for too long');
        setTimeout(endIfHung, HANG_GRACE_MS).unref();
      }, limitMs);
      timer.unref();
      thread.send(request, (reply) => {
        clearTimeout(timer);
        if (reply?.kind === 'done') resolve(reply.results);
        else reject(toError(reply));
      });
    });
  }
}

function toError(reply: Exclude<PreprocessReply, { kind: 'done' }> | undefined): Error {
  if (!reply) return new AppError('WORKER_LOST');
  if (reply.kind === 'problem') return new RunError(reply.code, reply.message);
  return new AppError('PREDICTION_FAILED', {}, { cause: new Error(reply.cause) });
}
