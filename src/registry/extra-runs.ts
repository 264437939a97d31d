import { AppError } from '../domain/app-error.js';
import { RunProblem, reason } from '../domain/verdict.js';
import type { RegisteredRun } from './registered-run.js';
import type { RunLoader } from './run-loader.js';
import type { ServedRun } from './served-run.js';

interface Loaded {
  readonly registered: RegisteredRun;
  readonly served: Promise<ServedRun>;
  /** The same once it has arrived. */
  ready?: ServedRun;
  /** Requests using it now: it is not released under them. */
  users: number;
}

/**
 * Runs that are not the best of their model but are asked by their id: loaded on first use, the least recently used
 * given back when there are too many.
 */
export class ExtraRuns {
  private readonly loadedById = new Map<string, Loaded>();

  constructor(
    private readonly loader: Pick<RunLoader, 'load'>,
    private readonly limit: number,
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

  /** Gives every run back. */
  async close(): Promise<void> {
    const all = [...this.loadedById.values()];
    this.loadedById.clear();
    await Promise.all(all.map(releaseQuietly));
  }

  private take(registered: RegisteredRun): Loaded {
    const id = registered.run.run_id;
    const loaded = this.loadedById.get(id) ?? { registered, served: this.load(registered), users: 0 };
    // Deleted first, so that the map's order stays the order of last use.
    this.loadedById.delete(id);
    this.loadedById.set(id, loaded);
    return loaded;
  }

  private async load(registered: RegisteredRun): Promise<ServedRun> {
    const { run, sourced } = registered;
    registered.state = 'loading';
    try {
      const served = await this.loader.load(sourced, run);
      registered.learn(served.run);
      registered.state = 'serving';
      return served;
    } catch (error) {
      this.loadedById.delete(run.run_id);
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
    for (const [id, loaded] of this.loadedById) {
      if (this.loadedById.size <= this.limit) return;
      if (loaded.users > 0) continue;
      this.loadedById.delete(id);
      await releaseQuietly(loaded);
    }
  }
}

/** A run that never loaded has nothing to give back. */
async function releaseQuietly({ registered, served }: Loaded): Promise<void> {
  const run = await served.catch(() => undefined);
  if (!run) return;
  registered.state = 'checked';
  await run.release();
}
