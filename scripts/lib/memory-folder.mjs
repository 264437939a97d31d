import { accessSync, constants, mkdtempSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

/** A file system in memory, which Linux has at this place. */
const MEMORY = '/dev/shm';
/** Tests need a tenth of it; the rest of the machine must not be driven into a corner. */
const LEAST_FREE_BYTES = 1024 ** 3;

/**
 * Makes a temporary folder in memory, so that tests do not wait for a disk each time a store is written. The caller
 * removes it.
 *
 * @returns {string | undefined} its absolute path; undefined where there is no file system in memory, or too little room
 *   in it.
 */
export function makeMemoryFolder() {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize < LEAST_FREE_BYTES ? undefined : mkdtempSync(join(MEMORY, 'bestrun-tests-'));
  } catch {
    return undefined;
  }
}
