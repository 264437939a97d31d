import { setTimeout as sleep } from 'node:timers/promises';

/** Between two looks, milliseconds: short beside what is waited for, long enough to leave the machine alone. */
const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 30;
/** A look often asks a server. What takes long is looked at less often: a wait becomes longer by a tenth at most. */
const PAUSE_SHARE = 0.1;

/**
 * Waits until a condition holds, looking again and again.
 *
 * @param timeoutMs  far more than it ever takes: it only ends tests that would wait for ever.
 * @throws Error with the condition's text when it does not hold in time.
 */
export async function until(isTrue: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const start = performance.now();
  while (!(await isTrue())) {
    const waitedMs = performance.now() - start;
    if (waitedMs > timeoutMs) throw new Error(`not true after ${timeoutMs} ms: ${isTrue.toString()}`);
    await sleep(Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, waitedMs * PAUSE_SHARE)));
  }
}
