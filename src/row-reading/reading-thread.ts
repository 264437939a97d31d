import { join } from 'node:path';

import { compiledFile } from '../lib/threads/compiled-file.js';
import { RequestThread } from '../lib/threads/request-thread.js';
import type { ReadingReply, ReadingRequest } from './reading-messages.js';

/** Most memory that reading one body may take, MiB. */
const MAX_HEAP_MIB = 1_024;

/** One thread that reads bodies. */
export class ReadingThread extends RequestThread<ReadingRequest, ReadingReply> {
  /** Numbers of the codecs it has, the one used last at the end. */
  readonly codecs = new Set<number>();
  private waitsFor = 0;

  /** @param tellLost  called once, when it takes no more requests. */
  constructor(private readonly tellLost: (cause: string) => void) {
    super(compiledFile(join(__dirname, 'worker', 'reading-worker.js')), {
      name: 'reading',
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB },
    });
    this.worker.on('messageerror', () => this.settle(undefined));
  }

  /** Sends something that has no reply of interest. */
  tell(message: ReadingRequest): void {
    this.worker.postMessage(message);
  }

  override ask(request: ReadingRequest, onReply: (reply: ReadingReply | undefined) => void): void {
    this.waitsFor = request.id;
    super.ask(request, onReply);
  }

  protected override onLost(cause: string): void {
    this.tellLost(cause);
  }

  protected override receive(reply: ReadingReply): void {
    if (reply.id === this.waitsFor) super.receive(reply);
  }
}
