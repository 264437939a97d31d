import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

/**
 * What the file system says of a folder's files: names, sizes, times of change. Two equal ones mean that nothing was
 * written in between, as far as can be told without reading.
 *
 * @returns undefined when the folder or one of its files went away meanwhile, or cannot be looked at.
 */
export async function fingerprintOf(folder: string): Promise<string | undefined> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
    const lines = await Promise.all(files.map((file) => lineOf(file, folder)));
    return lines.sort().join('\n');
  } catch {
    return undefined;
  }
}

/** With the time of the last change of any kind: a copy that keeps its old date changes that one all the same. */
async function lineOf(file: string, folder: string): Promise<string> {
  const info = await stat(file, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    // A link to nowhere is a state like any other, which `readRun` will complain about.
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const facts = info ? `${info.size} ${info.mtimeNs} ${info.ctimeNs} ${info.ino}` : 'nothing';
  return `${relative(folder, file)} ${facts}`;
}
