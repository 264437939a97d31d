import { setImmediate as nextTurn } from 'node:timers/promises';

/** Size of a large body, bytes: reading and checking this much takes about as long as waiting for a turn. */
export const LARGE_BODY_BYTES = 65_536;

let lastTurn: Promise<unknown> = Promise.resolve();

/**
 * Waits until a large body may be read and checked: one per turn of the event loop, in the order of arrival. Otherwise
 * many that arrive together would be read in one turn, and `/health` and small requests would wait for all of them.
 *
 * @param bytes  length of the body.
 * @returns how long it waited, milliseconds; undefined when there is nothing to wait for.
 */
export function turnOfBody(bytes: number): Promise<number> | undefined {
  if (bytes < LARGE_BODY_BYTES) return undefined;
  const createdAt = performance.now();
  lastTurn = lastTurn.then(() => nextTurn());
  return lastTurn.then(() => performance.now() - createdAt);
}
