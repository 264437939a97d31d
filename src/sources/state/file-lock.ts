import { randomInt, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Times of a lock, milliseconds. */
export interface FileLockOptions {
  /** A lock that was not renewed for this long belongs to a process that has ended: it is taken over. */
  readonly staleMs?: number;
  /** How often the holder renews its lock; several times within `staleMs`. */
  readonly renewMs?: number;
  /** How long to wait for a lock that others hold. */
  readonly maxWaitMs?: number;
}

/** A lock that this process holds. */
export interface HeldLock {
  /** @throws FileLockError ELOCKLOST when another process has taken the lock over, because this one stood still. */
  readonly requireHeld: () => Promise<void>;
}

/** The lock could not be had in time, or was lost. */
class FileLockError extends Error {
  constructor(
    readonly code: 'ELOCKED' | 'ELOCKLOST',
    message: string,
  ) {
    super(message);
    this.name = 'FileLockError';
  }
}

const DEFAULTS = { staleMs: 5_000, renewMs: 1_000, maxWaitMs: 30_000 } as const;
const MAX_PAUSE_MS = 30;
/** Opening a pipe would wait for its writer. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
/** A lock holds a UUID. */
const MAX_TOKEN_BYTES = 1024;

/**
 * Runs `work` while no other process that locks the same file does. The lock is a file with a token of its holder that
 * only one process can create, which holds on shared folders too. The holder renews it as long as it works, and deletes
 * no lock but its own. Its age is measured by who waits, not by its date, because the clocks of machines differ.
 *
 * @param file  absolute; its folder must be there.
 * @throws FileLockError ELOCKED when others hold the lock for longer than `maxWaitMs`; else the error of the file system
 *   or of `work`.
 */
export async function withFileLock<T>(
  file: string,
  work: (lock: HeldLock) => Promise<T>,
  options: FileLockOptions = {},
): Promise<T> {
  const times = { ...DEFAULTS, ...options };
  const token = randomUUID();
  await acquire(file, token, times);
  const refreshTimer = setInterval(() => void renew(file, token), times.renewMs);
  try {
    return await work({ requireHeld: () => requireHeld(file, token) });
  } finally {
    clearInterval(refreshTimer);
    if ((await tokenIn(file)) === token) await rm(file, { force: true });
  }
}

async function acquire(file: string, token: string, { staleMs, maxWaitMs }: Required<FileLockOptions>): Promise<void> {
  const requestedAt = performance.now();
  let seen: string | undefined;
  let seenSince = requestedAt;
  while (!(await tryToCreate(file, token))) {
    const present = await identityOf(file);
    const now = performance.now();
    if (present !== seen) {
      seen = present;
      seenSince = now;
    } else if (present !== undefined && now - seenSince > staleMs) {
      await removeStale(file, present);
      continue;
    }
    if (now - requestedAt > maxWaitMs) {
      throw new FileLockError('ELOCKED', `Other processes hold the lock ${file} for longer than ${maxWaitMs} ms.`);
    }
    await sleep(randomInt(1, MAX_PAUSE_MS));
  }
}

async function tryToCreate(file: string, token: string): Promise<boolean> {
  const handle = await open(file, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return undefined;
    throw error;
  });
  if (!handle) return false;
  try {
    await handle.writeFile(token);
    return true;
  } catch (error) {
    // The disk is full: an empty lock would keep the others waiting.
    await rm(file, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** Shows those who wait that the holder is alive. What fails is tried again at the next renewal. */
async function renew(file: string, token: string): Promise<void> {
  try {
    const handle = await open(file, constants.O_RDWR | (constants.O_NONBLOCK ?? 0));
    try {
      const now = new Date();
      // Token and date are of the same file, whoever puts another one in its place meanwhile.
      if ((await readToken(handle)) === token) await handle.utimes(now, now);
    } finally {
      await handle.close();
    }
  } catch {
    // `requireHeld` tells whether the lock is lost.
  }
}

async function requireHeld(file: string, token: string): Promise<void> {
  if ((await tokenIn(file)) === token) return;
  throw new FileLockError('ELOCKLOST', `Another process has taken over the lock ${file}.`);
}

/**
 * Deletes a lock that nobody renews. Of several that wait only one finds it: it is renamed first, and what was renamed
 * by mistake, because another one has just created its own, is put back.
 */
async function removeStale(file: string, stale: string): Promise<void> {
  const aside = `${file}.${randomUUID()}.stale`;
  if ((await identityOf(file)) !== stale) return;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await identityOf(aside)) !== stale) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

/** What changes with each holder and each renewal; undefined when the lock went away meanwhile. */
async function identityOf(file: string): Promise<string | undefined> {
  try {
    // A file that is opened is asked for anew on a network file system; its date alone may be a remembered one.
    const handle = await open(file, READ);
    try {
      const { ino, mtimeNs } = await handle.stat({ bigint: true });
      return `${ino} ${mtimeNs} ${await readToken(handle)}`;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function tokenIn(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file, READ);
    try {
      return await readToken(handle);
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

/** Of a pipe or device that lies in its place, nothing is read, which would wait. */
async function readToken(handle: FileHandle): Promise<string | undefined> {
  const info = await handle.stat();
  return info.isFile() && info.size <= MAX_TOKEN_BYTES ? handle.readFile('utf8') : undefined;
}
