import { readFile, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

import { sha256OfText } from '../../../../lib/digest.js';

/** A file of a cached folder. */
export interface CachedFile {
  /** Relative to the folder, forward slashes. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What a cached folder must hold. */
export interface Manifest {
  /** Name of the folder: the digest of its files' paths and contents. */
  readonly digest: string;
  readonly files: readonly CachedFile[];
}

/** A cached folder with the keys that stand for it. */
interface Entry {
  readonly digest: string;
  readonly bytes: number;
  readonly keyFiles: string[];
  neededAtMs: number;
}

/** Folders used within this time are never deleted: another process may be using them. */
const RETENTION_MS = 24 * 60 * 60 * 1000;
/** Interval at which a process renews the time stamps of its retained folders. */
const RENEW_INTERVAL_MS = 60 * 60 * 1000;

/**
 * Limits the size of a cache of downloaded folders: the least recently used are deleted first, except those that a
 * process retains. The time of a key's file is its last use, so that all processes see it.
 */
export class CacheEviction {
  private readonly holders = new Map<string, number>();
  private updatedAtMs = 0;

  /**
   * @param folder    absolute; with `keys`, `folders` and `incoming` in it.
   * @param maxBytes  of all folders together.
   */
  constructor(
    private readonly folder: string,
    private readonly maxBytes: number,
  ) {}

  /**
   * Retains the folder of a key.
   *
   * @returns releases it.
   */
  retain(keyFile: string): () => void {
    this.holders.set(keyFile, (this.holders.get(keyFile) ?? 0) + 1);
    let isRetained = true;
    return () => {
      if (!isRetained) return;
      isRetained = false;
      const left = this.holders.get(keyFile)! - 1;
      if (left === 0) this.holders.delete(keyFile);
      else this.holders.set(keyFile, left);
    };
  }

  /** Renews the time stamps of retained keys, at most once per interval, so that other processes see them. */
  async renewLeases(): Promise<void> {
    const now = Date.now();
    if (now - this.updatedAtMs < RENEW_INTERVAL_MS) return;
    this.updatedAtMs = now;
    await Promise.all([...this.holders.keys()].map(markNeeded));
  }

  /**
   * Evicts folders above the limit and incomplete downloads of a crashed process. Errors are ignored: they only cost
   * space.
   */
  async evict(): Promise<void> {
    try {
      const entries = await this.readEntries();
      let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
      for (const entry of entries.sort((a, b) => a.neededAtMs - b.neededAtMs)) {
        if (bytes <= this.maxBytes) break;
        if (!this.mayGo(entry)) continue;
        await this.delete(entry);
        bytes -= entry.bytes;
      }
      await this.deleteOrphaned();
    } catch {
      // Another process evicts at the same time, or the disk does not allow it.
    }
  }

  private mayGo({ keyFiles, neededAtMs }: Entry): boolean {
    return Date.now() - neededAtMs > RETENTION_MS && !keyFiles.some((keyFile) => this.holders.has(keyFile));
  }

  private async readEntries(): Promise<Entry[]> {
    const byDigest = new Map<string, Entry>();
    for (const name of await readdir(join(this.folder, 'keys'))) {
      const keyFile = join(this.folder, 'keys', name);
      const manifest = await readManifest(keyFile);
      if (!manifest) continue;
      const { digest, files } = manifest;
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      const entry: Entry = byDigest.get(digest) ?? { digest, bytes, keyFiles: [], neededAtMs: 0 };
      entry.keyFiles.push(keyFile);
      entry.neededAtMs = Math.max(entry.neededAtMs, (await stat(keyFile)).mtimeMs);
      byDigest.set(digest, entry);
    }
    return [...byDigest.values()];
  }

  /** Keys first: whoever comes now fetches again. */
  private async delete({ keyFiles, digest }: Entry): Promise<void> {
    for (const keyFile of keyFiles) await rm(keyFile, { force: true });
    await rm(join(this.folder, 'folders', digest), { recursive: true, force: true });
  }

  private async deleteOrphaned(): Promise<void> {
    const incoming = join(this.folder, 'incoming');
    for (const name of await readdir(incoming)) {
      const path = join(incoming, name);
      if (Date.now() - (await stat(path)).mtimeMs > RETENTION_MS) await rm(path, { recursive: true, force: true });
    }
  }
}

/** Notes that a key is needed now; advisory. */
export async function markNeeded(keyFile: string): Promise<void> {
  const now = Date.now() / 1000;
  await utimes(keyFile, now, now).catch(() => undefined);
}

/** @returns undefined when there is none, or it is not what this cache writes. */
export async function readManifest(keyFile: string): Promise<Manifest | undefined> {
  try {
    const { digest, files } = JSON.parse(await readFile(keyFile, 'utf8')) as Manifest;
    const isOwn = /^[0-9a-f]{64}$/.test(digest) && digest === sha256OfText(JSON.stringify(files));
    return isOwn ? { digest, files } : undefined;
  } catch {
    return undefined;
  }
}
