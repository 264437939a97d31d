import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { trackThreadEnd } from '../lib/ending-threads.js';
import type { PreprocessRelease, PreprocessReply, PreprocessRequest } from './preprocess-messages.js';

/** Called once with the reply to a request, or without one when the thread is lost. */
export type OnReply = (reply: PreprocessReply | undefined) => void;

/** A thread that decodes images and splits texts, one request at a time. It does not keep the process alive. */
export class PreprocessThread {
  /** Runs that it has opened. */
  readonly openRuns = new Set<number>();
  /** Whether nobody waits any more for what it works on. */
  isOverdue = false;

  private readonly worker = new Worker(workerFile(), { name: 'preprocessing' });
  private onReply: OnReply | undefined;
  private isLost = false;

  /** @param onLost  called once, when it takes no more requests. */
  constructor(private readonly onLost: (thread: PreprocessThread, cause: string) => void) {
    this.worker.unref();
    this.worker.on('message', (reply: PreprocessReply) => this.settle(reply));
    this.worker.on('error', (error: unknown) => this.lose(error instanceof Error ? error.message : String(error)));
    this.worker.on('exit', (code) => this.lose(`the thread ended with exit code ${code}`));
  }

  get isIdle(): boolean {
    return this.onReply === undefined;
  }

  /** Only when it is idle. */
  send(request: PreprocessRequest, onReply: OnReply): void {
    this.onReply = onReply;
    this.worker.postMessage(request);
  }

  forget(run: number): void {
    if (this.openRuns.delete(run)) this.worker.postMessage({ kind: 'release', run } satisfies PreprocessRelease);
  }

  /** Ends it at once, with what it works on. */
  async end(cause: string): Promise<void> {
    this.lose(cause);
    await trackThreadEnd(this.worker.terminate());
  }

  private lose(cause: string): void {
    if (this.isLost) return;
    this.isLost = true;
    this.onLost(this, cause);
    this.settle(undefined);
  }

  private settle(reply: PreprocessReply | undefined): void {
    const { onReply } = this;
    this.onReply = undefined;
    this.isOverdue = false;
    onReply?.(reply);
  }
}

/** Threads cannot run TypeScript: under Jest the file is the one in dist/. */
function workerFile(): string {
  const name = join('worker', 'preprocess-worker.js');
  const compiled = join(__dirname, name);
  return existsSync(compiled) ? compiled : join(__dirname, '..', '..', 'dist', 'preprocessing', name);
}
