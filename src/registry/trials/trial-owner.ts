import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

import type { TrialOwner } from '../../domain/model-state.js';

/** Place of the time of the start among what follows the name of a process in /proc/PID/stat. */
const START_TIME = 19;

/** This process. */
export function thisOwner(): TrialOwner {
  return { host: hostname(), pid: process.pid, started: startOf(process.pid) };
}

/**
 * Whether the process that began a trial is gone for certain: one of this host that is there no more, or whose number
 * another process has now. Of other hosts nothing is known.
 */
export function isGone({ host, pid, started }: TrialOwner): boolean {
  if (host !== hostname()) return false;
  return !exists(pid) || started !== startOf(pid);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process began, in ticks since the machine did; empty where the system does not say it like Linux. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_TIME] ?? '';
  } catch {
    return '';
  }
}
