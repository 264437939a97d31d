import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import { AppError } from '../domain/app-error.js';
import type { HistoryEvent } from '../domain/model-state.js';
import { truncate } from '../lib/truncate.js';
import { MemoryBudget } from '../engines/memory/memory-budget.js';
import { ModelHost } from '../engines/model-host.js';
import type { ThreadCounts } from '../engines/model-host.js';
import type { SourceModel } from '../sources/run-source.js';
import { ModelHistory } from './history/model-history.js';
import { OnDemandRuns } from './on-demand-runs.js';
import type { Best, RegisteredModel, RegisteredRun } from './state/registered-run.js';
import { RegistryState } from './state/registry-state.js';
import { formatReport } from './selection/verdict-table.js';
import type { LoadedRun } from './loading/loaded-run.js';
import { unservedReason } from './unserved-reason.js';

const NO_MODELS = 'there are no models in the store.';
const NOT_IN_STORE = 'it is not in the store.';

/** A model that has a run to answer with. */
export type ReadyModel = RegisteredModel & { readonly best: Best };

/**
 * What is known and what is loaded: the one service all modules share. It only reads; `RefreshService` keeps the state
 * up to date, before the port opens and from then on, and `PromotionService` changes the runs that serve.
 *
 * A caller that got a model's best run must enqueue its rows before the next `await`: a later cutover waits for
 * enqueued rows.
 */
@Injectable()
export class ModelRegistryService implements OnApplicationShutdown {
  constructor(
    private readonly registryState: RegistryState,
    private readonly onDemandRuns: OnDemandRuns,
    private readonly host: ModelHost,
    private readonly config: AppConfig,
    private readonly modelHistory: ModelHistory,
    private readonly memory: MemoryBudget,
  ) {
    registryState.onChange(() => {
      // A run that is gone, changed, or is now the best of its model is no longer an on-demand run.
      const isOnDemand = (registered: RegisteredRun) =>
        registryState.runsById.get(registered.run.run_id) === registered && !this.isBest(registered);
      void this.onDemandRuns.retain(isOnDemand);
    });
  }

  /** Calls `listener` after each change of what is served: another run, another card, a model more or less. */
  onChange(listener: () => void): void {
    this.registryState.onChange(listener);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.onDemandRuns.close();
    await this.host.close();
  }

  /** Every model with a usable card, the default one first, then by name. */
  listModels(): readonly RegisteredModel[] {
    return this.registryState.models;
  }

  /** Models of which a run is loaded, in the same order. */
  listReadyModels(): readonly ReadyModel[] {
    return this.registryState.models.filter((model): model is ReadyModel => model.best !== undefined);
  }

  /** Models whose card cannot be used, with the reasons. */
  listBrokenModels(): readonly SourceModel[] {
    return this.registryState.brokenModels;
  }

  /** Every readable run: the default model's first, then by model; within a model by rank. */
  listRuns(): readonly RegisteredRun[] {
    return this.registryState.models.flatMap((model) => model.runs);
  }

  /** @throws AppError MODEL_NOT_FOUND. */
  getModel(name: string): RegisteredModel {
    const model = this.registryState.modelsByName.get(name);
    if (model) return model;
    throw new AppError('MODEL_NOT_FOUND', {
      model: truncate(name),
      known: [...this.registryState.modelsByName.keys()].join(', ') || 'none',
    });
  }

  /** @throws AppError MODEL_NOT_FOUND, or MODEL_NOT_READY when none of its runs could be loaded. */
  getReadyModel(name: string): ReadyModel {
    return requireReady(this.getModel(name));
  }

  /**
   * The model that the short routes use: the configured one, else the first by name that is served.
   *
   * @throws AppError MODEL_NOT_READY, or NOTHING_TO_SERVE when there are no models at all.
   */
  getDefaultModel(): ReadyModel {
    const model = this.findDefaultModel();
    if (model) return requireReady(model);
    const { defaultModel } = this.config;
    if (defaultModel === undefined) throw new AppError('NOTHING_TO_SERVE', { reason: NO_MODELS });
    throw new AppError('MODEL_NOT_READY', { model: defaultModel, reason: NOT_IN_STORE });
  }

