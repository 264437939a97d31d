import { mkdir, readFile, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

import { sha256OfText } from '../../../../lib/digest.js';
import { writeFileAtomic } from '../../../../lib/write-file-atomic.js';

/** An answer that was given; `undefined` text means that there was nothing. */
export interface CachedResponse {
  readonly text: string | undefined;
}

/** Files of answers that no process has needed for so long are deleted. */
const FORGET_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Answers of a server, kept on disk: those of the last complete reading, so that a restart without the server still
 * knows what there was, and those that can never change, so that they are asked for once. Everything is advisory: what
 * cannot be written is asked for again. Several processes may share the folder: each keeps what it has needed young.
 */
export class ResponseCache {
  /** Of all that this process has needed: what never changes is asked for once, and needed at the next start. */
  private readonly digestByName = new Map<string, string>();
  private writeError: string | undefined;
  private pending = new Map<string, string>();

  /** @param folder  absolute; made when needed. */
  constructor(private readonly folder: string) {}

  /** Code of the error that kept the last reading from being written; undefined when all is kept. */
  get writeFailure(): string | undefined {
    return this.writeError;
  }

  async find(key: string): Promise<CachedResponse | undefined> {
    const stored = this.pending.get(sha256OfText(key)) ?? (await this.readFile(sha256OfText(key)));
    if (stored === undefined) return undefined;
    return { text: stored.startsWith('+') ? stored.slice(1) : undefined };
  }

  /** Takes an answer into the reading that is under way. */
  add(key: string, { text }: CachedResponse): void {
    this.pending.set(sha256OfText(key), text === undefined ? '-' : `+${text}`);
  }

  /** Forgets the reading that was under way. */
  discard(): void {
    this.pending = new Map();
  }

  /** The reading is complete: writes what changed, each file whole or not at all. */
  async commit(): Promise<void> {
    const pending = this.pending;
    this.pending = new Map();
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      const present = new Set(await readdir(this.folder));
      // The last ones first: a list is asked for before what it lists, so that a disk that is full half-way leaves no
      // list of what is not there.
      for (const [name, stored] of [...pending].reverse()) await this.write(name, stored, present);
      await this.deleteOld();
      this.writeError = undefined;
    } catch (error) {
      // A disk that is full costs the memory, not the reading.
      this.writeError = (error as NodeJS.ErrnoException).code ?? 'unknown';
    }
  }

  private async write(name: string, stored: string, present: ReadonlySet<string>): Promise<void> {
    const digest = sha256OfText(stored);
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
