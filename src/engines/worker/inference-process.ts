/**
 * Entry of an inference process. One thread computes, as in the server. The main thread passes messages on and stays
 * free, whatever native code does: it watches the memory, and ends the process when the server is gone.
 */
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';

import { toPayload, fromPayload } from './messages.js';
import type { Ready, Reply, Request } from './messages.js';
import { MemoryWatch } from './memory-watch.js';
import type { ProcessMessage, ProcessOptions } from './process-messages.js';

/** The kernel ends processes of the highest score first when memory runs out. */
const FIRST_TO_END = '1000';
/** Longest time for a last message to be written, milliseconds. */
const LAST_WORDS_MS = 200;
const LOWER_PRIORITY = 10;

const { workerFile, maxBytes, hasLowPriority } = JSON.parse(process.argv[2]!) as ProcessOptions;

endWithServer();
giveWay();
const watch = new MemoryWatch(maxBytes, (bytes) => endWith({ kind: 'too-large', bytes }));
const thread = new Worker(workerFile, { name: 'inference', workerData: { hasLowPriority } });
let failure: string | undefined;
/** A load that waits until its engine is there. */
let nextLoad: Request | undefined;

thread.on('message', (reply: Ready | Reply) => {
  if (reply.kind === 'prepared') return startLoad();
  if (reply.kind === 'ready') watch.markEmpty();
  watch.stop();
  tell({ kind: 'reply', reply, memory: watch.memory });
});
thread.on('error', (error: unknown) => {
  failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
});
thread.on('exit', (code) => endWith({ kind: 'lost', cause: failure ?? `the thread ended with exit code ${code}` }));

process.on('message', (request: Request) => {
  watch.start();
  if (request.kind === 'load') {
    nextLoad = request;
    watch.markEngine();
    thread.postMessage({ kind: 'prepare', format: request.request.format } satisfies Request);
  } else if (request.kind === 'predict') {
    // What came in one message lies in one buffer, which would be copied whole for each tensor.
    const { parts, transfer } = toPayload(fromPayload(request.inputs));
    thread.postMessage({ ...request, inputs: parts }, transfer);
  } else thread.postMessage(request);
});

/** What the libraries of the engine take is no part of what the model takes. */
function startLoad(): void {
  watch.setBaseline();
  thread.postMessage(nextLoad);
}

function tell(message: ProcessMessage, onSent?: () => void): void {
  process.send?.(message, undefined, undefined, onSent);
}

function endWith(message: ProcessMessage): void {
  tell(message, endNow);
  setTimeout(endNow, LAST_WORDS_MS);
}

/** Nothing gentler ends a process whose thread runs native code. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** The server ends this process. Signals to a whole group or from a terminal are meant for the server alone. */
function endWithServer(): void {
  process.on('disconnect', endNow);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
}

function giveWay(): void {
  try {
    // On Linux the thread that computes does it for itself, so that this one stays quick.
    if (process.platform !== 'linux') setPriority(hasLowPriority ? LOWER_PRIORITY : 0);
    else writeFileSync('/proc/self/oom_score_adj', FIRST_TO_END);
  } catch {
    // Optional: without it the process is one like any other.
  }
}
