import { setImmediate as nextTurn } from 'node:timers/promises';

/** Longest time that a list keeps requests waiting, milliseconds. */
const TURN_MS = 5;

/** Maps a long list without holding up the thread: every few milliseconds, whatever waits may run. */
export async function mapInTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Result,
): Promise<Result[]> {
  const results: Result[] = [];
  let began = performance.now();
  for (const item of items) {
    results.push(work(item));
    if (performance.now() - began < TURN_MS) continue;
    await nextTurn();
    began = performance.now();
  }
  return results;
}
