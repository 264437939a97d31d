import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { compiledFile } from '../../lib/threads/compiled-file.js';
import type { FileReply } from './file-messages.js';
import type { FileTask, FileTaskResults } from './file-tasks.js';

/** How a task is run. */
export interface TaskOptions {
  /** Longest time of the task itself, without its wait, milliseconds. */
  readonly timeoutMs: number;
  /** Stops it. */
  readonly signal?: AbortSignal | undefined;
  /** Told the bytes read so far when it asks. */
  readonly progress?: TaskProgress | undefined;
}

/** How far a task is. */
export class TaskProgress {
  readonly shared = new SharedArrayBuffer(16);
  private readonly numbers = new BigInt64Array(this.shared);

  get bytes(): number {
    return Number(Atomics.load(this.numbers, 1));
  }

  stop(): void {
    Atomics.store(this.numbers, 0, 1n);
  }
}

/** An idle thread ends after this time, milliseconds: most stores need one at the start only. */
const IDLE_MS = 2_000;
/** How long a thread that was told to stop may take, milliseconds: then it hangs in the disk, and is left behind. */
const STOP_MS = 1_000;
/** Threads left behind at a time. */
const MAX_LEFT_BEHIND = 2;

interface Job {
  readonly task: FileTask;
  readonly options: TaskOptions;
  readonly progress: TaskProgress;
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Reads files apart from everything else: a digest of gigabytes or the text of a large document takes seconds in which
 * nothing else may wait. It reads synchronously, so that a disk that hangs holds only this thread, none of Node's pool.
 * One task at a time, in the order of the calls. The thread starts with the first task and ends when it is idle.
 */
export class FileThread {
  private readonly jobs: Job[] = [];
  private current: Job | undefined;
  private worker: Worker | undefined;
  private idle: NodeJS.Timeout | undefined;
  private leftBehind = 0;
  private isClosed = false;

  /** @throws NodeJS.ErrnoException of the file; ETIMEDOUT; AbortError. */
  run<Kind extends FileTask['kind']>(
    task: Extract<FileTask, { kind: Kind }>,
    options: TaskOptions,
  ): Promise<FileTaskResults[Kind]> {
    return new Promise((resolve, reject) => {
      const progress = options.progress ?? new TaskProgress();
      this.jobs.push({ task, options, progress, resolve, reject });
      this.next();
    });
  }

  /** Ends the thread; what waits is told that it was stopped. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.idle);
    for (const { reject } of this.jobs.splice(0)) reject(stopped());
    this.current?.progress.stop();
    this.current?.reject(stopped());
    this.worker?.unref();
    void this.worker?.terminate();
  }

  private next(): void {
    if (this.current) return;
    const job = this.jobs.shift();
    if (!job) return;
    if (this.isClosed || job.options.signal?.aborted) return this.skip(job, stopped());
    if (this.leftBehind >= MAX_LEFT_BEHIND) return this.skip(job, timedOut());
    this.current = job;
    this.start(job);
  }

  private skip(job: Job, error: Error): void {
    job.reject(error);
    this.next();
  }

  private start(job: Job): void {
    clearTimeout(this.idle);
    const worker = (this.worker ??= this.startWorker());
    // Whoever waits for it must not see the process end meanwhile.
    worker.ref();
    const { signal, timeoutMs } = job.options;
    const stop = (error: Error) => {
      job.progress.stop();
      job.reject(error);
      lastTimer ??= setTimeout(() => this.leave(worker, job), STOP_MS).unref();
    };
    let lastTimer: NodeJS.Timeout | undefined;
    const timer = setTimeout(() => stop(timedOut()), timeoutMs).unref();
    const onAbort = () => stop(stopped());
    signal?.addEventListener('abort', onAbort, { once: true });
    worker.once('message', (reply: FileReply) => {
      clearTimeout(timer);
      clearTimeout(lastTimer);
      signal?.removeEventListener('abort', onAbort);
      this.settle(job, reply);
    });
    worker.postMessage({ task: job.task, shared: job.progress.shared });
  }

  private settle(job: Job, reply: FileReply): void {
    if ('error' in reply) job.reject(Object.assign(new Error(reply.error.message), reply.error));
    else job.resolve(reply.result as never);
    if (this.current === job) this.free();
  }

  private free(): void {
    this.current = undefined;
    this.worker?.unref();
    if (this.isClosed) return;
    this.idle = setTimeout(() => this.endIdle(), IDLE_MS).unref();
    this.next();
  }

  private endIdle(): void {
    if (this.current) return;
    void this.worker?.terminate();
    this.worker = undefined;
  }

  private startWorker(): Worker {
    const worker = new Worker(compiledFile(join(__dirname, 'file-worker.js')), { name: 'files' });
    worker.on('error', (error) => this.lose(worker, error instanceof Error ? error : new Error(String(error))));
    return worker;
  }

  /** The thread is gone, for example because memory ran out: its task fails, the next one gets another thread. */
  private lose(worker: Worker, error: Error): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    this.current?.reject(Object.assign(error, { code: 'unknown' }));
    this.free();
  }

  /** It hangs in the disk. It ends by itself once the disk answers. */
  private leave(worker: Worker, job: Job): void {
    if (this.current !== job) return;
    this.leftBehind += 1;
    worker.once('exit', () => (this.leftBehind -= 1));
    worker.unref();
    void worker.terminate();
    this.worker = undefined;
    this.free();
  }
}

function timedOut(): Error {
  return Object.assign(new Error('the file was not read in time'), { code: 'ETIMEDOUT' });
}

function stopped(): Error {
  return new DOMException('stopped', 'AbortError');
}
