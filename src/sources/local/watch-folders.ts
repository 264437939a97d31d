import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Locks and drafts of our own. */
const OURS = /\.(lock|tmp)$/;

/** A folder that is watched, and which one it was: another may take its name. */
interface Watched {
  readonly watcher: FSWatcher;
  readonly inode: number;
}

/**
 * Watches the folders of a store in which models and runs appear: the store, each model, each model's `runs`. Not the
 * runs themselves: thousands of watches are more than systems like to give, and this only hints. Folders that cannot be
 * watched are not.
 */
export class FolderWatch {
  private readonly watchedByFolder = new Map<string, Watched>();
  private isEnded = false;

  /**
   * @param store  absolute path.
   * @param onHint  called when something may have changed.
   */
  constructor(
    private readonly store: string,
    private readonly onHint: () => void,
  ) {
    void this.renewAndHint();
  }

  /** Watches what is there now: folders that are new, and those that were removed and made again. */
  async renew(): Promise<void> {
    await this.add(this.store);
    const entries = await readdir(this.store, { withFileTypes: true }).catch(() => []);
    const models = entries.filter((entry) => !entry.isFile() && !entry.name.startsWith('.'));
    await Promise.all(models.map(({ name }) => this.addModel(join(this.store, name))));
  }

  /** Ends it: there are no hints any more. */
  end(): void {
    this.isEnded = true;
    for (const folder of [...this.watchedByFolder.keys()]) this.drop(folder);
  }

  private async renewAndHint(): Promise<void> {
    const count = this.watchedByFolder.size;
    await this.renew();
    // What came while the folders were not watched yet gave no hint.
    if (!this.isEnded && this.watchedByFolder.size > count) this.onHint();
  }

  private async addModel(model: string): Promise<void> {
    await Promise.all([this.add(model), this.add(join(model, 'runs'))]);
  }

  private async add(folder: string): Promise<void> {
    try {
      const inode = (await stat(folder)).ino;
      if (this.watchedByFolder.get(folder)?.inode === inode) return;
      this.drop(folder);
      if (this.isEnded) return;
      const watcher = watch(folder, { persistent: false }, (_kind, name) => this.hear(folder, name));
      watcher.on('error', () => this.drop(folder));
      this.watchedByFolder.set(folder, { watcher, inode });
    } catch {
      // Not there, not allowed, or too many: the next look finds what changed all the same.
      this.drop(folder);
    }
  }

  private hear(folder: string, name: string | null): void {
    if (this.isEnded || (name !== null && OURS.test(name))) return;
    // Its own name in it means that it was removed or moved: the watch is dead, even if another folder has the name (and,
    // on many file systems, the inode) by now.
    const isGone = name === basename(folder);
    if (isGone) this.drop(folder);
    this.onHint();
    if (isGone || folder === this.store) void this.renewAndHint();
    else if (dirname(folder) === this.store) void this.addModel(folder);
  }

  private drop(folder: string): void {
    this.watchedByFolder.get(folder)?.watcher.close();
    this.watchedByFolder.delete(folder);
  }
}
