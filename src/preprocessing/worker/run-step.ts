import type { PreprocessResult } from '../preprocess-messages.js';

/**
 * What one encoding does with the texts of several rows.
 *
 * @param requireWanted  to be called between two rows; throws when nobody waits for them any more.
 */
export type RunStep = (texts: readonly string[], requireWanted?: () => void) => Promise<PreprocessResult>;

/** @throws when the main thread has set the first element. */
export function throwIfAbandoned(abandoned: Int32Array): void {
  if (Atomics.load(abandoned, 0) !== 0) throw new Error('nobody waits for it any more');
}
