import { Injectable } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import { AppError } from '../domain/app-error.js';
import { RunProblem, reason } from '../domain/verdict.js';
import type { RegisteredRun } from './state/registered-run.js';
import { RunLoader } from './loading/run-loader.js';
import type { ServedRun } from './loading/loaded-run.js';

interface Loaded {
  readonly registered: RegisteredRun;
  readonly served: Promise<ServedRun>;
  /** The same once it has arrived. */
  ready?: ServedRun;
  /** Requests using it now: it is not released under them. */
  users: number;
  /** The store holds something else under its id now, or it serves as the best run of its model. */
  isOutdated: boolean;
}

/**
 * Runs that are not the best of their model but are asked by their id: loaded on first use, the least recently used
 * given back when there are too many.
 */
@Injectable()
export class ExtraRuns {
  private readonly loadedById = new Map<string, Loaded>();
  private readonly outdated = new Set<Loaded>();

  constructor(
    private readonly loader: RunLoader,
    private readonly config: AppConfig,
  ) {}

  /**
   * Runs `work` with the loaded run.
   *
   * @throws AppError RUN_NOT_SERVABLE when it cannot be loaded or fails its own examples.
   */
  async use<T>(registered: RegisteredRun, work: (served: ServedRun) => Promise<T>): Promise<T> {
    const loaded = this.take(registered);
    loaded.users++;
    try {
      loaded.ready = await loaded.served;
      return await work(loaded.ready);
    } finally {
      loaded.users--;
      await this.shrink();
    }
  }

  /** The run if it is in memory now. */
  find(runId: string): ServedRun | undefined {
    return this.loadedById.get(runId)?.ready;
  }

  /** Gives back runs that are not wanted here any more, once nobody uses them. */
  async retain(isWanted: (registered: RegisteredRun) => boolean): Promise<void> {
    for (const loaded of this.loadedById.values()) loaded.isOutdated ||= !isWanted(loaded.registered);
    await this.shrink();
  }

  /** Gives every run back. */
  async close(): Promise<void> {
    const all = [...this.loadedById.values(), ...this.outdated];
    this.loadedById.clear();
    this.outdated.clear();
    await Promise.all(all.map(releaseQuietly));
  }

  private take(registered: RegisteredRun): Loaded {
    const id = registered.run.run_id;
    const known = this.loadedById.get(id);
    if (known && known.registered !== registered) known.isOutdated = true;
    const loaded: Loaded = known?.isOutdated === false ? known : this.begin(registered);
    // Deleted first, so that the map's order stays the order of last use.
    this.loadedById.delete(id);
    this.loadedById.set(id, loaded);
    return loaded;
  }

  private begin(registered: RegisteredRun): Loaded {
    const id = registered.run.run_id;
    const known = this.loadedById.get(id);
    // The outdated one is given back by whoever uses it last.
    if (known) this.outdated.add(known);
    return { registered, served: this.load(registered), users: 0, isOutdated: false };
  }

  private async load(registered: RegisteredRun): Promise<ServedRun> {
    const { run, sourced } = registered;
    registered.state = 'loading';
    try {
      const served = await this.loader.load(sourced, run);
      registered.learn(served);
      // It may have become the best of its model meanwhile.
      if (registered.state === 'loading') registered.state = 'loaded';
      return served;
    } catch (error) {
      if (this.loadedById.get(run.run_id)?.registered === registered) this.loadedById.delete(run.run_id);
      registered.state = 'checked';
      if (!(error instanceof RunProblem)) throw error;
      registered.reject(reason(error.code, error.message));
      throw new AppError(
        'RUN_NOT_SERVABLE',
        { runId: run.run_id, reason: `${error.code}: ${error.message}` },
        { cause: error },
      );
    }
  }

  private async shrink(): Promise<void> {
    for (const loaded of this.outdated) {
      if (loaded.users > 0) continue;
      this.outdated.delete(loaded);
      await releaseQuietly(loaded);
    }
    for (const [id, loaded] of this.loadedById) {
      if (loaded.users > 0 || (!loaded.isOutdated && this.loadedById.size <= this.config.maxExtraRuns)) continue;
      this.loadedById.delete(id);
      await releaseQuietly(loaded);
    }
  }
}

/** A run that never loaded has nothing to give back. */
async function releaseQuietly({ registered, served }: Loaded): Promise<void> {
  const run = await served.catch(() => undefined);
  if (!run) return;
  // What serves as the best run of its model goes on serving there.
  if (registered.state === 'loaded') registered.state = 'checked';
  await run.release();
}
