import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { mapWithConcurrency } from '../../lib/map-with-concurrency.js';
import type { RunCheck, SourceRun } from '../run-source.js';
import { isUnreadable } from './fingerprint.js';
import { RunChecks } from './run-checks.js';
import type { ReadRun } from './run-checks.js';
import { isPassing } from './run-reader.js';

/** Run folders checked or read at the same time; more would only wait for the disk. */
const PARALLEL = 16;
/** How long a run that could not be checked in time is left alone, milliseconds. */
const RETRY_MS = 600_000;

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
  /** When it is read again although nothing has changed; `performance.now()`. */
  readonly retryAtMs: number;
}

interface RunCacheOptions {
  /** Reads one run folder; rejects only when it was stopped. */
  readonly read: ReadRun;
  /** Gives the fingerprint of a folder; never rejects. */
  readonly fingerprintOf: (path: string) => Promise<string | undefined>;
  /**
   * How long a folder must not change, milliseconds. Measured here, between two polls, because file times come from the
   * clocks of other machines.
   */
  readonly settleMs: number;
}

/**
 * Cache of a store's runs. An unchanged folder is not read again, and its run is the same object. A folder that is
 * being written keeps its last run: it is read once it did not change for a while, and the result is used only when
 * nothing was written during the reading.
 *
 * A run whose check takes long is not waited for (`RunChecks`): it keeps its last run too; a new one is listed as being
 * checked. A later refresh takes the result.
 */
export class RunCache {
  private known: ReadonlyMap<string, Known> | undefined;
  private readonly running: RunChecks;
  private unsettled = 0;

  constructor(private readonly options: RunCacheOptions) {
    this.running = new RunChecks(options.read);
  }

  /** Whether folders were being written at the last refresh, so that another one soon would find more. */
  get hasUnsettled(): boolean {
    return this.unsettled > 0;
  }

  /** Runs that are being checked now. */
  get checks(): readonly RunCheck[] {
    return this.running.list();
  }

  /** Resolves when the check of a run has ended. */
  nextChecked(): Promise<void> {
    return this.running.nextEnd();
  }

  /** Stops all checks. */
  close(): void {
    this.running.close();
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
    const changed: Changed[] = [];
    this.running.retain(new Set(places.map(({ path }) => path)));
    await mapWithConcurrency(places, PARALLEL, async (location) => {
      const fingerprint = await this.options.fingerprintOf(location.path);
      const known = before.get(location.path);
      if (known) after.set(location.path, known);
      if (this.takeChecked(location, fingerprint, known, after)) return;
      if (hasChanged(known, fingerprint)) changed.push({ location, fingerprint });
    });
    if (changed.length > 0 && !isFirst) await sleep(this.options.settleMs);
    this.unsettled = 0;
    await mapWithConcurrency(changed, PARALLEL, async (change) => {
      const { path } = change.location;
      const taken = isFirst ? await this.take(change) : await this.takeSettled(change);
      if (taken === 'slow') after.set(path, before.get(path) ?? this.draftOf(path));
      else if (taken) after.set(path, keepSame(before.get(path), taken));
      else this.unsettled += 1;
    });
    this.known = after;
    return new Map([...after].map(([path, { sourceRun }]) => [path, sourceRun]));
  }

  /** @returns whether the folder is being checked as it is now, or its check has just been taken. */
  private takeChecked(
    { path }: RunLocation,
    fingerprint: string | undefined,
    known: Known | undefined,
    after: Map<string, Known>,
  ): boolean {
    const check = this.running.find(path);
    // While the disk has errors, nothing is known of a change.
    if (!check || (isUnreadable(fingerprint) && fingerprint !== check.fingerprint)) return check !== undefined;
    if (check.fingerprint !== fingerprint) {
      this.running.stop(path);
      return false;
    }
    if (!check.result) return true;
    this.running.stop(path);
    after.set(path, keepSame(known, toKnown(fingerprint, check.result)));
    return true;
  }

  private async take({ location, fingerprint }: Changed): Promise<Known | 'slow'> {
    const sourceRun = await this.running.start(location, fingerprint);
    return sourceRun ? toKnown(fingerprint, sourceRun) : 'slow';
  }

  /** undefined while the folder is being written. */
  private async takeSettled(change: Changed): Promise<Known | 'slow' | undefined> {
    const { location, fingerprint } = change;
    const isStill = async () => (await this.options.fingerprintOf(location.path)) === fingerprint;
    if (fingerprint === undefined || !(await isStill())) return undefined;
    const taken = await this.take(change);
    return taken === 'slow' || (await isStill()) ? taken : undefined;
  }

  private draftOf(path: string): Known {
    const { fingerprint, draft } = this.running.find(path)!;
    return { fingerprint, sourceRun: draft!, retryAtMs: Infinity };
  }
}

interface Changed {
  readonly location: RunLocation;
  readonly fingerprint: string | undefined;
}

function toKnown(fingerprint: string | undefined, sourceRun: SourceRun): Known {
  const retryAtMs = isPassing(sourceRun) ? performance.now() + RETRY_MS : Infinity;
  return { fingerprint, sourceRun, retryAtMs };
}

function hasChanged(known: Known | undefined, fingerprint: string | undefined): boolean {
  // A run that was readable a moment ago stays valid while the disk or share has errors.
  if (known?.sourceRun.run && isUnreadable(fingerprint)) return false;
  if (!known || known.fingerprint === undefined || known.fingerprint !== fingerprint) return true;
  return performance.now() > known.retryAtMs;
}

/**
 * A folder that was copied again or touched holds the same run as before: run.json has the digest of every file. Behind
 * a link that now leads elsewhere it is another one: the previous files may be deleted.
 */
function keepSame(before: Known | undefined, taken: Known): Known {
  const isSame = before && isDeepStrictEqual(wordsOf(before.sourceRun), wordsOf(taken.sourceRun));
  return isSame ? { ...taken, sourceRun: before.sourceRun } : taken;
}

/** A run without its `open` function, which is a new one each time. */
function wordsOf({ open: _open, ...words }: SourceRun): object {
  return words;
}
