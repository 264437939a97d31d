import { readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';

import { RunError } from '../../domain/verdict.js';
import { sha256OfFile } from '../../lib/digest.js';

/** A run's folder: all access to its files goes through it and never leads out of it. */
export class RunFolder {
  private constructor(
    /** Absolute, links resolved. */
    readonly path: string,
  ) {}

  /**
   * @param store  absolute folder the run must lie in once links are followed.
   * @throws RunError ARTIFACT_OUTSIDE_RUN when it does not.
   */
  static async open(path: string, store: string): Promise<RunFolder> {
    const folder = await realpath(path);
    // Only a store that is a link, or lies behind one, needs a second check.
    if (isInside(folder, store) || isInside(folder, await realpath(store))) return new RunFolder(folder);
    throw new RunError('ARTIFACT_OUTSIDE_RUN', 'The run folder is a link that leads out of the store.');
  }

  /**
   * Absolute path of a file or folder inside.
   *
   * @throws RunError ARTIFACT_OUTSIDE_RUN for `..`, absolute paths and links that lead out; ARTIFACT_MISSING.
   */
  async resolve(relativePath: string): Promise<string> {
    const outside =
      isAbsolute(relativePath) || /^[a-z]:|\\|\0/i.test(relativePath) || relativePath.split('/').includes('..');
    if (outside) throw outsideError(relativePath);
    const real = await realpath(join(this.path, relativePath)).catch((error: unknown) => {
      throw new RunError('ARTIFACT_MISSING', `"${relativePath}" is not in the run folder.`, { cause: error });
    });
    if (!isInside(real, this.path)) throw outsideError(relativePath);
    return real;
  }

  /**
   * Checks that a file is there and has its digest.
   *
   * @param sha256  lower-case hex.
   * @throws RunError as `resolve`, or CHECKSUM_MISMATCH.
   */
  async verify(relativePath: string, sha256: string): Promise<void> {
    const actual = await this.digest(relativePath);
    if (actual === sha256) return;
    throw new RunError(
      'CHECKSUM_MISMATCH',
      `"${relativePath}" has the SHA-256 ${actual.slice(0, 12)}…, run.json says ${sha256.slice(0, 12)}….`,
    );
  }

  /**
   * SHA-256 of a file, lower-case hex.
   *
   * @throws RunError as `resolve`.
   */
  async digest(relativePath: string): Promise<string> {
    return digestOf(await this.resolve(relativePath), relativePath);
  }

  /** Lines of a text file, without the end of the last one. */
  async readLines(relativePath: string): Promise<string[]> {
    const text = await readFile(await this.resolve(relativePath), 'utf8');
    return text.replace(/\r?\n$/, '').split(/\r?\n/);
  }
}

/** Whether a path is a folder or below it; both absolute, links resolved. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

function outsideError(path: string): RunError {
  return new RunError('ARTIFACT_OUTSIDE_RUN', `"${path}" leads out of the run folder.`);
}

async function digestOf(file: string, displayPath: string): Promise<string> {
  const info = await stat(file);
  if (!info.isFile()) throw new RunError('ARTIFACT_MISSING', `"${displayPath}" is not a file.`);
  return sha256OfFile(file, info.size);
}
