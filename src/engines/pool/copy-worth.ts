import type { PoolModel } from './pool-model.js';

/** How many times sooner waiting rows must be computed for a large further copy to be made. */
const MIN_GAIN = 1.3;

/** Whether a further copy is made, and what it would have been where it is not. */
interface CopyWorth {
  readonly isWorth: boolean;
  /** Set when the calls so far speak against it. */
  readonly declined?: { readonly path: string; readonly gain: number; readonly bytes: number };
}

/**
 * Whether a further copy of a model gains enough for the memory it takes. Where every call costs nearly the same, because
 * it reads all weights from memory, those that wait share the next call instead. While too little is known they do, too.
 *
 * @param threads  that hold the model.
 */
export function worthOfCopy({ copies, queue, path }: PoolModel, threads: number): CopyWorth {
  if (threads === 0 || copies.areSmall) return { isWorth: true };
  const gain = queue.gainOfThread(threads);
  if (gain === undefined) return { isWorth: false };
  if (gain >= MIN_GAIN) return { isWorth: true };
  return { isWorth: false, declined: { path, gain: Number(gain.toFixed(2)), bytes: copies.copyBytes } };
}

/** Whether the card of a model allows a further copy beside those in `threads`; the session on the main thread is one, too. */
export function mayHaveCopy({ request, inline }: PoolModel, threads: number): boolean {
  return threads + (inline?.hasCopy ? 1 : 0) < (request.copies ?? Infinity);
}
