import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import { AppError } from '../domain/app-error.js';
import { shorten } from '../domain/shorten.js';
import { RunProblem, reason } from '../domain/verdict.js';
import { ModelHost } from '../engines/model-host.js';
import { RunSource } from '../sources/run-source.js';
import type { SourcedModel } from '../sources/run-source.js';
import { ExtraRuns } from './extra-runs.js';
import { NothingToServeError } from './nothing-to-serve.error.js';
import { registerModel } from './register-model.js';
import type { RegisteredModel, RegisteredRun } from './registered-run.js';
import { formatReport } from './report.js';
import { RunLoader } from './run-loader.js';
import type { ServedRun } from './served-run.js';

/** A model that has a run to answer with. */
export type ServedModel = RegisteredModel & { readonly best: NonNullable<RegisteredModel['best']> };

/**
 * What is known and what is loaded: the one service every room shares. At bootstrap, before the port opens, it reads
 * the store, judges every run, and loads the best run of each model; a run that fails gives way to the next best.
 */
@Injectable()
export class ModelRegistryService implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(ModelRegistryService.name);
  private models: readonly RegisteredModel[] = [];
  private brokenModels: readonly SourcedModel[] = [];
  private modelsByName: ReadonlyMap<string, RegisteredModel> = new Map();
  private runsById: ReadonlyMap<string, RegisteredRun> = new Map();
  private readonly extraRuns: ExtraRuns;

  constructor(
    private readonly source: RunSource,
    private readonly loader: RunLoader,
    private readonly host: ModelHost,
    private readonly config: AppConfig,
  ) {
    this.extraRuns = new ExtraRuns(loader, config.maxExtraRuns);
  }

  /** @throws NothingToServeError when no model has a run that can be served, or the default model is not there. */
  async onModuleInit(): Promise<void> {
    await this.readStore();
    await Promise.all(this.models.map((model) => this.serveBest(model)));
    if (this.models.some((model) => model.best)) return;
    throw new NothingToServeError(`Nothing can be served from ${this.source.description}.\n\n${this.report()}`);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.extraRuns.close();
    await this.host.close();
  }

  /** Every model with a usable card, the default one first, then by name. */
  listModels(): readonly RegisteredModel[] {
    return this.models;
  }

  /** Models of which a run is loaded, in the same order. */
  listServedModels(): readonly ServedModel[] {
    return this.models.filter((model): model is ServedModel => model.best !== undefined);
  }

  /** Models whose card cannot be used, with the reasons. */
  listBrokenModels(): readonly SourcedModel[] {
    return this.brokenModels;
  }

  /** Every readable run: the default model's first, then by model; within a model by rank. */
  listRuns(): readonly RegisteredRun[] {
    return this.models.flatMap((model) => model.runs);
  }

  /** @throws AppError MODEL_NOT_FOUND. */
  getModel(name: string): RegisteredModel {
    const model = this.modelsByName.get(name);
    if (model) return model;
    throw new AppError('MODEL_NOT_FOUND', { model: shorten(name), known: [...this.modelsByName.keys()].join(', ') });
  }

  /** @throws AppError MODEL_NOT_FOUND, or MODEL_NOT_READY when none of its runs could be loaded. */
  getServedModel(name: string): ServedModel {
    return requireServed(this.getModel(name));
  }

  /**
   * The model that the short routes use: the configured one, else the first by name that is served.
   *
   * @throws AppError MODEL_NOT_READY.
   */
  getDefaultModel(): ServedModel {
    return requireServed(this.findDefaultModel());
  }

  /** The default model, whether or not it is served. */
  findDefaultModel(): RegisteredModel {
    const firstServed = this.config.defaultModel === undefined ? this.listServedModels()[0] : undefined;
    return firstServed ?? this.models[0]!;
  }

  /** @throws AppError RUN_NOT_FOUND. */
  getRun(runId: string): RegisteredRun {
    const run = this.runsById.get(runId);
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
  async useRun<T>(registered: RegisteredRun, work: (served: ServedRun) => Promise<T>): Promise<T> {
    const best = this.findBest(registered);
    if (best) return work(best);
    const { brokenBy, run } = registered;
    if (brokenBy) {
      throw new AppError('RUN_NOT_SERVABLE', { runId: run.run_id, reason: `${brokenBy.code}: ${brokenBy.message}` });
    }
    return this.extraRuns.use(registered, work);
  }

  /** The verdicts as a table for people. */
  report(): string {
    return formatReport(this.models, this.brokenModels);
  }

  private findBest(registered: RegisteredRun): ServedRun | undefined {
    const best = this.modelsByName.get(registered.card.name)?.best;
    return best?.registered === registered ? best.served : undefined;
  }

  private async readStore(): Promise<void> {
    const sourced = await this.source.listModels();
    for (const notice of this.source.notices) this.logger.warn(notice);
    const takenIds = new Set<string>();
    const models = sourced.flatMap((model) => (model.card ? registerModel(model.card, model, takenIds) : []));
    this.brokenModels = sourced.filter((model) => !model.card);
    for (const { place, problems } of this.brokenModels) this.logger.warn(`Model ${place}: ${problems.join(' ')}`);
    this.models = withDefaultFirst(models, this.config.defaultModel);
    this.modelsByName = new Map(this.models.map((model) => [model.card.name, model]));
    this.runsById = new Map(this.listRuns().map((registered) => [registered.run.run_id, registered]));
  }

  private async serveBest(model: RegisteredModel): Promise<void> {
    const { name } = model.card;
    for (const { place, reasons } of model.unreadable) {
      for (const { code, message } of reasons) this.logger.warn(`Run ${place} is not eligible: ${code}: ${message}`);
    }
    for (const registered of model.runs.filter((run) => run.verdict.eligible)) {
      const served = await this.tryToLoad(registered);
      if (!served) continue;
      model.best = { registered, served };
      const { metric } = model.card.selection;
      this.logger.log(
        `Model ${name} is served by run ${registered.run.run_id} (${metric} ${registered.value ?? 'none'}, ${served.backend})`,
      );
      return;
    }
    this.logger.error(`Model ${name} has no run that can be served`);
  }

  private async tryToLoad(registered: RegisteredRun): Promise<ServedRun | undefined> {
    registered.state = 'loading';
    try {
      const served = await this.loader.load(registered.sourced, registered.run);
      registered.learn(served.run);
      registered.state = 'serving';
      return served;
    } catch (error) {
      const problem =
        error instanceof RunProblem
          ? reason(error.code, error.message)
          : reason('LOAD_FAILED', 'The run could not be loaded.');
      registered.reject(problem);
      this.logger.warn(`Run ${registered.run.run_id} is not eligible: ${problem.code}: ${problem.message}`, error);
      return undefined;
    }
  }
}

function requireServed(model: RegisteredModel): ServedModel {
  if (model.best) return model as ServedModel;
  const first = model.runs[0]?.verdict.reasons[0] ?? model.unreadable[0]?.reasons[0];
  throw new AppError('MODEL_NOT_READY', {
    model: model.card.name,
    reason: first ? `${first.code}: ${first.message}` : 'it has no runs.',
  });
}

function withDefaultFirst(models: RegisteredModel[], wanted: string | undefined): RegisteredModel[] {
  const sorted = [...models].sort((a, b) => (a.card.name < b.card.name ? -1 : 1));
  if (wanted === undefined) return sorted;
  const chosen = sorted.find((model) => model.card.name === wanted);
  if (chosen) return [chosen, ...sorted.filter((model) => model !== chosen)];
  const known = sorted.map((model) => model.card.name).join(', ') || 'none';
  throw new NothingToServeError(`DEFAULT_MODEL names a model that is not in the store. Known models: ${known}.`);
}
