import { runInSlices } from './run-in-slices.js';

/** Maps a long list without blocking the event loop: it yields every few milliseconds. */
export function mapYielding<Item, Result>(items: readonly Item[], work: (item: Item) => Result): Promise<Result[]> {
  return runInSlices(mapSteps(items, work));
}

function* mapSteps<Item, Result>(items: readonly Item[], work: (item: Item) => Result): Generator<void, Result[]> {
  const results: Result[] = [];
  for (const item of items) {
    results.push(work(item));
    yield;
  }
  return results;
}
