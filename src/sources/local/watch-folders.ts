import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Locks and drafts of our own. */
const OURS = /\.(lock|tmp)$/;

/**
 * Watches the folders of a store in which models and runs appear: the store, each model, each model's `runs`. Not the
 * runs themselves: thousands of watches are more than systems like to give, and this only hints. Folders that cannot be
 * watched are not.
 *
 * @returns ends it.
 */
export function watchFolders(store: string, onHint: () => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  let isEnded = false;

  const add = (folder: string, onEvent: () => void) => {
    if (isEnded || watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, (_kind, name) => {
        if (typeof name === 'string' && OURS.test(name)) return;
        onEvent();
      });
      const drop = () => {
        watcher.close();
        watchers.delete(folder);
      };
      watcher.on('error', drop);
      watchers.set(folder, watcher);
    } catch {
      // Not there, not allowed, or too many: the next look finds what changed all the same.
    }
  };
  const addModels = async () => {
    const entries = await readdir(store, { withFileTypes: true }).catch(() => []);
    const count = watchers.size;
    for (const entry of entries) {
      if (entry.isFile() || entry.name.startsWith('.')) continue;
      const model = join(store, entry.name);
      add(model, () => {
        add(join(model, 'runs'), onHint);
        onHint();
      });
      add(join(model, 'runs'), onHint);
    }
    // What came while the folders were not watched yet gave no hint.
    if (watchers.size > count) onHint();
  };
  add(store, () => {
    void addModels();
    onHint();
  });
  void addModels();

  return () => {
    isEnded = true;
    for (const watcher of watchers.values()) watcher.close();
    watchers.clear();
  };
}
