import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { trackThreadEnd } from '../lib/ending-threads.js';
import type { PreprocessReply, PreprocessRequest } from './preprocess-messages.js';

/** Called once with the reply to a request, or without one when the thread is lost. */
export type OnReply = (reply: PreprocessReply | undefined) => void;

/** The thread that decodes images and splits texts. It does not keep the process alive. */
export class PreprocessThread {
  private readonly worker = new Worker(workerFile(), { name: 'preprocessing' });
  /** In the order in which the thread answers. */
  private readonly waiting = new Map<number, OnReply>();
  private isLost = false;

  /** @param onLost  called once, when it takes no more requests. */
  constructor(private readonly onLost: (cause: string) => void) {
    this.worker.unref();
    this.worker.on('message', (reply: PreprocessReply) => this.settle(reply.id, reply));
    this.worker.on('error', (error: unknown) => this.lose(error instanceof Error ? error.message : String(error)));
    this.worker.on('exit', (code) => this.lose(`the thread ended with exit code ${code}`));
  }

  send(request: PreprocessRequest, onReply: OnReply): void {
    if (this.isLost) return onReply(undefined);
    this.waiting.set(request.id, onReply);
    this.worker.postMessage(request);
  }

  /** Whether the thread works on this request, the oldest without a reply. */
  isWorkingOn(id: number): boolean {
    return this.waiting.keys().next().value === id;
  }

  /** Ends it at once, with what it works on. */
  async end(cause: string): Promise<void> {
    this.lose(cause);
    await trackThreadEnd(this.worker.terminate());
  }

  private lose(cause: string): void {
    if (this.isLost) return;
    this.isLost = true;
    this.onLost(cause);
    for (const id of [...this.waiting.keys()]) this.settle(id, undefined);
  }

  private settle(id: number, reply: PreprocessReply | undefined): void {
    const onReply = this.waiting.get(id);
    this.waiting.delete(id);
    onReply?.(reply);
  }
}

/** Threads cannot run TypeScript: under Jest the file is the one in dist/. */
function workerFile(): string {
  const name = join('worker', 'preprocess-worker.js');
  const compiled = join(__dirname, name);
  return existsSync(compiled) ? compiled : join(__dirname, '..', '..', 'dist', 'preprocessing', name);
}
