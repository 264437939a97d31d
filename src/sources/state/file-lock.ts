import { randomInt } from 'node:crypto';
import { open, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** A lock that did not change for this long belongs to a process that has ended. */
const STALE_MS = 5_000;
const MAX_PAUSE_MS = 30;

/**
 * Runs `work` while no other process that locks the same file does. The lock is a file that only one can create, which
 * holds on shared folders too. How old it is is measured here, not by its date: clocks differ.
 *
 * @throws when the lock file cannot be created for another reason than being there.
 */
export async function withFileLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  await acquire(file);
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function acquire(file: string): Promise<void> {
  let seen: string | undefined;
  let seenSince = performance.now();
  while (!(await tryToCreate(file))) {
    const present = await identityOf(file);
    if (present !== seen) {
      seen = present;
      seenSince = performance.now();
    } else if (performance.now() - seenSince > STALE_MS) {
      await rm(file, { force: true });
    }
    await sleep(randomInt(1, MAX_PAUSE_MS));
  }
}

async function tryToCreate(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** undefined when it went away meanwhile. */
async function identityOf(file: string): Promise<string | undefined> {
  const info = await stat(file, { bigint: true }).catch(() => undefined);
  return info && `${info.ino} ${info.ctimeNs}`;
}
