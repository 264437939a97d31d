import { isDeepStrictEqual } from 'node:util';

import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';

import { AppConfig } from '../../config/app-config.js';
import { AppError } from '../../domain/app-error.js';
import type { ModelCard } from '../../domain/card.js';
import { SerialQueue } from '../../lib/serial-queue.js';
import { RunSource } from '../../sources/run-source.js';
import type { SourceModel, SourceStatus } from '../../sources/run-source.js';
import { ModelHistory } from '../history/model-history.js';
import { NothingToServeError } from './nothing-to-serve.error.js';
import { PromotionService } from '../promotion/promotion.service.js';
import { newModel, registerRuns } from './register-runs.js';
import type { RegisteredRuns } from './register-runs.js';
import type { RegisteredModel } from '../state/registered-run.js';
import { RegistryState } from '../state/registry-state.js';
import { formatReport } from '../selection/verdict-table.js';
import { resolveDuplicateRunIds } from './duplicate-run-ids.js';
import type { IdHolders } from './duplicate-run-ids.js';
import { examinationHints } from './examination-hints.js';
import { onRefreshBroadcast, broadcastRefresh } from './cluster-messages.js';
import { EligibilityLogger } from './eligibility-logger.js';

/** What a refresh did to one model. */
interface RefreshedModel {
  readonly model: string;
  /** null when no run can be served. */
  readonly run_id: string | null;
  /** Run that served before; null when nothing changed. */
  readonly previous_run_id: string | null;
}

const NO_MODELS = 'There are no models in the store.';
const NOT_READABLE = 'The store cannot be read; the log says why.';
/** Hints of a change come in bursts: a folder that is copied gives one per file. */
const HINT_PAUSE_MS = 250;

/**
 * Polls the store: at the start, every `REFRESH_INTERVAL_MS`, when the source hints at a change, and on request. One
 * poll at a time; requests during one share the next. A store that cannot be read changes nothing.
 *
 * Work on one model (reconciling it, a person's decision) runs in that model's queue, so that neither a hanging store
 * nor the download of another model delays it.
 */
@Injectable()
export class RefreshService implements BeforeApplicationShutdown {
  private readonly logger = new Logger(RefreshService.name);
  private readonly pollQueue = new SerialQueue();
  private readonly queueByModel = new WeakMap<RegisteredModel, SerialQueue>();
  private readonly eligibilityLogger = new EligibilityLogger((line) => this.logger.warn(line));
  private retained: readonly RegisteredModel[] = [];
  private waiting: Promise<RefreshedModel[]> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private hintTimer: NodeJS.Timeout | undefined;
  private stopWatch: (() => void) | undefined;
  private stopBroadcasts: (() => void) | undefined;
  private isStopped = false;
  private isManual = false;
  /** Why nothing could be read at the last poll, a sentence; undefined when something could. */
  private unavailableReason: string | undefined;
  private warnings: readonly string[] = [];
  /** Runs that a person wants at this moment. */
  private readonly requestedRunIds = new Set<string>();

  constructor(
    private readonly source: RunSource,
    private readonly registryState: RegistryState,
    private readonly promotions: PromotionService,
    private readonly modelHistory: ModelHistory,
    private readonly config: AppConfig,
  ) {
    source.useExaminationHints(async (name) => {
      const written = await modelHistory.requiredRunIds(name);
      return examinationHints(registryState.modelsByName.get(name), [...written, ...this.requestedRunIds]);
    });
  }

  /**
   * Looks at the store for the first time, and from then on whenever it may have changed. With `ALLOW_EMPTY` a store that
   * cannot be read yet, is empty or holds nothing that can be served is waited for.
   *
   * @throws NothingToServeError when no model has a run that can be served, or the default model is not there; Error when
   *   the store cannot be read.
   */
  async start(): Promise<void> {
    try {
      await this.initialSync();
      this.requireSomething();
    } catch (error) {
      if (!this.config.allowEmpty || error instanceof AppError) throw error;
      const isReadable = error instanceof NothingToServeError;
      if (!isReadable) this.unavailableReason = NOT_READABLE;
      const sentence = `${(error as Error).message}\nALLOW_EMPTY is set: what arrives is served.`;
      this.logger.warn(sentence, ...(isReadable ? [] : [error]));
    }
    this.keepLooking();
  }

