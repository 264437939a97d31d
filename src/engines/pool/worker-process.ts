import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

import type { Ready, Reply } from '../worker/messages.js';
import type { ProcessMemory, ProcessMessage, ProcessOptions } from '../worker/process-messages.js';
import { inferenceProcessFile } from '../worker/worker-file.js';
import { PoolWorker } from './pool-worker.js';
import type { ThreadListener, WorkerRequest } from './pool-worker.js';

const MIB = 1024 * 1024;
/** Least limit of the JavaScript heap, MiB. */
const MIN_HEAP_MIB = 128;

/** How a process ended. */
export type ProcessEnd =
  /** The server ended it, because of the cause. */
  | { readonly kind: 'ended'; readonly cause: string }
  | { readonly kind: 'too-large'; readonly bytes: number }
  /** By itself or by somebody else. */
  | { readonly kind: 'died'; readonly cause: string; readonly signal: NodeJS.Signals | null };

/** What a process tells besides its replies. */
export interface ProcessListener {
  onReply(reply: Ready | Reply, memory: ProcessMemory): void;
  /** Called once, when it is lost. */
  onEnd(end: ProcessEnd): void;
}

/**
 * A process of its own that computes: `end` always ends it at once, whatever native code does, and what it takes of
 * memory is known and limited. It ends with this process, too.
 */
export class WorkerProcess extends PoolWorker {
  private readonly child: ChildProcess;
  private readonly gone: Promise<void>;

  private hasEnded = false;

  constructor(
    options: ProcessOptions,
    listener: ThreadListener,
    private readonly processListener: ProcessListener,
  ) {
    super(listener);
    this.child = fork(inferenceProcessFile(), [JSON.stringify(options)], {
      serialization: 'advanced',
      execArgv: [`--max-old-space-size=${heapMibOf(options.maxBytes)}`],
      // What native code writes must not get among the lines of the log.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.child.on('message', (message: ProcessMessage) => this.take(message));
    this.gone = goneOf(this.child).then((end) => {
      this.memory.releaseAll();
      this.lose(end, end.cause);
    });
  }

  /** Number of the process in the system; undefined when it could not be started. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  override async end(cause: string): Promise<void> {
    this.lose({ kind: 'ended', cause }, cause);
    this.child.kill('SIGKILL');
    await this.gone;
  }

  protected override post({ request }: WorkerRequest): void {
    // An error is told by the end of the process.
    this.child.send(request, () => undefined);
  }

  /** What a process sent before it heard that it is given up says nothing any more. */
  private take(message: ProcessMessage): void {
    if (this.hasEnded) return;
    switch (message.kind) {
      case 'reply':
        this.processListener.onReply(message.reply, message.memory);
        return this.receive(message.reply);
      case 'too-large':
        return this.lose(message, 'it took more memory than it may');
      case 'lost':
        return this.lose({ kind: 'died', cause: message.cause, signal: null }, message.cause);
    }
  }

  /** Only the first cause counts: what follows is its consequence. */
  private lose(end: ProcessEnd, cause: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.processListener.onEnd(end);
    this.markLost(cause);
  }
}

/** When a process is gone, and everything that it sent has arrived. */
function goneOf(child: ChildProcess): Promise<Extract<ProcessEnd, { readonly kind: 'died' }>> {
  return new Promise((resolve) => {
    child.once('error', (error) =>
      resolve({ kind: 'died', cause: `the process could not be started: ${error.message}`, signal: null }),
    );
    child.once('exit', (code, signal) => {
      const cause = `the process ended with ${signal ?? `exit code ${code}`}`;
      const end = { kind: 'died', cause, signal } as const;
      if (child.connected) child.once('disconnect', () => resolve(end));
      else resolve(end);
    });
  });
}

/** JavaScript needs little beside the engine, but for models that it computes itself. */
function heapMibOf(maxBytes: number): number {
  return Math.max(MIN_HEAP_MIB, Math.floor(maxBytes / MIB / 2));
}
