import cluster from 'node:cluster';

import { endBySignal } from './end-process.js';
import { whenNpmEnds } from './npm-end.js';

/** A signal that asks the process to stop. */
export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** A second Ctrl-C that comes this long after the first one, milliseconds, is a person's who does not want to wait. */
const SECOND_SIGNAL_MS = 500;

/** What a stop does. Until something runs that has to be stopped well, it ends the process. */
let stop: (signal: StopSignal) => void = endBySignal;
let stoppedAtMs: number | undefined;

/**
 * Listens for SIGTERM, SIGINT and SIGHUP, which a terminal that is closed sends, from now on; the end of npm counts as SIGTERM where npm started the program. To be called
 * before anything else is loaded: the first process of a container ignores signals that it does not handle.
 */
export function listenForStop(): void {
  process.on('SIGTERM', receive);
  process.on('SIGINT', receive);
  process.on('SIGHUP', receive);
  if (cluster.isPrimary) whenNpmEnds(() => receive('SIGTERM'));
}

/** Replaces what the first signal does. Further ones do nothing, but for a second Ctrl-C, which ends at once. */
export function onStop(next: (signal: StopSignal) => void): void {
  stop = next;
}

function receive(signal: StopSignal): void {
  const nowMs = performance.now();
  if (stoppedAtMs === undefined) {
    stoppedAtMs = nowMs;
    stop(signal);
  } else if (signal === 'SIGINT' && nowMs - stoppedAtMs > SECOND_SIGNAL_MS) endBySignal(signal);
}
