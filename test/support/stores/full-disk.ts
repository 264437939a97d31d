import fs from 'node:fs';
import promises from 'node:fs/promises';
import { Writable } from 'node:stream';

const { createWriteStream } = fs;
const { open } = promises;

/** What Node says of a disk that is full. */
function full(syscall: string): Error {
  const words = `ENOSPC: no space left on device, ${syscall}`;
  return Object.assign(new Error(words), { errno: -28, code: 'ENOSPC', syscall });
}

/**
 * Lets the disk below a folder take no more, until Jest restores its mocks: what is there stays and can be read and
 * deleted, folders and files can be begun, and writing them fails. (A file system of a few bytes needs rights that
 * tests do not have.)
 *
 * @param left  files that still fit.
 */
export function fillDisk(folder: string, left = 0): void {
  const isFull = (path: unknown) => String(path).startsWith(folder) && left-- <= 0;
  jest.spyOn(promises, 'open').mockImplementation(async (path, flags, mode) => {
    const handle = await open(path, flags, mode);
    if (flags !== 'r' && isFull(path)) handle.writeFile = () => Promise.reject(full('write'));
    return handle;
  });
  jest.spyOn(fs, 'createWriteStream').mockImplementation((path, options) => {
    if (!isFull(path)) return createWriteStream(path, options);
    fs.writeFileSync(path, '');
    return new Writable({ write: (_chunk, _encoding, done) => done(full('write')) }) as fs.WriteStream;
  });
}
