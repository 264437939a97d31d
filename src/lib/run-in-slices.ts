import { setImmediate as nextTurn } from 'node:timers/promises';

/** Longest time that a slice keeps requests waiting, milliseconds. */
const SLICE_MS = 5;

/**
 * Runs work that says where it may pause, without blocking the event loop: requests are answered in between.
 *
 * @param work  a generator that yields wherever it may pause.
 * @returns what the generator returns.
 */
export async function runInSlices<Result>(work: Generator<void, Result>): Promise<Result> {
  let startMs = performance.now();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() - startMs < SLICE_MS) continue;
    await nextTurn();
    startMs = performance.now();
  }
}
