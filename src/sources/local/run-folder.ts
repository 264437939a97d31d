import { isAbsolute, join, sep } from 'node:path';

import { RunError } from '../../domain/verdict.js';
import { sha256OfFile } from '../../lib/digest.js';
import { Disk } from '../files/disk.js';
import type { FileSystem } from '../files/file-system.js';

/** A run's folder: all access to its files goes through it and never leads out of it. */
export class RunFolder {
  private constructor(
    /** Absolute, links resolved. */
    readonly path: string,
    private readonly place: string,
    private readonly disk: Disk,
  ) {}

  /**
   * @param store  absolute folder the run must lie in once links are followed.
   * @param disk  asked for everything, under `path`.
   * @throws RunError ARTIFACT_OUTSIDE_RUN when it does not; the error of the file system.
   */
  static async open(path: string, store: string, disk = new Disk()): Promise<RunFolder> {
    const folder = await disk.call(path, (fileSystem) => realPathWithin(path, store, fileSystem));
    if (folder !== undefined) return new RunFolder(folder, path, disk);
    throw new RunError('ARTIFACT_OUTSIDE_RUN', 'The run folder is a link that leads out of the store.');
  }

  /** A folder that is known to lie in the store. @param path  absolute, links resolved. @param place  asked for as. */
  static resolved(path: string, place: string, disk: Disk): RunFolder {
    return new RunFolder(path, place, disk);
  }

  /**
   * Absolute path of a file or folder inside.
   *
   * @throws RunError ARTIFACT_OUTSIDE_RUN for `..`, absolute paths and links that lead out; ARTIFACT_MISSING;
   *   DiskTimeoutError.
   */
  resolve(relativePath: string): Promise<string> {
    return this.disk.call(this.place, (fileSystem) => this.resolveIn(fileSystem, relativePath));
  }

  /**
   * Where a file is, and how large, without opening it.
   *
   * @returns its absolute path and its bytes.
   * @throws RunError as `resolve`, and ARTIFACT_MISSING for anything that is no file; DiskTimeoutError.
   */
  measure(relativePath: string): Promise<{ readonly file: string; readonly bytes: number }> {
    return this.disk.call(this.place, async (fileSystem) => {
      const file = await this.resolveIn(fileSystem, relativePath);
      const info = await fileSystem.stat(file);
      if (!info.isFile()) throw new RunError('ARTIFACT_MISSING', `"${relativePath}" is not a file.`);
      return { file, bytes: Number(info.size) };
    });
  }

  /**
   * Content of a file.
   *
   * @throws RunError as `resolve`; DiskTimeoutError; NodeJS.ErrnoException, also for one that is larger than `maxBytes`.
   */
  read(relativePath: string, maxBytes: number): Promise<Buffer> {
    return this.disk.call(this.place, async (fileSystem) =>
      fileSystem.readRegular(await this.resolveIn(fileSystem, relativePath), maxBytes),
    );
  }

  /**
   * Checks that a file is there and has its digest.
   *
   * @param sha256  lower-case hex.
   * @throws RunError as `measure`, or CHECKSUM_MISMATCH.
   */
  async verify(relativePath: string, sha256: string): Promise<void> {
    const actual = await this.digest(relativePath);
    if (actual !== sha256) throw digestError(relativePath, actual, sha256);
  }

  /**
   * SHA-256 of a file, lower-case hex.
   *
   * @throws RunError as `measure`.
   */
  async digest(relativePath: string): Promise<string> {
    const { file, bytes } = await this.measure(relativePath);
    return sha256OfFile(file, bytes);
  }

  private async resolveIn(fileSystem: FileSystem, relativePath: string): Promise<string> {
    if (isOutside(relativePath)) throw outsideError(relativePath);
    const real = await fileSystem.realpath(join(this.path, relativePath)).catch((error: unknown) => {
      throw new RunError('ARTIFACT_MISSING', `"${relativePath}" is not in the run folder.`, { cause: error });
    });
    if (!isInside(real, this.path)) throw outsideError(relativePath);
    return real;
  }
}

/** Whether a path, by its words, may lead out of the folder that it is relative to. */
export function isOutside(path: string): boolean {
  return isAbsolute(path) || /^[a-z]:|\\|\0/i.test(path) || path.split('/').includes('..');
}

/** Whether a path is a folder or below it; both absolute, links resolved. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

/**
 * Where a path leads.
 *
 * @param path, store  absolute.
 * @returns undefined when that is outside of the store.
 * @throws NodeJS.ErrnoException
 */
export async function realPathWithin(path: string, store: string, fileSystem: FileSystem): Promise<string | undefined> {
  const real = await fileSystem.realpath(path);
  // Only a store that is a link, or lies behind one, needs a second check.
  return isInside(real, store) || isInside(real, await fileSystem.realpath(store)) ? real : undefined;
}

/** The file is another than that of `run.json`. */
export function digestError(path: string, actual: string, expected: string): RunError {
  return new RunError(
    'CHECKSUM_MISMATCH',
    `"${path}" has the SHA-256 ${actual.slice(0, 12)}…, run.json says ${expected.slice(0, 12)}….`,
  );
}

/** Whether a file is what Git has in place of a large file until Git LFS fetches it. */
export function isLfsPointer(content: Buffer): boolean {
  return content.toString('latin1').startsWith('version https://git-lfs.github.com/spec/');
}

/** The file was never fetched: its digest is that of a pointer. */
export function lfsError(path: string): RunError {
  return new RunError('CHECKSUM_MISMATCH', `"${path}" is a pointer of Git LFS, and not the file itself.`, {
    fix: 'Fetch the files with git lfs pull, and copy the run again.',
  });
}

function outsideError(path: string): RunError {
  return new RunError('ARTIFACT_OUTSIDE_RUN', `"${path}" leads out of the run folder.`);
}
