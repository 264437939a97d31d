import { setTimeout as sleep } from 'node:timers/promises';

import { prepareEnd } from '../lib/before-end.js';
import { awaitThreadEnds } from '../lib/threads/ending-threads.js';
import { waitAtMost } from '../lib/wait-at-most.js';
import { flushLog } from '../logging/pino-logger.js';

/** Exit code of a process that SIGKILL ended, as shells and containers write it. */
const KILLED = 137;
/** How long threads that were told to end are waited for, milliseconds. */
const THREADS_TIMEOUT_MS = 1_000;
/** How long calls to the system are waited for, and how often they are looked at, milliseconds. */
const SYSTEM_CALLS_TIMEOUT_MS = 500;
const SYSTEM_CALLS_LOOK_MS = 10;
/** What Node calls files and names that it waits for. */
const SYSTEM_CALLS: ReadonlySet<string> = new Set([
  'FSReqCallback',
  'FSReqPromise',
  'FileHandleReadWrap',
  'FileHandleCloseReq',
  'GetAddrInfoReqWrap',
  'GetNameInfoReqWrap',
]);
/** How long the last output may take, milliseconds: its reader may have stopped. */
const OUTPUT_TIMEOUT_MS = 500;

/** Replaces the program of this process, which ends all its threads; from Node 22.15 on, not on Windows. */
type Execve = (file: string, args: readonly string[], environment: Readonly<Record<string, string>>) => void;

/**
 * Ends this process at once, whatever its threads do. `process.exit` waits for threads, and one that runs native code
 * cannot be ended; SIGKILL ends them all, but not in the first process of a container (PID 1), which the kernel spares
 * its own signals: there the program is replaced by one that exits, and where Node cannot do that it aborts.
 *
 * @param exitCode  as far as Node can give it: 137 for SIGKILL unless Node has `process.execve`, 134 or 139 for PID 1 then.
 */
export function killProcess(exitCode = KILLED): never {
  if (exitCode !== KILLED || process.pid === 1) replaceProgram(exitCode);
  process.kill(process.pid, 'SIGKILL');
  process.abort();
}

/** Exit codes of processes that a signal has ended: 128 and its number. */
const EXIT_CODES = { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 } as const;

/**
 * Ends this process as a signal does that nobody handles: at once, with its exit code (143 for SIGTERM, 130 for SIGINT, 129 for SIGHUP).
 */
export function endBySignal(signal: keyof typeof EXIT_CODES): never {
  process.removeAllListeners(signal);
  if (process.pid !== 1) process.kill(process.pid, signal);
  killProcess(EXIT_CODES[signal]);
}

/** The same after the last output, as far as its reader takes it. */
export async function endByForce(exitCode = KILLED): Promise<never> {
  await Promise.all([flushOutput(), prepareEnd(OUTPUT_TIMEOUT_MS)]);
  killProcess(exitCode);
}

/**
 * Ends this process with an exit code, after the last output. Threads that were told to end get a moment, as do calls to the
 * system; those that go on for longer, in native code or on a disk that hangs, are killed with the process, which changes the
 * exit code as `killProcess` says.
 */
export async function endProcess(exitCode: number): Promise<void> {
  process.exitCode = exitCode;
  await flushOutput();
  if (!(await awaitThreadEnds(THREADS_TIMEOUT_MS)) || !(await awaitSystemCalls())) killProcess(exitCode);
  process.exit(exitCode);
}

/**
 * `process.exit` waits for the threads of Node's own pool, and so for a disk or a name server that hangs.
 *
 * @returns whether all of their calls have returned in time.
 */
async function awaitSystemCalls(): Promise<boolean> {
  const endMs = performance.now() + SYSTEM_CALLS_TIMEOUT_MS;
  while (process.getActiveResourcesInfo().some((kind) => SYSTEM_CALLS.has(kind))) {
    if (performance.now() > endMs) return false;
    await sleep(SYSTEM_CALLS_LOOK_MS);
  }
  return true;
}

/** Where standard output is a pipe, `process.exit` would cut off what its reader has not taken yet. */
async function flushOutput(): Promise<void> {
  await flushLog(OUTPUT_TIMEOUT_MS);
  await waitAtMost(Promise.all([process.stdout, process.stderr].map(flush)), OUTPUT_TIMEOUT_MS);
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => (stream.writableLength === 0 ? resolve() : stream.write('', () => resolve())));
}

function replaceProgram(exitCode: number): void {
  const { execve } = process as unknown as { readonly execve?: Execve };
  try {
    execve?.call(process, '/bin/sh', ['sh', '-c', `exit ${exitCode}`], {});
  } catch {
    // Windows, or no shell: the other ways follow.
  }
}
