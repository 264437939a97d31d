import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';

import { controlGroupFolders, textOf } from './control-groups.js';

/** What this process may use of the machine. */
export interface MachineLimits {
  /** Memory of the machine, or of the control group (container) where that is less. */
  readonly memoryBytes: number;
  /** Whole processors that it may keep busy, at least 1: a quota of 1.5 counts as 2. */
  readonly cpuCount: number;
}

/** Where a control group says its limits, by version of cgroups. */
type LimitReader = (folder: string) => number | undefined;

/**
 * Reads the limits of the machine and, on Linux, of all control groups around this process. Node's own
 * `process.constrainedMemory()` looks at the innermost group alone and gives 2 to the 64 where that has no limit;
 * `availableParallelism()` of Node 20 knows affinities, but no quota.
 *
 * @param root  of the file system; for tests.
 */
export function readMachineLimits(root = '/'): MachineLimits {
  const memoryBytes = Math.min(totalmem(), ...limitsOf(root, 'memory', memoryOf));
  const cpuCount = Math.min(availableParallelism(), ...limitsOf(root, 'cpu', cpuCountOf).map(Math.ceil));
  return { memoryBytes, cpuCount: Math.max(1, cpuCount) };
}

/** The limits of every control group from the process' own up to the outermost that is visible here. */
function limitsOf(root: string, controller: string, read: LimitReader): number[] {
  return controlGroupFolders(controller, root).flatMap((folder) => read(folder) ?? []);
}

function memoryOf(folder: string): number | undefined {
  return numberIn(join(folder, 'memory.max')) ?? numberIn(join(folder, 'memory.limit_in_bytes'));
}

/** `cpu.max` is `quota period` or `max period`; version 1 has a file for each, and −1 where there is no quota. */
function cpuCountOf(folder: string): number | undefined {
  const [quota, period] = textOf(join(folder, 'cpu.max'))?.split(' ').map(Number) ?? [
    numberIn(join(folder, 'cpu.cfs_quota_us')),
    numberIn(join(folder, 'cpu.cfs_period_us')),
  ];
  const cpuList = (quota ?? NaN) / (period ?? NaN);
  return cpuList > 0 && Number.isFinite(cpuList) ? cpuList : undefined;
}

function numberIn(file: string): number | undefined {
  const value = Number(textOf(file) ?? NaN);
  return Number.isFinite(value) ? value : undefined;
}
