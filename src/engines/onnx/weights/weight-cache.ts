import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { sha256OfFileSync } from '../../../lib/digest.js';
import { GRAPH_FILE, WEIGHT_FILE } from './move-weights.js';
import type { WrittenFile } from './move-weights.js';

/** Where copies with shared weights are kept. */
export interface WeightCacheSettings {
  /** Absolute; created when needed. */
  readonly folder: string;
  /** Most bytes of all entries together. */
  readonly maxBytes: number;
}

const MANIFEST_FILE = 'manifest.json';
const NOTE_FILE = 'note.json';

/** The cache cannot hold a copy; the message says why, without a path. */
export class WeightCacheError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WeightCacheError';
  }
}

/** A complete entry. */
export class CacheEntry {
  constructor(readonly folder: string) {}

  /** Notes that it is in use, so that it is not deleted soon; advisory. */
  touch(): void {
    const now = Date.now() / 1000;
    try {
      utimesSync(join(this.folder, MANIFEST_FILE), now, now);
    } catch {
      // Somebody deleted it, or the disk is read-only: it is only less sure to stay.
    }
  }

  /** A note that was kept beside it. @returns undefined when there is none that can be read. */
  readNote(): unknown {
    try {
      return JSON.parse(readFileSync(join(this.folder, NOTE_FILE), 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** Keeps a note beside it, whose loss does no harm. */
  writeNote(note: object): void {
    const draft = join(this.folder, `${NOTE_FILE}.${randomUUID()}`);
    try {
      writeFileSync(draft, JSON.stringify(note), { mode: 0o600 });
      renameSync(draft, join(this.folder, NOTE_FILE));
    } catch {
      // It is found out again the next time.
    }
  }
}

/** What an entry must hold, by name of the file. */
type Manifest = Readonly<Record<string, WrittenFile>>;

/** Names of entries; whatever else lies in the folder is not the cache's. */
const KEY = /^[0-9a-f]{64}$/;
const INCOMING = 'incoming';
/** What a process that ended left behind after this time is deleted. */
const LEFT_BEHIND_MS = 60 * 60 * 1000;
/** An entry used within this time is not deleted: others may load from it. */
const RETENTION_MS = 60 * 60 * 1000;

/**
 * A folder of ONNX models whose weights lie in a file of their own, by the digest of the model. Entries are complete or
 * not there: each is written beside and renamed, so that several processes may share the folder. One that is damaged is
 * written again. The time of its manifest is its last use.
 *
 * Deleting an entry that is mapped does no harm: its memory lives on until the last map is gone. All work is
 * synchronous, for threads that load models.
 */
export class WeightCache {
  constructor(private readonly settings: WeightCacheSettings) {}

  /** @returns undefined when there is no complete entry. */
  find(key: string): CacheEntry | undefined {
    const folder = this.folderOf(key);
    const manifest = readManifest(folder);
    if (!manifest || !isComplete(folder, manifest)) return undefined;
    const entry = new CacheEntry(folder);
    entry.touch();
    return entry;
  }

  /**
   * Makes an entry. Another process may make the same one at the same time: the first that ends wins.
   *
   * @param bytes  about what it will take.
   * @param write  fills an empty folder.
   * @throws WeightCacheError when there is no room, or the folder cannot be written.
   */
  make(key: string, bytes: number, write: (folder: string) => Manifest): CacheEntry {
    const incoming = join(this.settings.folder, INCOMING, randomUUID());
    try {
      mkdirSync(incoming, { recursive: true, mode: 0o700 });
      this.makeRoom(bytes);
      writeFileSync(join(incoming, MANIFEST_FILE), JSON.stringify(write(incoming)), { mode: 0o600 });
      return this.install(incoming, key);
    } catch (error) {
      if (error instanceof WeightCacheError) throw error;
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      throw new WeightCacheError(`MODEL_CACHE_DIR cannot be written (${code})`, { cause: error });
    } finally {
      remove(incoming);
    }
  }

  private folderOf(key: string): string {
    return join(this.settings.folder, key);
  }

  private install(incoming: string, key: string): CacheEntry {
    const target = this.folderOf(key);
    for (let attempt = 0; ; attempt += 1) {
      try {
        renameSync(incoming, target);
        return new CacheEntry(target);
      } catch (error) {
        const found = this.find(key);
        if (found !== undefined) return found;
        // A damaged entry stands in the way.
        if (attempt > 0) throw error;
        rmSync(target, { recursive: true, force: true });
      }
    }
  }

  /** Deletes what was used least recently. @throws WeightCacheError when that is not enough. */
  private makeRoom(bytes: number): void {
    this.deleteLeftBehind();
    const entries = this.entries();
    let total = entries.reduce((sum, entry) => sum + entry.bytes, bytes);
    for (const { folder, bytes: freed, usedAtMs } of entries) {
      if (total <= this.settings.maxBytes) return;
      if (Date.now() - usedAtMs < RETENTION_MS) break;
      remove(folder);
      total -= freed;
    }
    if (total <= this.settings.maxBytes) return;
    throw new WeightCacheError('MODEL_CACHE_MAX_BYTES leaves no room for them');
  }

  private deleteLeftBehind(): void {
    const { folder } = this.settings;
    const started = readdirSync(join(folder, INCOMING)).map((name) => join(folder, INCOMING, name));
    const unreadable = this.keys()
      .map((key) => this.folderOf(key))
      .filter((path) => !readManifest(path));
    for (const path of [...started, ...unreadable]) {
      if (Date.now() - (timeOf(path) ?? Infinity) > LEFT_BEHIND_MS) remove(path);
    }
  }

  /** All entries, the one that was used longest ago first. */
  private entries(): { readonly folder: string; readonly bytes: number; readonly usedAtMs: number }[] {
    return this.keys()
      .flatMap((key) => {
        const folder = this.folderOf(key);
        const manifest = readManifest(folder);
        const usedAtMs = timeOf(join(folder, MANIFEST_FILE));
        return manifest && usedAtMs !== undefined ? [{ folder, bytes: sizeOf(manifest), usedAtMs }] : [];
      })
      .sort((a, b) => a.usedAtMs - b.usedAtMs);
  }

  private keys(): string[] {
    return readdirSync(this.settings.folder).filter((name) => KEY.test(name));
  }
}

/** What cannot be removed is tried again by the next thread that needs room. */
function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // The disk does not allow it, or somebody else removes it at the same time.
  }
}

function readManifest(folder: string): Manifest | undefined {
  try {
    const { [GRAPH_FILE]: graph, [WEIGHT_FILE]: weights } = JSON.parse(
      readFileSync(join(folder, MANIFEST_FILE), 'utf8'),
    ) as Record<string, WrittenFile>;
    return graph && weights && { [GRAPH_FILE]: graph, [WEIGHT_FILE]: weights };
  } catch {
    return undefined;
  }
}

/** Reads every byte: what serves is what was written. It takes a third of a second per GiB and warms the page cache. */
function isComplete(folder: string, manifest: Manifest): boolean {
  try {
    return Object.entries(manifest).every(([name, { bytes, sha256 }]) => {
      const file = join(folder, name);
      return statSync(file).size === bytes && sha256OfFileSync(file) === sha256;
    });
  } catch {
    return false;
  }
}

function sizeOf(manifest: Manifest): number {
  return Object.values(manifest).reduce((sum, { bytes }) => sum + bytes, 0);
}

function timeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
