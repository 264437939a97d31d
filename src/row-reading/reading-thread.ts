import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { ReadingReply, ReadingRequest } from './reading-messages.js';

/** Most memory that reading one body may take, MiB. */
const MAX_HEAP_MIB = 1_024;

/** One thread that reads bodies, a request at a time. It does not keep the process alive. */
export class ReadingThread {
  /** Numbers of the codecs it has, the one used last at the end. */
  readonly codecs = new Set<number>();
  private readonly worker = new Worker(workerFile(), {
    name: 'reading',
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB },
  });
  private onReply: ((reply: ReadingReply | undefined) => void) | undefined;
  private waitsFor = 0;
  private isLost = false;

  /** @param onLost  called once, when it takes no more requests. */
  constructor(private readonly onLost: (cause: string) => void) {
    this.worker.unref();
    this.worker.on('message', (reply: ReadingReply) => this.receive(reply));
    this.worker.on('messageerror', () => this.settle(undefined));
    this.worker.on('error', (error: unknown) => this.lose(error instanceof Error ? error.message : String(error)));
    this.worker.on('exit', (code) => this.lose(`the thread ended with exit code ${code}`));
  }

  get isFree(): boolean {
    return this.onReply === undefined && !this.isLost;
  }

  /** Sends something that has no reply of interest. */
  tell(message: ReadingRequest): void {
    this.worker.postMessage(message);
  }

  /** Sends a request; only when it is free. @param onReply  called once, without a reply when the thread is lost. */
  ask(request: ReadingRequest, onReply: (reply: ReadingReply | undefined) => void): void {
    this.waitsFor = request.id;
    this.onReply = onReply;
    this.worker.postMessage(request);
  }

  /** Ends it at once, with what it works on. */
  async end(cause: string): Promise<void> {
    this.lose(cause);
    await this.worker.terminate();
  }

  private receive(reply: ReadingReply): void {
    if (reply.id === this.waitsFor) this.settle(reply);
  }

  private lose(cause: string): void {
    if (this.isLost) return;
    this.isLost = true;
    this.onLost(cause);
    this.settle(undefined);
  }

  private settle(reply: ReadingReply | undefined): void {
    const { onReply } = this;
    this.onReply = undefined;
    onReply?.(reply);
  }
}

/** Threads cannot run TypeScript: under Jest the file is the one in dist/. */
function workerFile(): string {
  const name = join('worker', 'reading-worker.js');
  const compiled = join(__dirname, name);
  return existsSync(compiled) ? compiled : join(__dirname, '..', '..', 'dist', 'row-reading', name);
}
