import { Worker } from 'node:worker_threads';
import type { ResourceLimits } from 'node:worker_threads';

import { trackThreadEnd } from '../../lib/threads/ending-threads.js';
import type { Ready, Reply } from '../worker/messages.js';
import { PoolWorker } from './pool-worker.js';
import type { ThreadListener, WorkerRequest } from './pool-worker.js';

/** An inference thread of this process. */
export class WorkerThread extends PoolWorker {
  private readonly worker: Worker;
  private isProtected = false;
  /** Set while the end of the thread waits for the present request. */
  private onProtectionEnd: (() => void) | undefined;
  private failure: string | undefined;

  constructor(file: string, resourceLimits: ResourceLimits | undefined, listener: ThreadListener) {
    super(listener);
    this.worker = new Worker(file, { name: 'inference', resourceLimits });
    this.worker.on('message', (reply: Ready | Reply) => this.receive(reply));
    this.worker.on('messageerror', (error) => this.receive({ kind: 'failed', cause: String(error) }));
    this.worker.on('error', (error: unknown) => {
      this.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    this.worker.on('exit', (code) => {
      this.memory.releaseAll();
      this.endProtection();
      this.markLost(this.failure ?? `the thread ended with exit code ${code}`);
    });
  }

  /** As `PoolWorker.end`; a request that cannot be terminated delays that until it is done. */
  override end(cause: string): Promise<void> {
    return trackThreadEnd(this.terminate(cause));
  }

  protected override post({ request, transfer, canTerminate }: WorkerRequest): void {
    this.worker.postMessage(request, transfer);
    this.isProtected = !canTerminate;
  }

  protected override receive(reply: Ready | Reply): void {
    this.endProtection();
    super.receive(reply);
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
}
