import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const BYTES_PER_KIB = 1024;

/** Process ids of the children of a process that still run. */
export function childrenOf(pid: number): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'ppid=,pid=,stat='], { encoding: 'utf8' });
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([parent, child, state]) => (Number(parent) === pid && !state!.startsWith('Z') ? [Number(child)] : []));
}

/** Whether a process is there and has not ended. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

/** Resident memory of a process, bytes. Linux only. */
export function residentBytes(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kib) * BYTES_PER_KIB;
}
