import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Windows refuses to replace a file that another process has open at that moment, and says one of these. */
const IN_USE = new Set(['EPERM', 'EACCES', 'EBUSY']);
/** Pauses between the attempts to replace such a file, milliseconds. */
const RETRY_PAUSES_MS = [10, 20, 50, 100, 200];

/** End of the name of a file that is not whole yet. */
const DRAFT_END = '.tmp';

/** How a file is written. */
interface WriteOptions {
  /** Rights of the file; the process' own default unless set. */
  readonly mode?: number;
  /** Whether it must be on the disk afterwards, even if the machine stops: takes longer. */
  readonly mustSync?: boolean;
}

/**
 * Writes a file atomically: readers see the old text or the new one, never a part.
 *
 * @param file  absolute; its folder must exist.
 * @throws the error of the file system; no temporary file is left behind.
 */
export async function writeFileAtomic(
  file: string,
  text: string,
  { mode, mustSync }: WriteOptions = {},
): Promise<void> {
  const draft = `${file}.${randomUUID()}${DRAFT_END}`;
  try {
    const handle = await open(draft, 'wx', mode);
    try {
      await handle.writeFile(text);
      if (mustSync) await handle.sync();
    } finally {
      await handle.close();
    }
    await replace(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

/**
 * Deletes what processes have left behind that were killed while they wrote the file. For who is the only one to write it now.
 *
 * @param file  as it was given to `writeFileAtomic`.
 */
export async function removeDrafts(file: string): Promise<void> {
  const names = await readdir(dirname(file)).catch(() => []);
  const drafts = names.filter((name) => name.startsWith(`${basename(file)}.`) && name.endsWith(DRAFT_END));
  await Promise.all(drafts.map((name) => rm(join(dirname(file), name), { force: true }).catch(() => undefined)));
}

async function replace(draft: string, file: string): Promise<void> {
  const pauses = process.platform === 'win32' ? RETRY_PAUSES_MS : [];
  for (const pauseMs of pauses) {
    try {
      return await rename(draft, file);
    } catch (error) {
      if (!IN_USE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      await sleep(pauseMs);
    }
  }
  await rename(draft, file);
}