  private requireSomething(): void {
    const { registryState } = this;
    if (registryState.models.some((model) => model.best))
      return requireDefault(registryState.models, this.config.defaultModel);
    const report = formatReport(registryState.models, registryState.brokenModels);
    throw new NothingToServeError(`Nothing can be served from ${this.source.description}.\n\n${report}`);
  }

  /**
   * Polls the store for the first time and reconciles every model.
   *
   * @throws NothingToServeError when the default model is not there; Error when the store cannot be read.
   */
  async initialSync(): Promise<void> {
    const { registryState, config } = this;
    await this.applyListing(await this.source.listModels());
    this.logWarnings();
    if (!config.allowEmpty) requireDefault(registryState.models, config.defaultModel);
    await Promise.all(registryState.models.map((model) => this.reconcile(model, false)));
    await this.inspectMore();
  }

  /** A source inspects the best runs first: when none of those can serve, the next ones, and so on. */
  private async inspectMore(): Promise<void> {
    const unavailable = () => this.registryState.models.filter(({ best }) => !best);
    const countSkipped = () => unavailable().flatMap(({ runs }) => runs.filter((run) => run.wasSkipped)).length;
    let before = Infinity;
    for (let left = countSkipped(); left > 0 && left < before; left = countSkipped()) {
      before = left;
      await this.applyListing(await this.source.listModels());
      await Promise.all(unavailable().map((model) => this.reconcile(model, false)));
    }
  }

