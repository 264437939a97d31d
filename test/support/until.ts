import { setTimeout as sleep } from 'node:timers/promises';

/** Between two looks, milliseconds: short beside what is waited for, long enough to leave the machine alone. */
const PAUSE_MS = 5;

/**
 * Waits until a condition holds, looking again and again.
 *
 * @param timeoutMs  far more than it ever takes: it only ends tests that would wait for ever.
 * @throws Error with the condition's text when it does not hold in time.
 */
export async function until(isTrue: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`not true after ${timeoutMs} ms: ${isTrue.toString()}`);
    await sleep(PAUSE_MS);
  }
}
