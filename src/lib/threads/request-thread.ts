import { Worker } from 'node:worker_threads';
import type { WorkerOptions } from 'node:worker_threads';

import { trackThreadEnd } from './ending-threads.js';

/** A thread that answers requests, one at a time. It does not keep the process alive. */
export abstract class RequestThread<Request, Reply> {
  protected readonly worker: Worker;
  private onReply: ((reply: Reply | undefined) => void) | undefined;
  private isLost = false;

  /** @param file  compiled. */
  constructor(file: string, options: WorkerOptions) {
    this.worker = new Worker(file, options);
    this.worker.unref();
    this.worker.on('message', (reply: Reply) => this.receive(reply));
    this.worker.on('error', (error: unknown) => this.lose(error instanceof Error ? error.message : String(error)));
    this.worker.on('exit', (code) => this.lose(`the thread ended with exit code ${code}`));
  }

  /** Whether it takes a request now. */
  get isFree(): boolean {
    return this.onReply === undefined && !this.isLost;
  }

  /** Sends a request; only when it is free. @param onReply  called once, without a reply when the thread is lost. */
  ask(request: Request, onReply: (reply: Reply | undefined) => void): void {
    this.onReply = onReply;
    this.worker.postMessage(request);
  }

  /** Ends it at once, with what it works on. */
  async end(cause: string): Promise<void> {
    this.lose(cause);
    await trackThreadEnd(this.worker.terminate());
  }

  /** Called once, when it takes no more requests. */
  protected abstract onLost(cause: string): void;

  /** Called for each message of the thread. */
  protected receive(reply: Reply): void {
    this.settle(reply);
  }

  protected settle(reply: Reply | undefined): void {
    const { onReply } = this;
    this.onReply = undefined;
    onReply?.(reply);
  }

  private lose(cause: string): void {
    if (this.isLost) return;
    this.isLost = true;
    this.onLost(cause);
    this.settle(undefined);
  }
}
