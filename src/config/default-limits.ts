import type { MachineLimits } from './machine-limits.js';

/** More threads than this never paid. */
const MAX_THREADS = 9;
/** What a server process needs besides models: Node.js, the engines' code, tensors and bodies on their way. */
const PROCESS_BYTES = 256 * 1024 * 1024;
/** Part of all memory that stays free for what models need while they compute, and for others. */
const RESERVE_SHARE = 1 / 8;
/** Even on the smallest machine models get this part. */
const LEAST_PART = 1 / 2;

/** Threads that compute in each server process: one more than its share of the processors. */
export function defaultThreads({ cpuCount }: MachineLimits, workers: number): number {
  return Math.min(MAX_THREADS, Math.max(1, Math.round(cpuCount / workers)) + 1);
}

/** Bytes that the models of all server processes may take: the memory there is, less a reserve. */
export function defaultModelMemory({ memoryBytes }: MachineLimits, workers: number): number {
  const reserveBytes = workers * PROCESS_BYTES + memoryBytes * RESERVE_SHARE;
  return Math.floor(Math.max(memoryBytes * LEAST_PART, memoryBytes - reserveBytes));
}
