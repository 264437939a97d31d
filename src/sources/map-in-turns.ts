import { setImmediate as nextTurn } from 'node:timers/promises';

/** Items that are mapped before requests that wait have their turn. */
const AT_ONCE = 100;

/** Maps a long list without holding up the thread: between a hundred items, whatever waits may run. */
export async function mapInTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Result,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    if (at > 0) await nextTurn();
    for (const item of items.slice(at, at + AT_ONCE)) results.push(work(item));
  }
  return results;
}
