import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { mapWithConcurrency } from '../../lib/map-with-concurrency.js';
import type { RunCheck, SourceRun } from '../run-source.js';
import { isUnreadable } from './fingerprint.js';
import { RunChecks } from './run-checks.js';
import type { ReadRun } from './run-checks.js';
import { sortByUrgency } from './looks-in-turn.js';
import type { ByUrgency, LooksInTurn, Urgency } from './looks-in-turn.js';
import { isPassing } from './run-reader.js';

/** Run folders checked or read at the same time; more would only wait for the disk. */
const PARALLEL = 16;
/** How long a run that could not be checked in time is left alone, milliseconds. */
const RETRY_MS = 600_000;
/** How long a folder that has changed is expected to change again, milliseconds. */
const RESTLESS_MS = 600_000;

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
  /** Reads at once what it can of many folders that nothing is known of yet. */
  readonly scan?: (places: readonly RunLocation[], onFound: OnFound) => Promise<void>;
  /** Which folders of a large store are looked at. */
  readonly looks: LooksInTurn;
}

/** Takes a run that a scan has read. */
export type OnFound = (location: RunLocation, fingerprint: string, sourceRun: SourceRun) => void;

/** How a refresh looks at the folders. */
export interface RefreshOptions {
  /** Whether some folders of a large store may be left for a later refresh. */
  readonly mayTakeTurns?: boolean;
  /** Ids of runs that are looked at each time. */
  readonly requiredIds?: ReadonlySet<string>;
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
  private known: Map<string, Known> | undefined;
  private places: readonly RunLocation[] = [];
  private sourceRuns = new Map<string, SourceRun>();
  private readonly running: RunChecks;
  /** Folders that changed lately, and until when they are looked at each time; `performance.now()`. */
  private readonly restless = new Map<string, number>();
  private unsettled = 0;
  /** As found at the last refresh; undefined when something has changed since. */
  private sorted: { readonly requiredIds: ReadonlySet<string>; readonly found: ByUrgency<RunLocation> } | undefined;

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
   * @returns without those that are new and still being written; the same map as before when nothing has changed.
   */
  async refresh(
    places: readonly RunLocation[],
    { mayTakeTurns = false, requiredIds = new Set() }: RefreshOptions = {},
  ): Promise<ReadonlyMap<string, SourceRun>> {
    const isFirst = this.known === undefined;
    const before = this.known ?? new Map<string, Known>();
    const taken = new Map<string, Known>();
    const changed: Changed[] = [];
    if (places !== this.places) this.running.retain(new Set(places.map(({ path }) => path)));
    if (isFirst) {
      await this.options.scan?.(places, ({ path }, fingerprint, sourceRun) => {
        taken.set(path, toKnown(fingerprint, sourceRun));
      });
    }
    const { looks } = this.options;
    const mayLeaveSome = mayTakeTurns && places.length > looks.maxLooks;
    const selected = mayLeaveSome ? looks.choose(this.byUrgency(places, requiredIds)) : places;
    const checked = isFirst ? selected.filter(({ path }) => !taken.has(path)) : selected;
    await mapWithConcurrency(checked, PARALLEL, async (location) => {
      const fingerprint = await this.options.fingerprintOf(location.path);
      const known = before.get(location.path);
      if (this.takeChecked(location, fingerprint, known, taken)) return;
      if (hasChanged(known, fingerprint)) changed.push({ location, fingerprint });
    });
    if (changed.length > 0 && !isFirst) await sleep(this.options.settleMs);
    this.unsettled = 0;
    await mapWithConcurrency(changed, PARALLEL, async (change) => {
      const { path } = change.location;
      if (!isFirst) this.restless.set(path, performance.now() + RESTLESS_MS);
      const read = isFirst ? await this.take(change) : await this.takeSettled(change);
      if (read === 'slow') taken.set(path, before.get(path) ?? this.draftOf(path));
      else if (read) taken.set(path, keepSame(before.get(path), read));
      else this.unsettled += 1;
    });
    return this.keep(places, before, taken);
  }

  /** Takes what was found, and forgets what is gone. */
  private keep(
    places: readonly RunLocation[],
    before: ReadonlyMap<string, Known>,
    taken: ReadonlyMap<string, Known>,
  ): ReadonlyMap<string, SourceRun> {
    if (taken.size > 0) this.sorted = undefined;
    const isSame = [...taken].every(([path, { sourceRun }]) => before.get(path)?.sourceRun === sourceRun);
    if (this.known && isSame && places === this.places) {
      for (const [path, known] of taken) this.known.set(path, known);
      return this.sourceRuns;
    }
    this.places = places;
    this.known = new Map();
    this.sourceRuns = new Map();
    for (const { path } of places) {
      const known = taken.get(path) ?? before.get(path);
      if (!known) continue;
      this.known.set(path, known);
      this.sourceRuns.set(path, known.sourceRun);
    }
    for (const path of [...this.restless.keys()]) if (!this.known.has(path)) this.restless.delete(path);
    return this.sourceRuns;
  }

  /** Of very many folders this alone takes as long as a request may wait: it is kept while nothing changes. */
  private byUrgency(places: readonly RunLocation[], requiredIds: ReadonlySet<string>): ByUrgency<RunLocation> {
    const { sorted } = this;
    const mayHaveChanged = places !== this.places || this.restless.size > 0 || this.running.list().length > 0;
    if (sorted && !mayHaveChanged && isDeepStrictEqual(sorted.requiredIds, requiredIds)) return sorted.found;
    const found = sortByUrgency(places, (place) => this.urgencyOf(place, requiredIds));
    this.sorted = { requiredIds, found };
    return found;
  }

  private urgencyOf({ path }: RunLocation, requiredIds: ReadonlySet<string>): Urgency {
    const known = this.known?.get(path);
    if (!known || known.fingerprint === undefined || this.running.find(path) || this.isRestless(path)) return 'now';
    const { run } = known.sourceRun;
    if (run && requiredIds.has(run.run_id)) return 'now';
    // What is not finished, or no run yet, is what its trainer writes next.
    return run?.status === 'FINISHED' && known.retryAtMs === Infinity ? 'sometime' : 'soon';
  }

  private isRestless(path: string): boolean {
    const untilMs = this.restless.get(path);
    if (untilMs === undefined) return false;
    if (performance.now() < untilMs) return true;
    this.restless.delete(path);
    return false;
  }

  /** @returns whether the folder is being checked as it is now, or its check has just been taken. */
  private takeChecked(
    { path }: RunLocation,
    fingerprint: string | undefined,
    known: Known | undefined,
    taken: Map<string, Known>,
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
    taken.set(path, keepSame(known, toKnown(fingerprint, check.result)));
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
