import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import { AppError } from '../domain/app-error.js';
import type { HistoryEvent } from '../domain/model-state.js';
import { shorten } from '../lib/truncate.js';
import { ModelHost } from '../engines/model-host.js';
import type { SourcedModel } from '../sources/run-source.js';
import { Chronicle } from './history/model-history.js';
import { ExtraRuns } from './on-demand-runs.js';
import type { Best, RegisteredModel, RegisteredRun } from './state/registered-run.js';
import { RegistryContents } from './state/registry-state.js';
import { formatReport } from './selection/verdict-table.js';
import type { ServedRun } from './loading/loaded-run.js';

const NO_MODELS = 'there are no models in the store.';
const NOT_IN_STORE = 'it is not in the store.';

/** A model that has a run to answer with. */
export type ServedModel = RegisteredModel & { readonly best: Best };

/**
 * What is known and what is loaded: the one service every room shares. It reads; `RefreshService` keeps what it reads up
 * to date, before the port opens and from then on, and `PromotionService` swaps the runs that serve.
 *
 * Who is given a model's best run must hand rows to it before the next `await`: from then on a swap waits for them.
 */
@Injectable()
export class ModelRegistryService implements OnApplicationShutdown {
  constructor(
    private readonly contents: RegistryContents,
    private readonly extraRuns: ExtraRuns,
    private readonly host: ModelHost,
    private readonly config: AppConfig,
    private readonly chronicle: Chronicle,
  ) {
    contents.onChange(() => {
      // What is gone, changed, or serves as the best one of its model now needs no place among the extra runs.
      const isExtra = (registered: RegisteredRun) =>
        contents.runsById.get(registered.run.run_id) === registered && !this.isBest(registered);
      void this.extraRuns.retain(isExtra);
    });
  }

  /** Calls `listener` after each change of what is served: another run, another card, a model more or less. */
  onChange(listener: () => void): void {
    this.contents.onChange(listener);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.extraRuns.close();
    await this.host.close();
  }

  /** Every model with a usable card, the default one first, then by name. */
  listModels(): readonly RegisteredModel[] {
    return this.contents.models;
  }

  /** Models of which a run is loaded, in the same order. */
  listServedModels(): readonly ServedModel[] {
    return this.contents.models.filter((model): model is ServedModel => model.best !== undefined);
  }

  /** Models whose card cannot be used, with the reasons. */
  listBrokenModels(): readonly SourcedModel[] {
    return this.contents.brokenModels;
  }

  /** Every readable run: the default model's first, then by model; within a model by rank. */
  listRuns(): readonly RegisteredRun[] {
    return this.contents.models.flatMap((model) => model.runs);
  }

  /** @throws AppError MODEL_NOT_FOUND. */
  getModel(name: string): RegisteredModel {
    const model = this.contents.modelsByName.get(name);
    if (model) return model;
    throw new AppError('MODEL_NOT_FOUND', {
      model: shorten(name),
      known: [...this.contents.modelsByName.keys()].join(', ') || 'none',
    });
  }

  /** @throws AppError MODEL_NOT_FOUND, or MODEL_NOT_READY when none of its runs could be loaded. */
  getServedModel(name: string): ServedModel {
    return requireServed(this.getModel(name));
  }

  /**
   * The model that the short routes use: the configured one, else the first by name that is served.
   *
   * @throws AppError MODEL_NOT_READY, or NOTHING_TO_SERVE when there are no models at all.
   */
  getDefaultModel(): ServedModel {
    const model = this.findDefaultModel();
    if (model) return requireServed(model);
    const { defaultModel } = this.config;
    if (defaultModel === undefined) throw new AppError('NOTHING_TO_SERVE', { reason: NO_MODELS });
    throw new AppError('MODEL_NOT_READY', { model: defaultModel, reason: NOT_IN_STORE });
  }

  /** The default model, whether or not it is served; undefined when it is not in the store. */
  findDefaultModel(): RegisteredModel | undefined {
    const { defaultModel } = this.config;
    if (defaultModel !== undefined) return this.contents.modelsByName.get(defaultModel);
    return this.listServedModels()[0] ?? this.contents.models[0];
  }

  /**
   * Models of which a run is loaded, for a request that any of them may answer.
   *
   * @throws AppError NOTHING_TO_SERVE when there are none.
   */
  requireServedModels(): readonly ServedModel[] {
    const models = this.listServedModels();
    if (models.length > 0) return models;
    throw new AppError('NOTHING_TO_SERVE', { reason: this.whyNothing() });
  }

  /** Why no model can be served, in a sentence that anybody may read; undefined when one can and the default one is there. */
  get whyNotReady(): string | undefined {
    const { defaultModel } = this.config;
    if (this.listServedModels().length === 0) return this.whyNothing();
    if (defaultModel === undefined || this.contents.modelsByName.has(defaultModel)) return undefined;
    return `the default model "${defaultModel}": ${NOT_IN_STORE}`;
  }

  /** @throws AppError RUN_NOT_FOUND. */
  getRun(runId: string): RegisteredRun {
    const run = this.contents.runsById.get(runId);
    if (run) return run;
    throw new AppError('RUN_NOT_FOUND', { runId: shorten(runId) });
  }

  /** Whether a run is the one its model is served with. */
  isBest(registered: RegisteredRun): boolean {
    return this.findBest(registered) !== undefined;
  }

  /** The run in memory, if it is loaded now: as the best of its model, or because somebody asked for it. */
  findServed(registered: RegisteredRun): ServedRun | undefined {
    return this.findBest(registered) ?? this.extraRuns.find(registered.run.run_id);
  }

  /**
   * Runs `work` with any run of the store, loading it first when it is not the best one.
   *
   * @throws AppError RUN_NOT_SERVABLE with the reason of its verdict.
   */
  useRun<T>(registered: RegisteredRun, work: (served: ServedRun) => Promise<T>): Promise<T> {
    const best = this.findBest(registered);
    if (best) return work(best);
    const { brokenBy, run } = registered;
    if (brokenBy) {
      throw new AppError('RUN_NOT_SERVABLE', { runId: run.run_id, reason: `${brokenBy.code}: ${brokenBy.message}` });
    }
    return this.extraRuns.use(registered, work);
  }

  /** What happened to a model, newest first. @throws AppError MODEL_NOT_FOUND. */
  async readHistory(name: string): Promise<readonly HistoryEvent[]> {
    return (await this.chronicle.read(this.getModel(name))).history;
  }

  /** The verdicts as a table for people. */
  report(): string {
    return formatReport(this.contents.models, this.contents.brokenModels);
  }

  private whyNothing(): string {
    const [model] = this.contents.models;
    if (model) return `model "${model.card.name}": ${reasonOf(model)}`;
    const [broken] = this.contents.brokenModels;
    return broken ? `the card of "${broken.place}" cannot be used; the log says why.` : NO_MODELS;
  }

  private findBest(registered: RegisteredRun): ServedRun | undefined {
    const best = this.contents.modelsByName.get(registered.card.name)?.best;
    return best?.registered === registered ? best.served : undefined;
  }
}

function requireServed(model: RegisteredModel): ServedModel {
  if (model.best) return model as ServedModel;
  throw new AppError('MODEL_NOT_READY', { model: model.card.name, reason: reasonOf(model) });
}

function reasonOf({ runs, unreadable }: RegisteredModel): string {
  const first = runs[0]?.verdict.reasons[0] ?? unreadable[0]?.reasons[0];
  return first ? `${first.code}: ${first.message}` : 'it has no runs.';
}
