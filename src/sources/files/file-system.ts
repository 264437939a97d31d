import { constants } from 'node:fs';
import type { BigIntStats, Dirent } from 'node:fs';
import { lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** `code` of the error for something that is there and is no file. */
export const NOT_A_FILE = 'EISNOTFILE';
/** `code` of the error for a file that is larger than what is read; the size is its `size`, bytes. */
export const TOO_LARGE = 'EFBIG';

/** What stores need of a file system. Paths are absolute; errors are `NodeJS.ErrnoException`. */
export interface FileSystem {
  entries(folder: string): Promise<Dirent[]>;
  /** Of what a link leads to. */
  stat(path: string): Promise<BigIntStats>;
  isLink(path: string): Promise<boolean>;
  realpath(path: string): Promise<string>;
  /**
   * Content of a regular file. Looks at what it is and how large it is before opening it: a pipe would wait for a writer,
   * a device may act when it is opened, and a file without content on the disk may say that it has terabytes.
   *
   * @throws with the code NOT_A_FILE or TOO_LARGE.
   */
  readRegular(path: string, maxBytes: number): Promise<Buffer>;
}

export const NODE_FILE_SYSTEM: FileSystem = {
  entries: (folder) => readdir(folder, { withFileTypes: true }),
  stat: (path) => stat(path, { bigint: true }),
  isLink: (path) =>
    lstat(path).then(
      (info) => info.isSymbolicLink(),
      () => false,
    ),
  realpath: (path) => realpath(path),
  readRegular: readRegularFile,
};

/** @see FileSystem.readRegular */
export async function readRegularFile(path: string, maxBytes: number): Promise<Buffer> {
  requireRegular(await stat(path), maxBytes);
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    // Another thing may have taken its name meanwhile.
    requireRegular(await file.stat(), maxBytes);
    return await readAtMost(file, maxBytes);
  } finally {
    await file.close();
  }
}

/** @throws with the code NOT_A_FILE or TOO_LARGE. */
export function requireRegular(info: { isFile(): boolean; readonly size: number }, maxBytes: number): void {
  if (!info.isFile()) throw Object.assign(new Error('not a file'), { code: NOT_A_FILE });
  if (info.size > maxBytes) throw tooLarge(info.size);
}

/** A file that grows while it is read is read no further than the limit. */
async function readAtMost(file: FileHandle, maxBytes: number): Promise<Buffer> {
  const { size } = await file.stat();
  let bytes = Buffer.allocUnsafe(size + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) return bytes.subarray(0, length);
    length += bytesRead;
    if (length > maxBytes) throw tooLarge(length);
    if (length === bytes.length) bytes = Buffer.concat([bytes], bytes.length * 2);
  }
}

function tooLarge(size: number): Error {
  return Object.assign(new Error('too large'), { code: TOO_LARGE, size });
}

/** What changes when a file is written or replaced, as far as can be told without reading it. */
export function identityOf({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string {
  return `${size} ${mtimeNs} ${ctimeNs} ${ino}`;
}
