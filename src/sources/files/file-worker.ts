import { parentPort } from 'node:worker_threads';

import { doFileTask } from './file-tasks.js';
import type { FileReply, FileRequest } from './file-messages.js';

/** The thread of `FileThread`: does one task after the other. */
parentPort!.on('message', ({ task, shared }: FileRequest) => {
  const progress = new BigInt64Array(shared);
  const watch = {
    onBytes: (bytes: number) => {
      Atomics.store(progress, 1, BigInt(bytes));
      return Atomics.load(progress, 0) !== 0n;
    },
  };
  let reply: FileReply;
  try {
    reply = { result: doFileTask(task, watch) };
  } catch (error) {
    const { code, size, message } = error as NodeJS.ErrnoException & { readonly size?: number };
    reply = { error: { code: typeof code === 'string' ? code : 'unknown', size, message } };
  }
  parentPort!.postMessage(reply);
});
