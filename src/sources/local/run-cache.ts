import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { mapInParallel } from '../../lib/map-with-concurrency.js';
import type { SourcedRun } from '../run-source.js';
import { fingerprintOf, isUnlistable } from './fingerprint.js';

/** Run folders looked at or read at the same time; more only wait for the disk. */
const PARALLEL = 16;

/** A run folder of the store. */
export interface RunPlace {
  /** Absolute. */
  readonly path: string;
  /** Relative to the store, for people. */
  readonly place: string;
}

interface Known {
  readonly fingerprint: string | undefined;
  readonly sourced: SourcedRun;
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
    private readonly read: (run: RunPlace) => Promise<SourcedRun>,
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
  async refresh(places: readonly RunPlace[]): Promise<ReadonlyMap<string, SourcedRun>> {
    const isFirst = this.known === undefined;
    const before = this.known ?? new Map<string, Known>();
    const after = new Map<string, Known>();
    const changed: { place: RunPlace; fingerprint: string | undefined }[] = [];
    await mapInParallel(places, PARALLEL, async (place) => {
      const fingerprint = await fingerprintOf(place.path);
      const known = before.get(place.path);
      if (known) after.set(place.path, known);
      // What was readable a moment ago is no less good because the disk or share is in trouble.
      if (known?.sourced.run && isUnlistable(fingerprint)) return;
      if (!known || known.fingerprint === undefined || known.fingerprint !== fingerprint) {
        changed.push({ place, fingerprint });
      }
    });
    if (changed.length > 0 && !isFirst) await sleep(this.settleMs);
    this.unsettled = 0;
    await mapInParallel(changed, PARALLEL, async ({ place, fingerprint }) => {
      const taken = isFirst ? await this.take(place, fingerprint) : await this.takeSettled(place, fingerprint);
      if (taken) after.set(place.path, await keepSame(before.get(place.path), taken));
      else this.unsettled += 1;
    });
    this.known = after;
    return new Map([...after].map(([path, { sourced }]) => [path, sourced]));
  }

  private async take(place: RunPlace, fingerprint: string | undefined): Promise<Known> {
    return { fingerprint, sourced: await this.read(place) };
  }

  /** undefined while the folder is being written. */
  private async takeSettled(place: RunPlace, fingerprint: string | undefined): Promise<Known | undefined> {
    if (fingerprint === undefined || (await fingerprintOf(place.path)) !== fingerprint) return undefined;
    const taken = await this.take(place, fingerprint);
    return (await fingerprintOf(place.path)) === fingerprint ? taken : undefined;
  }
}

/**
 * A folder that was copied again or only touched holds the same run as before: run.json vouches for every file. Behind a
 * link that leads elsewhere now it is another: the files of the one before may go.
 */
async function keepSame(before: Known | undefined, taken: Known): Promise<Known> {
  if (!before || !isDeepStrictEqual(wordsOf(before.sourced), wordsOf(taken.sourced))) return taken;
  const [was, is] = await Promise.all([before.sourced.open(), taken.sourced.open()]);
  if (was.folder !== is.folder) return taken;
  return { fingerprint: taken.fingerprint, sourced: before.sourced };
}

/** All of a run but the way to open it, which is a new function each time. */
function wordsOf({ open: _open, ...words }: SourcedRun): object {
  return words;
}
