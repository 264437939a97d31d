import { waitAtMost } from '../wait-at-most.js';

/** Ends of threads that are awaited: a thread that runs native code ends after it, which may be never. */
const pending = new Set<Promise<unknown>>();

/**
 * Counts a thread as ending until it has ended. Whoever ends the process has to know: `process.exit` waits for such threads.
 *
 * @param end  of a thread that was told to end.
 * @returns the same.
 */
export function trackThreadEnd<T>(end: Promise<T>): Promise<T> {
  pending.add(end);
  const forget = () => void pending.delete(end);
  end.then(forget, forget);
  return end;
}

/** Threads that were told to end and have not ended yet. */
export function countEndingThreads(): number {
  return pending.size;
}

/**
 * Waits for the threads that were told to end.
 *
 * @returns whether all of them have ended within `timeoutMs`.
 */
export async function awaitThreadEnds(timeoutMs: number): Promise<boolean> {
  await waitAtMost(Promise.allSettled(pending), timeoutMs);
  return pending.size === 0;
}
