import { join } from 'node:path';

import type { Disk } from '../files/disk.js';
import { identityOf } from '../files/file-system.js';
import type { FileSystem } from '../files/file-system.js';
import type { RunLocation } from './run-cache.js';

/** Folders with fewer runs are listed each time: it costs next to nothing. */
const MIN_RUNS = 1_000;
/** Longest time after a change in which a further one may leave the folder with the same date, milliseconds. */
const DATE_STEP_MS = 2_000;

interface Listed {
  /** Of the folder `runs` before it was listed; undefined where nobody asked. */
  readonly identity: string | undefined;
  /** When this identity was seen first, and when the folder was listed last; `performance.now()`. */
  readonly sinceMs: number;
  readonly readMs: number;
  readonly names: readonly string[];
  readonly locations: readonly RunLocation[];
}

/** The run folders of each model. Lists a large folder again only when its date says that something came or went. */
export class RunFolders {
  private readonly listed = new Map<string, Listed>();

  /** @param store  absolute folder. */
  constructor(
    private readonly store: string,
    private readonly disk: Disk,
  ) {}

  /** @returns the last known ones while the folder exists but cannot be read; the same list while nothing changes. */
  async list(model: string, { mayTrustDate }: { readonly mayTrustDate: boolean }): Promise<readonly RunLocation[]> {
    const folder = join(this.store, model);
    const known = this.listed.get(model);
    try {
      const listed = await this.disk.call(folder, (fileSystem) =>
        look(join(folder, 'runs'), fileSystem, known, mayTrustDate),
      );
      const kept = known && isSame(known.names, listed.names) ? known : undefined;
      const locations = kept?.locations ?? listed.names.map((name) => this.locationOf(model, name));
      this.listed.set(model, { ...listed, names: kept?.names ?? listed.names, locations });
      return locations;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : (known?.locations ?? []);
    }
  }

  /** Forgets all other models. */
  retain(models: ReadonlySet<string>): void {
    for (const model of [...this.listed.keys()]) if (!models.has(model)) this.listed.delete(model);
  }

  private locationOf(model: string, run: string): RunLocation {
    return { path: join(this.store, model, 'runs', run), location: `${model}/runs/${run}` };
  }
}

async function look(
  folder: string,
  fileSystem: FileSystem,
  known: Listed | undefined,
  mayTrustDate: boolean,
): Promise<Omit<Listed, 'locations'>> {
  const isLarge = (known?.names.length ?? 0) >= MIN_RUNS;
  const identity = isLarge ? identityOf(await fileSystem.stat(folder)) : undefined;
  const isUnchanged = identity !== undefined && identity === known?.identity;
  // It was listed long enough after this date: what has come since would have given it another one.
  if (mayTrustDate && isUnchanged && known.readMs - known.sinceMs > DATE_STEP_MS) return known;
  const readMs = performance.now();
  const names = await listDirs(folder, fileSystem);
  return { identity, sinceMs: isUnchanged ? known.sinceMs : readMs, readMs, names };
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, i) => name === b[i]));
}

/** Names of the folders (and links to folders) inside, sorted; hidden ones are left out. */
export async function listDirs(folder: string, fileSystem: FileSystem): Promise<string[]> {
  const entries = await fileSystem.entries(folder);
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
}
