import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { mapWithConcurrency } from '../../lib/map-with-concurrency.js';
import type { SourceRun } from '../run-source.js';
import { fingerprintOf, isUnreadable } from './fingerprint.js';

/** Run folders looked at or read at the same time; more only wait for the disk. */
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
 * The runs of a store as they were last read. A folder that did not change is not read again, and its run is the very
 * same object. One that is being written is left as it was before: it is read once it has been quiet for a while, and
 * taken only when nothing was written during the reading either.
 */
export class RunCache {
  private known: ReadonlyMap<string, Known> | undefined;
  private unsettled = 0;

  /**
   * @param read  reads one run folder; never rejects.
   * @param settleMs  how long a folder must be quiet. Measured here, between two looks: the times that files carry come
   *   from the clocks of others.
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
      // What was readable a moment ago is no less good because the disk or share is in trouble.
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
 * A folder that was copied again or only touched holds the same run as before: run.json vouches for every file. Behind a
 * link that leads elsewhere now it is another: the files of the one before may go.
 */
async function keepSame(before: Known | undefined, taken: Known): Promise<Known> {
  if (!before || !isDeepStrictEqual(wordsOf(before.sourceRun), wordsOf(taken.sourceRun))) return taken;
  const [was, is] = await Promise.all([before.sourceRun.open(), taken.sourceRun.open()]);
  if (was.folder !== is.folder) return taken;
  return { fingerprint: taken.fingerprint, sourceRun: before.sourceRun };
}

/** All of a run but the way to open it, which is a new function each time. */
function wordsOf({ open: _open, ...words }: SourceRun): object {
  return words;
}
