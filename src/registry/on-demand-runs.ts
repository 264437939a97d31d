import { Injectable } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import { AppError } from '../domain/app-error.js';
import { RunError, mayPassLater } from '../domain/verdict.js';
import { MemoryBudget } from '../engines/memory/memory-budget.js';
import type { RegisteredRun } from './state/registered-run.js';
import { reasonOfFailure } from './loading/failure-reason.js';
import { RunLoader } from './loading/run-loader.js';
import type { LoadedRun } from './loading/loaded-run.js';

interface Entry {
  readonly registered: RegisteredRun;
  readonly loaded: Promise<LoadedRun>;
  /** The same once it has arrived. */
  ready?: LoadedRun;
  /** Requests using it now: it is not released under them. */
  users: number;
  /** The store holds something else under its id now, or it serves as the best run of its model. */
  isStale: boolean;
}

/**
 * Runs that are not the best of their model and are requested by id: loaded on first use; the least recently used are
 * released when there are too many, or when memory is needed for another model.
 */
@Injectable()
export class OnDemandRuns {
  private readonly loadedById = new Map<string, Entry>();
  private readonly stale = new Set<Entry>();

  constructor(
    private readonly loader: RunLoader,
    private readonly config: AppConfig,
    memory: MemoryBudget,
  ) {
    memory.onShortage(() => this.releaseOldest());
  }

  /**
   * Runs `work` with the loaded run.
   *
   * @throws AppError RUN_NOT_SERVABLE when it cannot be loaded or fails its own examples.
   */
  async use<T>(registered: RegisteredRun, work: (loaded: LoadedRun) => Promise<T>): Promise<T> {
    const entry = this.take(registered);
    entry.users++;
    try {
      entry.ready = await entry.loaded;
      return await work(entry.ready);
    } finally {
      entry.users--;
      await this.evict();
    }
  }

  /** Gives a run back that must not be used any more, once no request uses it. */
  async discard(loaded: LoadedRun): Promise<RegisteredRun | undefined> {
    const entry = [...this.loadedById.values()].find(({ ready }) => ready === loaded);
    if (!entry) return undefined;
    entry.isStale = true;
    await this.evict();
    return entry.registered;
  }

  /** The run if it is in memory now. */
  find(runId: string): LoadedRun | undefined {
    return this.loadedById.get(runId)?.ready;
  }

  /** Releases runs that are no longer needed here, once no request uses them. */
  async retain(mustRetain: (registered: RegisteredRun) => boolean): Promise<void> {
    for (const entry of this.loadedById.values()) entry.isStale ||= !mustRetain(entry.registered);
    await this.evict();
  }

  /** Gives every run back. */
  async close(): Promise<void> {
    const all = [...this.loadedById.values(), ...this.stale];
    this.loadedById.clear();
    this.stale.clear();
    await Promise.all(all.map(tryRelease));
  }

  private take(registered: RegisteredRun): Entry {
    const id = registered.run.run_id;
    const known = this.loadedById.get(id);
    if (known && known.registered !== registered) known.isStale = true;
    const entry: Entry = known?.isStale === false ? known : this.begin(registered);
    // Deleted first, so that the map's order stays the order of last use.
    this.loadedById.delete(id);
    this.loadedById.set(id, entry);
    return entry;
  }

  private begin(registered: RegisteredRun): Entry {
    const id = registered.run.run_id;
    const known = this.loadedById.get(id);
    // The stale entry is released by its last user.
    if (known) this.stale.add(known);
    return { registered, loaded: this.load(registered), users: 0, isStale: false };
  }

  private async load(registered: RegisteredRun): Promise<LoadedRun> {
    const { run, sourceRun } = registered;
    registered.state = 'loading';
    try {
      const loaded = await this.loader.load(sourceRun, run, registered.card);
      registered.updateFrom(loaded);
      // It may have become the best of its model meanwhile.
      if (registered.state === 'loading') registered.state = 'loaded';
      return loaded;
    } catch (error) {
      if (this.loadedById.get(run.run_id)?.registered === registered) this.loadedById.delete(run.run_id);
      registered.state = 'checked';
      if (error instanceof AppError) throw error;
      // It is the moment that has no room for it.
      const isShortage = error instanceof RunError && error.code === 'MEMORY_EXCEEDED';
      if (!isShortage) registered.reject(reasonOfFailure(error, run.run_id), { isTransient: mayPassLater(error) });
      if (!(error instanceof RunError)) throw error;
      throw new AppError(
        'RUN_NOT_SERVABLE',
        { runId: run.run_id, reason: `${error.code}: ${error.message}` },
        { cause: error },
      );
    }
  }

  /** Releases the run that was used longest ago and that no request uses now. @returns whether there was one. */
  private async releaseOldest(): Promise<boolean> {
    const oldest = [...this.loadedById].find(([, { users, ready }]) => users === 0 && ready !== undefined);
    if (!oldest) return false;
    this.loadedById.delete(oldest[0]);
    await tryRelease(oldest[1]);
    return true;
  }

  private async evict(): Promise<void> {
    for (const entry of this.stale) {
      if (entry.users > 0) continue;
      this.stale.delete(entry);
      await tryRelease(entry);
    }
    for (const [id, entry] of this.loadedById) {
      if (entry.users > 0 || (!entry.isStale && this.loadedById.size <= this.config.maxOnDemandRuns)) continue;
      this.loadedById.delete(id);
      await tryRelease(entry);
    }
  }
}

/** A run that failed to load has nothing to release. */
async function tryRelease({ registered, loaded }: Entry): Promise<void> {
  const run = await loaded.catch(() => undefined);
  if (!run) return;
  // What serves as the best run of its model goes on serving there.
  if (registered.state === 'loaded') registered.state = 'checked';
  await run.release();
}
