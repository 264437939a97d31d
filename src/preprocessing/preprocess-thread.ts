import { join } from 'node:path';

import { compiledFile } from '../lib/threads/compiled-file.js';
import { RequestThread } from '../lib/threads/request-thread.js';
import type { PreprocessRelease, PreprocessReply, PreprocessRequest } from './preprocess-messages.js';

/** A thread that decodes images and splits texts. */
export class PreprocessThread extends RequestThread<PreprocessRequest, PreprocessReply> {
  /** Runs that it has opened. */
  readonly openRuns = new Set<number>();
  /** Whether nobody waits any more for what it works on. */
  hasExpired = false;

  /** @param tellLost  called once, when it takes no more requests. */
  constructor(private readonly tellLost: (thread: PreprocessThread, cause: string) => void) {
    super(compiledFile(join(__dirname, 'worker', 'preprocess-worker.js')), { name: 'preprocessing' });
  }

  forget(run: number): void {
    if (this.openRuns.delete(run)) this.worker.postMessage({ kind: 'release', run } satisfies PreprocessRelease);
  }

  protected override onLost(cause: string): void {
    this.tellLost(this, cause);
  }

  protected override settle(reply: PreprocessReply | undefined): void {
    this.hasExpired = false;
    super.settle(reply);
  }
}
