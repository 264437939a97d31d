import { AppError } from '../domain/app-error.js';
import { RunError } from '../domain/verdict.js';
import type { PreprocessReply, PreprocessResult, PreprocessStep } from './preprocess-messages.js';
import { OPEN_TIMEOUT_MS, PreprocessPool, PreprocessedRun } from './preprocess-pool.js';
import type { PreprocessJob } from './preprocess-pool.js';

/** Characters of texts and images that may be in work and wait unless said otherwise. */
const MAX_WAITING_CHARACTERS = 128 * 1024 * 1024;

/** Requests of one run that may wait unless said otherwise. */
const MAX_WAITING = 10_000;

const DEFAULT_THREADS = 2;

/** Until when a reply is wanted, and the words of the refusal. */
export interface Deadline {
  readonly remainingMs: number;
  /** What the caller allowed altogether. */
  readonly timeoutMs: number;
  /** Aborted when the caller has gone. */
  readonly signal?: AbortSignal | undefined;
}

/** What one run's texts and images go through. */
export interface OpenedPreprocessing {
  /**
   * @param texts  one list for each step, with one text for each row.
   * @returns one result for each step.
   * @throws AppError QUEUE_FULL, PREDICTION_TIMEOUT, PREDICTION_FAILED, WORKER_LOST, SHUTTING_DOWN; the reason of the
   *   signal when it aborted.
   */
  run(texts: readonly (readonly string[])[], deadline: Deadline): Promise<readonly PreprocessResult[]>;
  release(): void;
}

interface PreprocessorOptions {
  /** Most threads that work at the same time. */
  readonly threads?: number;
  /** Of all requests together; a single request may have more. */
  readonly maxWaitingCharacters?: number;
  /** Requests of one run that may wait. */
  readonly maxWaiting?: number;
  /** Called with the cause when a thread is lost; the next request starts another. */
  readonly onLost?: (cause: string) => void;
}

/**
 * Turns images and texts into tensors in threads of their own, of which the first starts with the first run that needs
 * it: decoding a photograph or splitting a long text takes tens of milliseconds, in which no other request would be
 * answered.
 */
export class Preprocessor {
  private readonly pool: PreprocessPool;
  private readonly maxWaitingCharacters: number;
  private readonly maxWaiting: number;
  private lastKey = 0;
  private waitingCharacters = 0;
  private isClosed = false;

  constructor(options: PreprocessorOptions = {}) {
    const { threads = DEFAULT_THREADS, onLost = () => undefined } = options;
    this.maxWaitingCharacters = options.maxWaitingCharacters ?? MAX_WAITING_CHARACTERS;
    this.maxWaiting = options.maxWaiting ?? MAX_WAITING;
    this.pool = new PreprocessPool({ threads, onLost: (cause) => void (this.isClosed || onLost(cause)) });
  }

  /**
   * Opens what a run needs: reads its tokenizers, loads the decoder of images.
   *
   * @param folder  of the run's files.
   * @throws RunError when something of the run cannot be used.
   */
  async open(folder: string, steps: readonly PreprocessStep[]): Promise<OpenedPreprocessing> {
    const run = new PreprocessedRun(++this.lastKey, folder, steps);
    // On Linux the main thread must hold the decoder before another thread loads it, or the process may end with that
    // thread (sharp's installation page, "Worker threads"). Where it does not load, the thread says so.
    if (steps.some(({ encoding }) => encoding.kind === 'image')) await import('sharp').catch(() => undefined);
    try {
      await this.ask(run, undefined, { remainingMs: OPEN_TIMEOUT_MS, timeoutMs: OPEN_TIMEOUT_MS });
    } catch (error) {
      this.pool.release(run);
      if (error instanceof RunError) throw error;
      throw new RunError('LOAD_FAILED', 'What the run needs for its texts or images could not be opened.', {
        cause: error,
      });
    }
    return { run: (texts, deadline) => this.run(run, texts, deadline), release: () => this.pool.release(run) };
  }

  /** Ends the threads for good. */
  close(): Promise<void> {
    this.isClosed = true;
    return this.pool.close('the server is shutting down');
  }

  /** Ends the threads at once; the next request starts another. */
  endThreads(cause: string): Promise<void> {
    return this.pool.endThreads(cause);
  }

  /** Called by Nest. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  private async run(
    run: PreprocessedRun,
    texts: readonly (readonly string[])[],
    deadline: Deadline,
  ): Promise<readonly PreprocessResult[]> {
    const characters = texts.reduce((sum, column) => column.reduce((own, text) => own + text.length, sum), 0);
    const isFull = this.waitingCharacters > 0 && this.waitingCharacters + characters > this.maxWaitingCharacters;
    if (isFull || run.waiting.size >= this.maxWaiting) throw new AppError('QUEUE_FULL', { retryAfterSeconds: 1 });
    this.waitingCharacters += characters;
    try {
      return await this.ask(run, texts, deadline);
    } catch (error) {
      // It was opened when the run was loaded: what is wrong with it now is no matter of the request.
      throw error instanceof RunError ? new AppError('PREDICTION_FAILED', {}, { cause: error }) : error;
    } finally {
      this.waitingCharacters -= characters;
    }
  }

  private ask(
    run: PreprocessedRun,
    texts: PreprocessJob['texts'],
    { remainingMs, timeoutMs, signal }: Deadline,
  ): Promise<readonly PreprocessResult[]> {
    if (this.isClosed) return Promise.reject(new AppError('SHUTTING_DOWN'));
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const job: PreprocessJob = {
        run,
        texts,
        onReply: (reply) => {
          end();
          if (reply?.kind === 'done') resolve(reply.results);
          else reject(this.isClosed ? new AppError('SHUTTING_DOWN') : toError(reply));
        },
      };
      const giveUp = (error: Error) => {
        end();
        this.pool.leave(job);
        reject(error);
      };
      const abort = () => giveUp(signal!.reason as Error);
      const timer = setTimeout(() => giveUp(new AppError('PREDICTION_TIMEOUT', { timeoutMs })), remainingMs);
      timer.unref();
      signal?.addEventListener('abort', abort, { once: true });
      this.pool.add(job);
    });
  }
}

function toError(reply: Exclude<PreprocessReply, { kind: 'done' }> | undefined): Error {
  if (!reply) return new AppError('WORKER_LOST');
  if (reply.kind === 'problem') return new RunError(reply.code, reply.message);
  return new AppError('PREDICTION_FAILED', {}, { cause: new Error(reply.cause) });
}