  beforeApplicationShutdown(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.hintTimer);
    this.stopWatch?.();
    this.stopBroadcasts?.();
    this.source.close();
  }

  /** How each store was read last. */
  get statuses(): readonly SourceStatus[] {
    const { statuses } = this.source;
    if (this.unavailableReason === undefined || statuses.some(({ problem }) => problem !== undefined)) return statuses;
    return statuses.map((status) => ({ ...status, problem: this.unavailableReason }));
  }

  /**
   * Polls the store now, on request; runs that the store could not provide a moment ago are tried again.
   *
   * @throws AppError STORE_NOT_READABLE; nothing changes then.
   */
  async refresh(): Promise<RefreshedModel[]> {
    this.isManual = true;
    const refreshed = await this.poll();
    broadcastRefresh();
    return refreshed;
  }

  /** Accepts a hint that something changed: the store is polled soon, once for all hints of a moment. */
  acceptHint(): { readonly accepted: true } {
    clearTimeout(this.hintTimer);
    this.hintTimer = setTimeout(() => void this.tryRefresh(), HINT_PAUSE_MS).unref();
    return { accepted: true };
  }

  /** Runs `work` while nothing else changes the run that serves the model. */
  runExclusive<T>(model: RegisteredModel, work: () => Promise<T>): Promise<T> {
    const queue = this.queueByModel.get(model) ?? new SerialQueue();
    this.queueByModel.set(model, queue);
    return queue.run(work);
  }

  private keepLooking(): void {
    const { refreshIntervalMs } = this.config;
    this.stopBroadcasts = onRefreshBroadcast(() => this.acceptHint());
    if (refreshIntervalMs === 0) return;
    this.stopWatch = this.source.watch(() => this.acceptHint());
    const schedulePoll = () => {
      this.timer = setTimeout(() => void this.tryRefresh().then(schedulePoll), refreshIntervalMs).unref();
      if (this.isStopped) clearTimeout(this.timer);
    };
    schedulePoll();
  }

  private async tryRefresh(): Promise<void> {
    if (this.isStopped) return;
    try {
      await this.poll();
    } catch (error) {
      if (!(error instanceof AppError)) this.logger.error('The store could not be polled', error);
    }
  }

  private poll(): Promise<RefreshedModel[]> {
    this.waiting ??= this.pollQueue.run(async () => {
      this.waiting = undefined;
      this.requireOpen();
      return this.applyAndReconcile(await this.listStore());
    });
    return this.waiting;
  }

  private async applyAndReconcile(listing: readonly SourceModel[]): Promise<RefreshedModel[]> {
    this.requireOpen();
    const { isManual } = this;
    this.isManual = false;
    const before = new Map(this.registryState.models.map((model) => [model, model.best?.loaded]));
    await this.applyListing(listing);
    for (const model of this.registryState.models) await this.reconcile(model, isManual);
    return this.registryState.models.map((model) => {
      const runId = model.best?.loaded.run.run_id ?? null;
      const previousRunId = before.get(model)?.run.run_id ?? null;
      const hasChanged = previousRunId !== runId;
      return { model: model.card.name, run_id: runId, previous_run_id: hasChanged ? previousRunId : null };
    });
  }

  /** @throws AppError SHUTTING_DOWN. */
  private requireOpen(): void {
    if (this.isStopped) throw new AppError('SHUTTING_DOWN');
  }

  /** An error of one model must not stop the others from being reconciled. */
  private async reconcile(model: RegisteredModel, isManual: boolean): Promise<void> {
    if (this.isStopped) return;
    try {
      await this.runExclusive(model, () => this.promotions.reconcile(model, { isManual }));
    } catch (error) {
      if (error instanceof AppError && error.code === 'SHUTTING_DOWN') throw error;
      this.logger.error(`Model ${model.card.name} could not be reconciled`, error);
    }
  }

  private async listStore(): Promise<SourceModel[]> {
    try {
      const listing = await this.source.listModels();
      this.requireOpen();
      // More likely an accident than an intention to serve nothing.
      if (listing.length === 0 && this.registryState.models.length > 0) throw new Error(NO_MODELS);
      this.logWarnings();
      if (this.unavailableReason !== undefined) this.logger.log('The store can be read again');
      this.unavailableReason = undefined;
      return listing;
    } catch (error) {
      this.requireOpen();
      const isNew = this.unavailableReason === undefined;
      if (isNew) this.logger.error('The store cannot be read; the served runs do not change', error);
      this.unavailableReason = (error as Error).message === NO_MODELS ? NO_MODELS : NOT_READABLE;
      throw new AppError('STORE_NOT_READABLE', {}, { cause: error });
    }
  }

  /** Logs the source's warnings about its listing, each once. */
  private logWarnings(): void {
    const { warnings } = this.source;
    for (const warning of warnings) if (!this.warnings.includes(warning)) this.logger.warn(warning);
    if (warnings.length === 0 && this.warnings.length > 0) this.logger.log('All sources recovered');
    this.warnings = warnings;
  }

  /**
   * Applies a listing. Models keep their served runs until they are reconciled; those that are gone are deactivated.
   */
  private async applyListing(listing: readonly SourceModel[]): Promise<void> {
    const { registryState } = this;
    // What cannot be registered has no runs that could claim an id.
    const withCard = listing.filter(({ card, location }) => card ?? registryState.modelsByName.has(location));
    const holders = await resolveDuplicateRunIds(withCard, registryState.models, () => this.lastLocations(withCard));
    const updates: (() => RegisteredModel)[] = [];
    const broken: SourceModel[] = [];
    let hasChanged = false;
    for (const sourceModel of listing) {
      const known = registryState.modelsByName.get(sourceModel.card?.name ?? sourceModel.location);
      // A card that was usable and no longer is, is probably being written.
      const card = isDeepStrictEqual(sourceModel.card, known?.card) ? known?.card : (sourceModel.card ?? known?.card);
      if (!sourceModel.card) broken.push(sourceModel);
      if (!card) continue;
      const registered = await this.register(card, sourceModel, holders, known);
      if (!registered) continue;
      hasChanged ||= !known || known.card !== card || known.runs !== registered.runs;
      updates.push(() => (known ? updateModel(known, { card, ...registered }) : newModel(card, registered)));
    }
    const models = updates.map((update) => update());
    const removed = registryState.models.filter((model) => !models.includes(model));
    const retained = removed.filter((model) => model.card.name === this.config.defaultModel);
    this.reportChanges(listing, removed, retained);
    registryState.replace(inOrder([...models, ...retained], this.config.defaultModel), broken);
    for (const model of removed) if (!retained.includes(model)) this.deactivate(model);
    this.eligibilityLogger.log(registryState.models);
    if (hasChanged) registryState.notifyChange();
  }

  /** @returns the known runs when registering fails, so that an error of one model does not affect the others. */
  private async register(
    card: ModelCard,
    { runs }: SourceModel,
    holders: IdHolders,
    known: RegisteredModel | undefined,
  ): Promise<RegisteredRuns | undefined> {
    try {
      return await registerRuns(card, runs, holders, known);
    } catch (error) {
      this.logger.error(`The runs of model ${card.name} could not be checked`, error);
      return known;
    }
  }

  private deactivate(model: RegisteredModel): void {
    void this.runExclusive(model, () => Promise.resolve(this.promotions.deactivate(model)));
  }

  /** Has the source inspect a run that it skipped, because a person pins it. */
  async inspectRun(model: RegisteredModel, runId: string): Promise<void> {
    if (!model.runs.some((registered) => registered.wasSkipped && registered.run.run_id === runId)) return;
    this.requestedRunIds.add(runId);
    await this.tryRefresh();
    this.requestedRunIds.delete(runId);
  }

  private async lastLocations(listing: readonly SourceModel[]): Promise<ReadonlySet<string>> {
    const names = listing.flatMap(({ card }) => (card ? [card.name] : []));
    const locations = await Promise.all(names.map((name) => this.modelHistory.lastLocations(name)));
    return new Set(locations.flat());
  }

  private reportChanges(
    listing: readonly SourceModel[],
    removed: readonly RegisteredModel[],
    retained: readonly RegisteredModel[],
  ): void {
    for (const model of removed) {
      if (this.retained.includes(model)) continue;
      const outcome = retained.includes(model)
        ? 'is still served because it is the default model'
        : 'is no longer served';
      this.logger.warn(`Model ${model.card.name} is gone from the store and ${outcome}`);
    }
    this.retained = retained;
    const wasBroken = new Set(
      this.registryState.brokenModels.map(({ location, issues }) => `${location} ${issues.join()}`),
    );
    for (const { location, card, issues } of listing) {
      if (card || wasBroken.has(`${location} ${issues.join()}`)) continue;
      const retainedText = this.registryState.modelsByName.has(location) ? ' The last known version stays in use.' : '';
      this.logger.warn(`Model ${location}: ${issues.join(' ')}${retainedText}`);
    }
  }
}

