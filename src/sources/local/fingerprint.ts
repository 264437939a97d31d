import { lstat, readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Begins the fingerprint of a folder that cannot be read; a file's line begins with its name. */
const UNREADABLE = '/ ';

/**
 * Fingerprint of a folder's files: names, sizes, times of change. Two equal ones mean that nothing was written in
 * between, as far as can be told without reading. An unreadable folder has a fingerprint too.
 *
 * @returns undefined when the folder or one of its files disappeared meanwhile.
 */
export async function fingerprintOf(folder: string): Promise<string | undefined> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
    const lines = await Promise.all(files.map((file) => lineOf(file, folder)));
    return lines.sort().join('\n');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' && !(await isLink(folder)) ? undefined : `${UNREADABLE}${code}`;
  }
}

/** Whether this is the fingerprint of a folder that exists and cannot be read. */
export function isUnreadable(fingerprint: string | undefined): boolean {
  return fingerprint?.startsWith(UNREADABLE) ?? false;
}

function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (info) => info.isSymbolicLink(),
    () => false,
  );
}

/** Includes the time of the last change of any kind: copying with the old date changes it too. */
async function lineOf(file: string, folder: string): Promise<string> {
  const info = await stat(file, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    // A dangling link has a fingerprint too; `readRun` reports it.
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const identity = info ? `${info.size} ${info.mtimeNs} ${info.ctimeNs} ${info.ino}` : 'nothing';
  return `${relative(folder, file)} ${identity}`;
}
