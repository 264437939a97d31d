import { waitAtMost } from './wait-at-most.js';

/** What has to be written before this process ends, even when it is told to end at once. */
const tasks = new Set<() => Promise<unknown>>();

/** Has `work` done before the process ends by a stop. @returns a function that takes it back. */
export function beforeEnd(work: () => Promise<unknown>): () => void {
  tasks.add(work);
  return () => void tasks.delete(work);
}

/** Does what has to be done before the end, for `timeoutMs` at most. */
export async function prepareEnd(timeoutMs: number): Promise<void> {
  if (tasks.size === 0) return;
  await waitAtMost(Promise.allSettled([...tasks].map((work) => work())), timeoutMs);
}
