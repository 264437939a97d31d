import { lstat, readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Begins the fingerprint of a folder that cannot be looked at; a file's line begins with its name. */
const UNREADABLE = '/ ';

/**
 * What the file system says of a folder's files: names, sizes, times of change. Two equal ones mean that nothing was
 * written in between, as far as can be told without reading. That it cannot be looked at is a state as well.
 *
 * @returns undefined when the folder or one of its files went away meanwhile.
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

/** Whether this is the fingerprint of a folder that is there and cannot be looked at. */
export function isUnreadable(fingerprint: string | undefined): boolean {
  return fingerprint?.startsWith(UNREADABLE) ?? false;
}

function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (info) => info.isSymbolicLink(),
    () => false,
  );
}

/** With the time of the last change of any kind: a copy that keeps its old date changes that one all the same. */
async function lineOf(file: string, folder: string): Promise<string> {
  const info = await stat(file, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    // A link to nowhere is a state like any other, which `readRun` will complain about.
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const identity = info ? `${info.size} ${info.mtimeNs} ${info.ctimeNs} ${info.ino}` : 'nothing';
  return `${relative(folder, file)} ${identity}`;
}
