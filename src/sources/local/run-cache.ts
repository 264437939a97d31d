import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { mapWithConcurrency } from '../../lib/map-with-concurrency.js';
import type { SourceRun } from '../run-source.js';
import { fingerprintOf, isUnreadable } from './fingerprint.js';

/** Run folders checked or read at the same time; more would only wait for the disk. */
const PARALLEL = 16;

/** A run folder of the store. */
export interface RunLocation {
  /** Absolute. */
  readonly path: string;
  /** Relative to the store, for people. */
  readonly location: string;
}

interface Known {
  readonly fingerprint: string | undefined;
  readonly sourceRun: SourceRun;
}

/**
 * Cache of a store's runs. An unchanged folder is not read again, and its run is the same object. A folder that is
 * being written keeps its last run: it is read once it did not change for a while, and the result is used only when
 * nothing was written during the reading.
 */
export class RunCache {
  private known: ReadonlyMap<string, Known> | undefined;
  private unsettled = 0;

  /**
   * @param read  reads one run folder; never rejects.
   * @param settleMs  how long a folder must not change. Measured here, between two polls, because file times come from
   *   the clocks of other machines.
   */
  constructor(
    private readonly read: (run: RunLocation) => Promise<SourceRun>,
    private readonly settleMs: number,
  ) {}

  /** Whether folders were being written at the last refresh, so that another one soon would find more. */
  get hasUnsettled(): boolean {
    return this.unsettled > 0;
  }

  /**
   * The runs in these folders, by path. At the first call every folder is read as it is.
   *
   * @returns without those that are new and still being written.
   */
  async refresh(places: readonly RunLocation[]): Promise<ReadonlyMap<string, SourceRun>> {
    const isFirst = this.known === undefined;
    const before = this.known ?? new Map<string, Known>();
    const after = new Map<string, Known>();
    const changed: { location: RunLocation; fingerprint: string | undefined }[] = [];
    await mapWithConcurrency(places, PARALLEL, async (location) => {
      const fingerprint = await fingerprintOf(location.path);
      const known = before.get(location.path);
      if (known) after.set(location.path, known);
      // A run that was readable a moment ago stays valid while the disk or share has errors.
      if (known?.sourceRun.run && isUnreadable(fingerprint)) return;
      if (!known || known.fingerprint === undefined || known.fingerprint !== fingerprint) {
        changed.push({ location, fingerprint });
      }
    });
    if (changed.length > 0 && !isFirst) await sleep(this.settleMs);
    this.unsettled = 0;
    await mapWithConcurrency(changed, PARALLEL, async ({ location, fingerprint }) => {
      const taken = isFirst ? await this.take(location, fingerprint) : await this.takeSettled(location, fingerprint);
      if (taken) after.set(location.path, await keepSame(before.get(location.path), taken));
      else this.unsettled += 1;
    });
    this.known = after;
    return new Map([...after].map(([path, { sourceRun }]) => [path, sourceRun]));
  }

  private async take(location: RunLocation, fingerprint: string | undefined): Promise<Known> {
    return { fingerprint, sourceRun: await this.read(location) };
  }

  /** undefined while the folder is being written. */
  private async takeSettled(location: RunLocation, fingerprint: string | undefined): Promise<Known | undefined> {
    if (fingerprint === undefined || (await fingerprintOf(location.path)) !== fingerprint) return undefined;
    const taken = await this.take(location, fingerprint);
    return (await fingerprintOf(location.path)) === fingerprint ? taken : undefined;
  }
}

/**
 * A folder that was copied again or touched holds the same run as before: run.json has the digest of every file. Behind
 * a link that now leads elsewhere it is another one: the previous files may be deleted.
 */
async function keepSame(before: Known | undefined, taken: Known): Promise<Known> {
  if (!before || !isDeepStrictEqual(wordsOf(before.sourceRun), wordsOf(taken.sourceRun))) return taken;
  const [was, is] = await Promise.all([before.sourceRun.open(), taken.sourceRun.open()]);
  if (was.folder !== is.folder) return taken;
  return { fingerprint: taken.fingerprint, sourceRun: before.sourceRun };
}

/** A run without its `open` function, which is a new one each time. */
function wordsOf({ open: _open, ...words }: SourceRun): object {
  return words;
}
