import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { RunError } from '../../../../domain/verdict.js';
import { sha256OfFile, sha256OfText } from '../../../../lib/digest.js';
import { writeFileAtomic } from '../../../../lib/write-file-atomic.js';
import { CacheEviction, markNeeded, readManifest } from './cache-eviction.js';
import type { CachedFile, Manifest } from './cache-eviction.js';

/** A folder that is here, until it is let go. */
interface FolderLease {
  /** Absolute. */
  readonly path: string;
  /** Releases the folder; it may be deleted when space is needed. */
  readonly release: () => void;
}

/**
 * Cache of downloaded folders, addressed by content: `folders/{digest}`, and `keys/{digest of the key}.json`, which
 * names the folder of a key. A folder is installed atomically, so that several processes may share the cache; at each
 * use every file is checked against its SHA-256, and a damaged folder is fetched again.
 */
export class ArtifactCache {
  private readonly pending = new Map<string, Promise<string>>();
  private readonly eviction: CacheEviction;

  /**
   * @param folder     absolute; created when needed.
   * @param maxBytes  limit of all folders; folders used within a day stay anyway.
   */
  constructor(
    private readonly folder: string,
    maxBytes: number,
  ) {
    this.eviction = new CacheEviction(folder, maxBytes);
  }

  /**
   * The folder of a key, fetched unless it is complete here.
   *
   * @param key     names content that never changes.
   * @param fetch  fills an empty folder and lists its files.
   * @throws RunError ARTIFACT_UNAVAILABLE when the cache cannot be written; what `fetch` throws.
   */
  async folderOf(key: string, fetch: (into: string) => Promise<CachedFile[]>): Promise<FolderLease> {
    const release = this.eviction.retain(this.keyFileOf(key));
    try {
      return { path: await this.pathOfKey(key, fetch), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Renews the time stamps of retained folders, at most once per interval. */
  renewLeases(): Promise<void> {
    return this.eviction.renewLeases();
  }

  private pathOfKey(key: string, fetch: (into: string) => Promise<CachedFile[]>): Promise<string> {
    const known = this.pending.get(key);
    if (known) return known;
    const found = this.findOrFetch(key, fetch).finally(() => this.pending.delete(key));
    this.pending.set(key, found);
    return found;
  }

  private async findOrFetch(key: string, fetch: (into: string) => Promise<CachedFile[]>): Promise<string> {
    const keyFile = this.keyFileOf(key);
    await markNeeded(keyFile);
    const manifest = await readManifest(keyFile);
    const known = manifest && this.pathOf(manifest);
    if (known && (await isComplete(known, manifest.files))) return known;
    const incoming = join(this.folder, 'incoming', randomUUID());
    try {
      await toWriteError(mkdir(incoming, { recursive: true, mode: 0o700 }));
      const files = await toWriteError(fetch(incoming));
      const newManifest: Manifest = { digest: sha256OfText(JSON.stringify(files)), files };
      await toWriteError(this.install(incoming, newManifest));
      await toWriteError(mkdir(join(this.folder, 'keys'), { recursive: true, mode: 0o700 }));
      await toWriteError(writeFileAtomic(keyFile, JSON.stringify(newManifest)));
      await this.eviction.evict();
      return this.pathOf(newManifest);
    } finally {
      await rm(incoming, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  private keyFileOf(key: string): string {
    return join(this.folder, 'keys', `${sha256OfText(key)}.json`);
  }

  private pathOf({ digest }: Manifest): string {
    return join(this.folder, 'folders', digest);
  }

  /** Another process may have installed the same content meanwhile, or a damaged folder may be there. */
  private async install(incoming: string, manifest: Manifest): Promise<void> {
    const target = this.pathOf(manifest);
    if (await isComplete(target, manifest.files)) return;
    await mkdir(join(this.folder, 'folders'), { recursive: true, mode: 0o700 });
    const aside = `${incoming}-damaged`;
    await rename(target, aside).catch(ignoreMissing);
    await rm(aside, { recursive: true, force: true });
    await rename(incoming, target).catch(async (error: unknown) => {
      if (!(await isComplete(target, manifest.files))) throw error;
    });
  }
}

async function isComplete(folder: string, files: readonly CachedFile[]): Promise<boolean> {
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

/** Turns a file system error into a RunError; other errors pass through. */
async function toWriteError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    throw new RunError('ARTIFACT_UNAVAILABLE', `The cache for downloaded models cannot be written (${code}).`, {
      cause: error,
    });
  }
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
