import type { Ready, Reply } from './messages.js';

/** What an inference process is started with; its one argument, as JSON. */
export interface ProcessOptions {
  /** Compiled file of its inference thread. */
  readonly workerFile: string;
  /** Most resident memory it may take, bytes: beyond that it ends itself. */
  readonly maxBytes: number;
  /** Whether others come first who want to compute. */
  readonly hasLowPriority: boolean;
}

/** Resident memory of an inference process, bytes. */
export interface ProcessMemory {
  /** Without any model: the process and the engines that it has loaded. */
  readonly emptyBytes: number;
  /** Before it began to load the last model, its engine being there. */
  readonly baselineBytes: number;
  /** Most since then. */
  readonly peakBytes: number;
  readonly presentBytes: number;
}

/** Message of an inference process to the server. Requests to it are those to an inference thread. */
export type ProcessMessage =
  | { readonly kind: 'reply'; readonly reply: Ready | Reply; readonly memory: ProcessMemory }
  /** It took more memory than it may, and ends itself now. */
  | { readonly kind: 'too-large'; readonly bytes: number }
  /** Its inference thread ended, and so does it. */
  | { readonly kind: 'lost'; readonly cause: string };
