import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import type { Disk } from '../files/disk.js';

/** Locks and drafts of our own. */
const OWN_FILES = /\.(lock|tmp)$/;

/** A watched folder and its inode: another folder may take its name. */
interface WatchEntry {
  readonly handle: FSWatcher;
  readonly fileId: bigint;
}

/**
 * Watches the folders of a store in which models and runs appear: the store, each model, each model's `runs`. Not the
 * runs themselves: systems limit the number of watches, and this only gives hints. Folders that cannot be watched are
 * skipped.
 */
export class FolderWatch {
  private readonly watchByFolder = new Map<string, WatchEntry>();
  private isEnded = false;

  /**
   * @param store  absolute path.
   * @param disk  asked for what is there.
   * @param onHint  called when something may have changed.
   */
  constructor(
    private readonly store: string,
    private readonly disk: Disk,
    private readonly onHint: () => void,
  ) {
    void this.updateAndHint();
  }

  /** Watches what is there now: folders that are new, and those that were removed and made again. */
  async update(): Promise<void> {
    await this.add(this.store);
    const entries = await this.disk.call(this.store, (fs) => fs.entries(this.store)).catch(() => []);
    const models = entries.filter((entry) => !entry.isFile() && !entry.name.startsWith('.'));
    await Promise.all(models.map(({ name }) => this.addModel(join(this.store, name))));
  }

  /** Ends it: there are no hints any more. */
  end(): void {
    this.isEnded = true;
    for (const folder of [...this.watchByFolder.keys()]) this.drop(folder);
  }

  private async updateAndHint(): Promise<void> {
    const count = this.watchByFolder.size;
    await this.update();
    // Changes made before the folders were watched gave no hint.
    if (!this.isEnded && this.watchByFolder.size > count) this.onHint();
  }

  private async addModel(model: string): Promise<void> {
    await this.add(model);
    await this.add(join(model, 'runs'), model);
  }

  private async add(folder: string, place = folder): Promise<void> {
    try {
      const fileId = (await this.disk.call(place, (fs) => fs.stat(folder))).ino;
      if (this.watchByFolder.get(folder)?.fileId === fileId) return;
      this.drop(folder);
      if (this.isEnded) return;
      const handle = watch(folder, { persistent: false }, (_kind, name) => this.onEvent(folder, name));
      handle.on('error', () => this.drop(folder));
      this.watchByFolder.set(folder, { handle, fileId });
    } catch {
      // Not there, not allowed, no answer, or too many watches: the next poll finds the changes anyway.
      this.drop(folder);
    }
  }

  private onEvent(folder: string, name: string | null): void {
    if (this.isEnded || (name !== null && OWN_FILES.test(name))) return;
    // An event with the folder's own name means that it was removed or moved: the watch is dead, even if another folder
    // now has the name (and, on many file systems, the inode).
    const isRemoved = name === basename(folder);
    if (isRemoved) this.drop(folder);
    this.onHint();
    if (isRemoved || folder === this.store) void this.updateAndHint();
    else if (dirname(folder) === this.store) void this.addModel(folder);
  }

  private drop(folder: string): void {
    this.watchByFolder.get(folder)?.handle.close();
    this.watchByFolder.delete(folder);
  }
}