  /** The default model, whether or not it is served; undefined when it is not in the store. */
  findDefaultModel(): RegisteredModel | undefined {
    const { defaultModel } = this.config;
    if (defaultModel !== undefined) return this.registryState.modelsByName.get(defaultModel);
    return this.listReadyModels()[0] ?? this.registryState.models[0];
  }

  /**
   * Models of which a run is loaded, for a request that any of them may answer.
   *
   * @throws AppError NOTHING_TO_SERVE when there are none.
   */
  requireServedModels(): readonly ReadyModel[] {
    const models = this.listReadyModels();
    if (models.length > 0) return models;
    throw new AppError('NOTHING_TO_SERVE', { reason: this.whyNothing() });
  }

  /** Why no model can be served, in a sentence that anybody may read; undefined when one can and the default one is there. */
  get whyNotReady(): string | undefined {
    const { defaultModel } = this.config;
    if (this.listReadyModels().length === 0) return this.whyNothing();
    if (defaultModel === undefined || this.registryState.modelsByName.has(defaultModel)) return undefined;
    return `the default model "${defaultModel}": ${NOT_IN_STORE}`;
  }

  /** Bytes that models take in this process, and may take; null without limit. */
  get modelMemory(): { readonly limitBytes: number | null; readonly bytes: number } {
    const { limitBytes, reservedBytes } = this.memory;
    return { limitBytes: Number.isFinite(limitBytes) ? limitBytes : null, bytes: reservedBytes };
  }

  /** @throws AppError RUN_NOT_FOUND. */
  getRun(runId: string): RegisteredRun {
    const run = this.registryState.runsById.get(runId);
    if (run) return run;
    throw new AppError('RUN_NOT_FOUND', { runId: truncate(runId) });
  }

  /** Whether a run is the one its model is served with. */
  isBest(registered: RegisteredRun): boolean {
    return this.findBest(registered) !== undefined;
  }

  /** The run in memory, if it is loaded now: as the best of its model, or on demand. */
  findLoaded(registered: RegisteredRun): LoadedRun | undefined {
    return this.findBest(registered) ?? this.onDemandRuns.find(registered.run.run_id);
  }

  /**
   * Runs `work` with any run of the store, loading it first when it is not the best one.
   *
   * @throws AppError RUN_NOT_SERVABLE with the reason of its verdict.
   */
  useRun<T>(registered: RegisteredRun, work: (loaded: LoadedRun) => Promise<T>): Promise<T> {
    const best = this.findBest(registered);
    if (best) return work(best);
    const { brokenBy, run } = registered;
    if (brokenBy) {
      throw new AppError('RUN_NOT_SERVABLE', { runId: run.run_id, reason: `${brokenBy.code}: ${brokenBy.message}` });
    }
    return this.onDemandRuns.use(registered, work);
  }

  /** Why pins and history cannot be written or read now, a sentence that anybody may read. */
  get stateProblem(): string | undefined {
    return this.modelHistory.problem;
  }

  /** What happened to a model, newest first. @throws AppError MODEL_NOT_FOUND. */
  async readHistory(name: string): Promise<readonly HistoryEvent[]> {
    return this.modelHistory.listEvents(this.getModel(name));
  }

  /** The threads that compute; undefined where there are none. */
  get threadCounts(): ThreadCounts | undefined {
    return this.host.threadCounts;
  }

  /** Why nothing can be computed any more as it should, a sentence that anybody may read; undefined while it can. */
  get computeProblem(): string | undefined {
    return this.host.problem;
  }

  /** The verdicts as a table for people. */
  report(): string {
    return formatReport(this.registryState.models, this.registryState.brokenModels);
  }

  private whyNothing(): string {
    const [model] = this.registryState.models;
    if (model) return `model "${model.card.name}": ${unservedReason(model)}`;
    const [broken] = this.registryState.brokenModels;
    return broken ? `the card of "${broken.location}" cannot be used; the log says why.` : NO_MODELS;
  }

  private findBest(registered: RegisteredRun): LoadedRun | undefined {
    const best = this.registryState.modelsByName.get(registered.card.name)?.best;
    return best?.registered === registered ? best.loaded : undefined;
  }
}

function requireReady(model: RegisteredModel): ReadyModel {
  if (model.best) return model as ReadyModel;
  throw new AppError('MODEL_NOT_READY', { model: model.card.name, reason: unservedReason(model) });
}
