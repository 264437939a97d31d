import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { RunProblem } from '../../../domain/verdict.js';
import { sha256OfFile, sha256OfText } from '../../digests.js';
import { writeWhole } from '../../write-whole.js';

/** A file of a cached folder. */
export interface CachedFile {
  /** Relative to the folder, forward slashes. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What a cached folder must hold. */
interface Manifest {
  /** Name of the folder: the digest of its files' paths and contents. */
  readonly digest: string;
  readonly files: readonly CachedFile[];
}

/**
 * Folders of downloaded files, addressed by their content: `folders/{digest}`, and `keys/{digest of the key}.json` that
 * says which folder a key stands for. A folder appears whole or not at all, so that several processes may share the
 * cache; each time it is asked for, every file is checked against its SHA-256, and a damaged folder is fetched again.
 */
export class ArtifactCache {
  private readonly underWay = new Map<string, Promise<string>>();

  /** @param folder  absolute; made when needed. */
  constructor(private readonly folder: string) {}

  /**
   * The folder of a key, fetched when it is not here whole.
   *
   * @param key    names content that never changes.
   * @param fetch  fills an empty folder and says what it put there.
   * @returns its absolute path.
   * @throws RunProblem ARTIFACT_UNAVAILABLE when the cache cannot be written; what `fetch` throws.
   */
  folderOf(key: string, fetch: (into: string) => Promise<CachedFile[]>): Promise<string> {
    const known = this.underWay.get(key);
    if (known) return known;
    const found = this.findOrFetch(key, fetch).finally(() => this.underWay.delete(key));
    this.underWay.set(key, found);
    return found;
  }

  private async findOrFetch(key: string, fetch: (into: string) => Promise<CachedFile[]>): Promise<string> {
    const keyFile = join(this.folder, 'keys', `${sha256OfText(key)}.json`);
    const manifest = await readManifest(keyFile);
    const known = manifest && this.pathOf(manifest);
    if (known && (await isWhole(known, manifest.files))) return known;
    const incoming = join(this.folder, 'incoming', randomUUID());
    try {
      await writing(mkdir(incoming, { recursive: true, mode: 0o700 }));
      const files = await writing(fetch(incoming));
      const fetched: Manifest = { digest: sha256OfText(JSON.stringify(files)), files };
      await writing(this.install(incoming, fetched));
      await writing(mkdir(join(this.folder, 'keys'), { recursive: true, mode: 0o700 }));
      await writing(writeWhole(keyFile, JSON.stringify(fetched)));
      return this.pathOf(fetched);
    } finally {
      await rm(incoming, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  private pathOf({ digest }: Manifest): string {
    return join(this.folder, 'folders', digest);
  }

  /** Another process may have installed the same content meanwhile, or a damaged folder may lie in the way. */
  private async install(incoming: string, manifest: Manifest): Promise<void> {
    const target = this.pathOf(manifest);
    if (await isWhole(target, manifest.files)) return;
    await mkdir(join(this.folder, 'folders'), { recursive: true, mode: 0o700 });
    const aside = `${incoming}-damaged`;
    await rename(target, aside).catch(ignoreAbsent);
    await rm(aside, { recursive: true, force: true });
    await rename(incoming, target).catch(async (error: unknown) => {
      if (!(await isWhole(target, manifest.files))) throw error;
    });
  }
}

async function isWhole(folder: string, files: readonly CachedFile[]): Promise<boolean> {
  try {
    for (const { path, bytes, sha256 } of files) {
      const file = join(folder, path);
      if ((await stat(file)).size !== bytes) return false;
      if ((await sha256OfFile(file, bytes)) !== sha256) return false;
    }
    return true;
  } catch {
    return false;
  }
}

async function readManifest(file: string): Promise<Manifest | undefined> {
  try {
    const { digest, files } = JSON.parse(await readFile(file, 'utf8')) as Manifest;
    const isOurs = /^[0-9a-f]{64}$/.test(digest) && digest === sha256OfText(JSON.stringify(files));
    return isOurs ? { digest, files } : undefined;
  } catch {
    return undefined;
  }
}

/** Turns a fault of the file system into words; everything else passes. */
async function writing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    throw new RunProblem('ARTIFACT_UNAVAILABLE', `The cache for downloaded models cannot be written (${code}).`, {
      cause: error,
    });
  }
}

function ignoreAbsent(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
