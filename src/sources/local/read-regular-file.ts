import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** `code` of the error for something that is there and is no file. */
export const NOT_A_FILE = 'EISNOTFILE';

/**
 * Content of a regular file. Folders, pipes and devices are rejected: opening a pipe waits for a writer and would block
 * the poll of the store.
 *
 * @throws NodeJS.ErrnoException when there is none or it cannot be read; with the code NOT_A_FILE for anything else.
 */
export async function readRegularFile(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!(await file.stat()).isFile()) throw Object.assign(new Error('not a file'), { code: NOT_A_FILE });
    return await file.readFile();
  } finally {
    await file.close();
  }
}
