import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

import { sha256OfText } from '../../../../lib/digest.js';
import { runInSlices } from '../../../../lib/run-in-slices.js';
import { writeFileAtomic } from '../../../../lib/write-file-atomic.js';

/** A cached response; `undefined` text means that there was nothing. */
interface CachedResponse {
  readonly text: string | undefined;
}

/** Characters that are hashed at once. */
const SLICE_CHARACTERS = 256 * 1024;

/** Response files unused for this long are deleted. */
const FORGET_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Responses of a server, cached on disk: those of the last complete reading, so that a restart without the server still
 * knows its content, and those that never change, so that they are requested once. The cache is optional: what cannot
 * be written is requested again. Several processes may share the folder: each renews the time stamps of what it uses.
 */
export class ResponseCache {
  /** Digests of all responses used by this process, by file name. */
  private readonly digestByName = new Map<string, string>();
  private writeError: string | undefined;
  private pending = new Map<string, string>();

  /** @param folder  absolute; made when needed. */
  constructor(private readonly folder: string) {}

  /** Code of the error that prevented the last reading from being written; undefined without one. */
  get writeFailure(): string | undefined {
    return this.writeError;
  }

  async find(key: string): Promise<CachedResponse | undefined> {
    const stored = this.pending.get(sha256OfText(key)) ?? (await this.readFile(sha256OfText(key)));
    if (stored === undefined) return undefined;
    return { text: stored.startsWith('+') ? stored.slice(1) : undefined };
  }

  /** Adds a response to the running reading. */
  add(key: string, { text }: CachedResponse): void {
    this.pending.set(sha256OfText(key), text === undefined ? '-' : `+${text}`);
  }

  /** Forgets the reading that was under way. */
  discard(): void {
    this.pending = new Map();
  }

  /** The reading is complete: writes what changed, each file atomically. */
  async commit(): Promise<void> {
    const pending = this.pending;
    this.pending = new Map();
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      const present = new Set(await readdir(this.folder));
      // In reverse order: a list is requested before its entries, so that a full disk leaves no list whose entries are
      // missing.
      for (const [name, stored] of [...pending].reverse()) await this.write(name, stored, present);
      await this.deleteOld();
      this.writeError = undefined;
    } catch (error) {
      // A full disk costs the cache, not the reading.
      this.writeError = (error as NodeJS.ErrnoException).code ?? 'unknown';
    }
  }

  private async write(name: string, stored: string, present: ReadonlySet<string>): Promise<void> {
    const digest = await digestOf(stored);
    if (this.digestByName.get(name) === digest && present.has(name)) return;
    await writeFileAtomic(join(this.folder, name), stored, { mode: 0o600 });
    this.digestByName.set(name, digest);
  }

  private async deleteOld(): Promise<void> {
    const now = Date.now();
    for (const name of await readdir(this.folder)) {
      const file = join(this.folder, name);
      const ageMs = now - (await stat(file)).mtimeMs;
      if (ageMs < FORGET_AFTER_MS / 2) continue;
      if (this.digestByName.has(name)) await utimes(file, now / 1000, now / 1000);
      else if (ageMs > FORGET_AFTER_MS) await rm(file, { force: true });
    }
  }

  private async readFile(name: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.folder, name), 'utf8');
    } catch {
      return undefined;
    }
  }
}

/** Of a response that may be long: tells it from another one, in this process. */
function digestOf(text: string): Promise<string> {
  return runInSlices(hashSteps(text));
}

function* hashSteps(text: string): Generator<void, string> {
  const hash = createHash('sha256');
  for (let start = 0; start < text.length; start += SLICE_CHARACTERS) {
    hash.update(text.slice(start, start + SLICE_CHARACTERS));
    yield;
  }
  return hash.digest('hex');
}
