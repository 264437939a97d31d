import type { FileTask, FileTaskResults } from './file-tasks.js';

/** To the thread. `shared` has two 64-bit numbers: whether to stop, and the bytes that are read. */
export interface FileRequest {
  readonly task: FileTask;
  readonly shared: SharedArrayBuffer;
}

/** From the thread, one for each request, in their order. */
export type FileReply =
  | { readonly result: FileTaskResults[FileTask['kind']] }
  | { readonly error: { readonly code: string; readonly size: number | undefined; readonly message: string } };