/**
 * Updates everything of a model except the run that serves, in one step; that run is matched with its new registration.
 */
function updateModel(
  model: RegisteredModel,
  { card, runs, unreadable }: Pick<RegisteredModel, 'card' | 'runs' | 'unreadable'>,
): RegisteredModel {
  const { best } = model;
  Object.assign(model, { card, runs, unreadable });
  if (!best || runs.includes(best.registered)) return model;
  const same = runs.find(({ sourceRun }) => sourceRun === best.registered.sourceRun);
  const registered = same ?? (best.registered.card === card ? best.registered : best.registered.withCard(card));
  model.best = { registered, loaded: best.loaded };
  return model;
}

function inOrder(models: readonly RegisteredModel[], first: string | undefined): RegisteredModel[] {
  const byName = [...models].sort((a, b) => (a.card.name < b.card.name ? -1 : 1));
  return byName.sort((a, b) => Number(b.card.name === first) - Number(a.card.name === first));
}

function requireDefault(models: readonly RegisteredModel[], name: string | undefined): void {
  if (name === undefined || models[0]?.card.name === name) return;
  const known = models.map((model) => model.card.name).join(', ') || 'none';
  throw new NothingToServeError(`DEFAULT_MODEL names a model that is not in the store. Known models: ${known}.`);
}
