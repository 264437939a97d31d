import { setImmediate as nextTurn } from 'node:timers/promises';

/** Bodies from here on take turns, bytes: reading and checking this much takes about as long as waiting for a turn. */
export const LARGE_BODY_BYTES = 65_536;

let lastTurn: Promise<unknown> = Promise.resolve();

/**
 * The turn of a large body: of all that are there, one is read and checked per turn of the event loop, in the order of
 * their arrival. Many that arrive together would otherwise be worked off in one go, and keep `/health` and everybody's
 * small requests waiting for all of them instead of for one.
 *
 * @param bytes  length of the body.
 * @returns how long it waited, milliseconds; undefined when there is nothing to wait for.
 */
export function turnOfBody(bytes: number): Promise<number> | undefined {
  if (bytes < LARGE_BODY_BYTES) return undefined;
  const cameAt = performance.now();
  lastTurn = lastTurn.then(() => nextTurn());
  return lastTurn.then(() => performance.now() - cameAt);
}
