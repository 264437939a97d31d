import type { BigIntStats } from 'node:fs';
import { join, relative } from 'node:path';

import { identityOf } from '../files/file-system.js';
import type { FileSystem } from '../files/file-system.js';
import { realPathWithin } from './run-folder.js';

/** Begins the fingerprint of a folder that cannot be read; a file's line begins with its name. */
const UNREADABLE = '/ ';
/** The fingerprint of a link that leads out of the store: what is behind it is not looked at. */
const OUTSIDE = '/outside';
/** Most files and folders of a run folder: all of them are looked at at each poll. */
const MAX_ENTRIES = 10_000;
/** `code` of a folder with more. */
export const TOO_MANY_FILES = 'TOO_MANY_FILES';

/**
 * Fingerprint of a folder's files: names, sizes, times of change. Two equal ones mean that nothing was written in
 * between, as far as can be told without reading. An unreadable folder has a fingerprint too, and so has a link that leads
 * out of the store.
 *
 * @param store  absolute folder of the store.
 * @returns undefined when the folder or one of its files disappeared meanwhile.
 */
export async function fingerprintOf(
  folder: string,
  store: string,
  fileSystem: FileSystem,
): Promise<string | undefined> {
  try {
    if ((await fileSystem.isLink(folder)) && (await realPathWithin(folder, store, fileSystem)) === undefined)
      return OUTSIDE;
    const lines: string[] = [];
    // One after the other: what hangs in one folder must not hang many times.
    for (const file of await filesBelow(folder, fileSystem)) lines.push(await lineOf(file, folder, fileSystem));
    return lines.sort().join('\n');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' && !(await fileSystem.isLink(folder)) ? undefined : unreadable(code);
  }
}

/** The fingerprint of a folder that cannot be read. */
export function unreadable(code = 'unknown'): string {
  return `${UNREADABLE}${code}`;
}

/** Whether this is the fingerprint of a folder that exists and cannot be read. */
export function isUnreadable(fingerprint: string | undefined): boolean {
  return fingerprint?.startsWith(UNREADABLE) ?? false;
}

async function filesBelow(folder: string, fileSystem: FileSystem): Promise<string[]> {
  const files: string[] = [];
  const folders = [folder];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    for (const entry of await fileSystem.entries(at)) {
      (entry.isDirectory() ? folders : files).push(join(at, entry.name));
      if (files.length + folders.length > MAX_ENTRIES) {
        throw Object.assign(new Error('too many files'), { code: TOO_MANY_FILES });
      }
    }
  }
  return files;
}

/** Includes the time of the last change of any kind: copying with the old date changes it too. */
async function lineOf(file: string, folder: string, fileSystem: FileSystem): Promise<string> {
  const info = await fileSystem.stat(file).catch((error: NodeJS.ErrnoException) => {
    // A dangling link has a fingerprint too; reading the run reports it.
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return fingerprintLine(relative(folder, file), info);
}

/** What a fingerprint says of one file. @param info  undefined when there is nothing behind a link. */
export function fingerprintLine(path: string, info: BigIntStats | undefined): string {
  return `${path} ${info ? identityOf(info) : 'nothing'}`;
}
