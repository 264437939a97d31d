import { setImmediate as nextTurn } from 'node:timers/promises';

/** Longest time that a list keeps requests waiting, milliseconds. */
const SLICE_MS = 5;

/** Maps a long list without blocking the event loop: it yields every few milliseconds. */
export async function mapYielding<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Result,
): Promise<Result[]> {
  const results: Result[] = [];
  let startMs = performance.now();
  for (const item of items) {
    results.push(work(item));
    if (performance.now() - startMs < SLICE_MS) continue;
    await nextTurn();
    startMs = performance.now();
  }
  return results;
}
