/** Longest time that a timer takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Waits for work, but no longer than a time. The work goes on.
 *
 * @param ms  Infinity for as long as it takes.
 * @returns whether the work has ended.
 * @throws what the work throws in time.
 */
export async function waitAtMost(work: Promise<unknown>, ms: number): Promise<boolean> {
  if (ms === Infinity) return work.then(() => true);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.min(Math.max(ms, 0), MAX_TIMER_MS));
  });
  try {
    return await Promise.race([work.then(() => true as const), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
