import { isDeepStrictEqual } from 'node:util';

import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationShutdown } from '@nestjs/common';

import { AppConfig } from '../../config/app-config.js';
import { AppError } from '../../domain/app-error.js';
import type { ModelCard } from '../../domain/card.js';
import { SerialQueue } from '../../lib/serial-queue.js';
import { waitAtMost } from '../../lib/wait-at-most.js';
import { RunSource } from '../../sources/run-source.js';
import type { ListingOptions, RunCheck, SourceModel, SourceStatus } from '../../sources/run-source.js';
import { ModelHistory } from '../history/model-history.js';
import { HintTimer } from './hint-timer.js';
import { ModelQueues } from './model-queues.js';
import { EMPTY_STORE_FIX, NothingToServeError } from './nothing-to-serve.error.js';
import { PromotionService } from '../promotion/promotion.service.js';
import { newModel, registerRuns } from './register-runs.js';
import type { RegisteredRuns } from './register-runs.js';
import type { RegisteredModel } from '../state/registered-run.js';
import { RegistryState } from '../state/registry-state.js';
import { cardFix, formatReport } from '../selection/verdict-table.js';
import { resolveDuplicateRunIds } from './duplicate-run-ids.js';
import type { IdHolders } from './duplicate-run-ids.js';
import { EmptyStoreError, StoreFailures } from './store-failures.js';
import { updateModel } from './update-model.js';
import { isUnfinished, waitsForCheck } from './unfinished-checks.js';
import { examinationHints } from './examination-hints.js';
import { onRefreshBroadcast, broadcastRefresh } from './cluster-messages.js';
import { EligibilityLogger } from './eligibility-logger.js';

export type { RunCheck };

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
const NOT_ANSWERED = 'The store has not answered yet.';
/** Longest time that a stop waits for what is under way. */
const STOP_WAIT_MS = 2_000;

/**
 * Polls the store: at the start, every `REFRESH_INTERVAL_MS`, when the source hints at a change, and on request. One
 * poll at a time; requests during one share the next. A store that cannot be read changes nothing.
 *
 * Work on one model (reconciling it, a person's decision) runs in that model's queue, so that neither a hanging store
 * nor the download of another model delays it.
 */
@Injectable()
export class RefreshService implements BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly logger = new Logger(RefreshService.name);
  private readonly pollQueue = new SerialQueue();
  private readonly modelQueues = new ModelQueues((model, isManual) => this.reconcileNow(model, isManual));
  private readonly hints = new HintTimer(() => void this.tryRefresh());
  private readonly failures = new StoreFailures(this.logger);
  private readonly eligibilityLogger = new EligibilityLogger((line) => this.logger.warn(line));
  private retained: readonly RegisteredModel[] = [];
  private waiting: Promise<boolean> | undefined;
  private isFollowing = false;
  /** Whether the store has been listed once. */
  private hasListed = false;
  private timer: NodeJS.Timeout | undefined;
  private stopWatch: (() => void) | undefined;
  private stopMessages: (() => void) | undefined;
  private isStopped = false;
  private isManual = false;
  /** Whether another process was asked to look at the store. */
  private mustReadAll = false;
  /** The listing that was applied last, unless a part of it could not be. */
  private applied: readonly SourceModel[] = [];
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
   * Looks at the store for the first time, and from then on whenever it may have changed. Waits until every model serves
   * or cannot be served, but no longer than `START_WAIT_MS`: the others are served when they are there. With
   * `ALLOW_EMPTY` a store that cannot be read yet, is empty or holds nothing that can be served is waited for.
   *
   * @throws NothingToServeError when no model serves by then, or the default model is not there; Error when the store
   *   cannot be read.
   */
  async start(): Promise<void> {
    const { startWaitMs } = this.config;
    const firstSync = this.initialSync(startWaitMs);
    try {
      if (!(await waitAtMost(firstSync, startWaitMs))) this.goOnWithout(firstSync);
      this.requireAnyModel();
    } catch (error) {
      if (!this.config.allowEmpty || error instanceof AppError) throw error;
      const isReadable = error instanceof NothingToServeError;
      if (!isReadable) this.unavailableReason = NOT_READABLE;
      const sentence = `${(error as Error).message}\nALLOW_EMPTY is set: what arrives is served.`;
      this.logger.warn(sentence, ...(isReadable ? [] : [error]));
    }
    this.startPolling();
  }

  /** The start goes on while models are still loading, or the store has not even answered. */
  private goOnWithout(firstSync: Promise<void>): void {
    firstSync.catch((error: unknown) => {
      if (this.isStopped) return;
      this.unavailableReason = NOT_READABLE;
      this.logger.error('The store cannot be read', error);
    });
    if (!this.hasListed) this.unavailableReason = NOT_ANSWERED;
    const { startWaitMs } = this.config;
    this.logger.warn(`${this.unfinishedText} after START_WAIT_MS (${startWaitMs} ms): served once that is done`);
  }

  private get unfinishedText(): string {
    if (!this.hasListed) return 'The store has not answered';
    const names = this.registryState.models.filter((model) => isUnfinished(model)).map(({ card }) => card.name);
    return `Still loading or being checked: ${names.join(', ') || 'runs of MLflow'}`;
  }

  private requireAnyModel(): void {
    const { registryState, config } = this;
    if (registryState.models.some((model) => model.best))
      return requireDefault(registryState.models, config.defaultModel);
    const report = formatReport(registryState.models, registryState.brokenModels);
    const isIncomplete = !this.hasListed || registryState.models.some(isUnfinished);
    const fix = isIncomplete
      ? `\n\n${this.unfinishedText} after START_WAIT_MS (${config.startWaitMs} ms): raise it, or set ALLOW_EMPTY=true.`
      : registryState.models.length + registryState.brokenModels.length === 0 && !config.allowEmpty
        ? ` ${EMPTY_STORE_FIX}`
        : '';
    throw new NothingToServeError(`Nothing can be served from ${this.source.description}.\n\n${report}${fix}`);
  }

  /**
   * Polls the store for the first time and reconciles every model, those first that need not wait for the check of a run.
   *
   * @param checkWaitMs  after which no model waits for the check of a run any more.
   * @throws NothingToServeError when the default model is not there; Error when the store cannot be read.
   */
  async initialSync(checkWaitMs = Infinity): Promise<void> {
    const endMs = performance.now() + checkWaitMs;
    const leftMs = () => endMs - performance.now();
    await this.syncOnce();
    this.hasListed = true;
    if (!this.config.allowEmpty) requireDefault(this.registryState.models, this.config.defaultModel);
    const reconciled = new Map<RegisteredModel, Promise<void>>();
    const reconcileAll = (mustWait: (model: RegisteredModel) => boolean) => {
      for (const model of this.registryState.models) {
        if (!reconciled.has(model) && !mustWait(model)) reconciled.set(model, this.reconcile(model, false));
      }
    };
    reconcileAll(waitsForCheck);
    while (this.registryState.models.some((model) => !reconciled.has(model)) && !this.isStopped) {
      if (!(await waitAtMost(this.source.nextChecked(), leftMs()))) break;
      await this.syncOnce();
      reconcileAll(waitsForCheck);
    }
    reconcileAll(() => false);
    await Promise.all(reconciled.values());
    await this.inspectMore();
    this.followChecks();
  }

  /** A source inspects the best runs first: when none of those can serve, the next ones, and so on. */
  private async inspectMore(): Promise<void> {
    const unavailable = () => this.registryState.models.filter(({ best }) => !best);
    const countSkipped = () => unavailable().flatMap(({ runs }) => runs.filter((run) => run.wasSkipped)).length;
    let before = Infinity;
    for (let left = countSkipped(); left > 0 && left < before; left = countSkipped()) {
      before = left;
      await this.syncOnce();
      await Promise.all(unavailable().map((model) => this.reconcile(model, false)));
    }
  }

  /** One listing during the start, applied. */
  private syncOnce(): Promise<void> {
    return this.pollQueue.run(async () => {
      this.requireOpen();
      await this.applyListing(await this.source.listModels());
      this.unavailableReason = undefined;
      this.logWarnings();
    });
  }

  beforeApplicationShutdown(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.hints.stop();
    this.stopWatch?.();
    this.stopMessages?.();
    this.source.close();
  }

  /** What has just been decided is written down before the process, or its store, is gone. */
  async onApplicationShutdown(): Promise<void> {
    await waitAtMost(this.modelQueues.idle(this.registryState.models), STOP_WAIT_MS);
  }

  /** How each store was read last. */
  get statuses(): readonly SourceStatus[] {
    const { statuses } = this.source;
    if (this.unavailableReason === undefined || statuses.some(({ problem }) => problem !== undefined)) return statuses;
    return statuses.map((status) => ({ ...status, problem: this.unavailableReason }));
  }

  /** Runs whose check takes so long that no listing waits for it. */
  get checks(): readonly RunCheck[] {
    return this.source.checks;
  }

  /**
   * Polls the store now, on request; runs that the store could not provide a moment ago are tried again. Waits for runs
   * that are being checked, but no longer than a start does.
   *
   * @throws AppError STORE_NOT_READABLE; nothing changes then.
   */
  async refresh(): Promise<RefreshedModel[]> {
    const before = this.servedRuns();
    const endMs = performance.now() + this.config.startWaitMs;
    this.isManual = true;
    await this.pollAndReconcile();
    while (this.source.checks.length > 0 && !this.isStopped) {
      if (!(await waitAtMost(this.source.nextChecked(), endMs - performance.now()))) break;
      await this.pollAndReconcile();
    }
    broadcastRefresh();
    return this.changesSince(before);
  }

  /**
   * Accepts a hint that something changed: the store is polled soon, once for all hints of a moment. However many hints
   * come, it is not put off for long.
   */
  acceptHint(): { readonly accepted: true } {
    this.hints.accept();
    return { accepted: true };
  }

  /** Runs `work` while nothing else changes the run that serves the model. */
  runExclusive<T>(model: RegisteredModel, work: () => Promise<T>): Promise<T> {
    return this.modelQueues.run(model, work);
  }

  private startPolling(): void {
    const { refreshIntervalMs } = this.config;
    this.stopMessages = onRefreshBroadcast(() => {
      this.mustReadAll = true;
      this.acceptHint();
    });
    if (refreshIntervalMs === 0) return;
    this.stopWatch = this.source.watch(() => this.acceptHint());
    const schedulePoll = () => {
      this.timer = setTimeout(() => void this.tryRefresh().then(schedulePoll), refreshIntervalMs).unref();
      if (this.isStopped) clearTimeout(this.timer);
    };
    schedulePoll();
  }

  /** Resolves when the store has been listed; the models are reconciled apart from that. */
  private async tryRefresh(): Promise<void> {
    if (this.isStopped) return;
    try {
      const isManual = await this.poll();
      // One that was stopped says so, and that is no news.
      this.reconcileAll(isManual).catch(() => undefined);
    } catch (error) {
      if (!(error instanceof AppError)) this.logger.error('The store could not be polled', error);
    }
  }

  private async pollAndReconcile(): Promise<void> {
    await this.reconcileAll(await this.poll());
  }

  /** @returns whether a person has asked. */
  private poll(): Promise<boolean> {
    this.waiting ??= this.pollQueue.run(async () => {
      this.waiting = undefined;
      this.requireOpen();
      const { isManual } = this;
      this.isManual = false;
      const listing = await this.listStore({ mayTakeTurns: !isManual && !this.mustReadAll });
      this.mustReadAll = false;
      this.requireOpen();
      await this.applyListing(listing);
      this.followChecks();
      return isManual;
    });
    return this.waiting;
  }

  /** Polls again once the check of a run has ended. */
  private followChecks(): void {
    if (this.isFollowing || this.source.checks.length === 0) return;
    this.isFollowing = true;
    void this.source.nextChecked().then(() => {
      this.isFollowing = false;
      if (!this.isStopped) this.acceptHint();
    });
  }

  private servedRuns(): ReadonlyMap<RegisteredModel, string | null> {
    return new Map(this.registryState.models.map((model) => [model, servedRunId(model)]));
  }

  private changesSince(before: ReadonlyMap<RegisteredModel, string | null>): RefreshedModel[] {
    return this.registryState.models.map((model) => {
      const runId = servedRunId(model);
      const previousRunId = before.get(model) ?? null;
      return {
        model: model.card.name,
        run_id: runId,
        previous_run_id: previousRunId === runId ? null : previousRunId,
      };
    });
  }

  /** Every model by itself: one that takes long keeps no other waiting. */
  private async reconcileAll(isManual: boolean): Promise<void> {
    await Promise.all(this.registryState.models.map((model) => this.reconcile(model, isManual)));
  }

  /** @throws AppError SHUTTING_DOWN. */
  private requireOpen(): void {
    if (this.isStopped) throw new AppError('SHUTTING_DOWN');
  }

  /** Brings a model to the run that should serve it, after what is under way with it. */
  reconcile(model: RegisteredModel, isManual = false): Promise<void> {
    return this.modelQueues.reconcile(model, isManual);
  }

  /** An error of one model must not stop the others from being reconciled. */
  private async reconcileNow(model: RegisteredModel, isManual: boolean): Promise<void> {
    if (this.isStopped) return;
    model.isUpdating = true;
    try {
      await this.promotions.reconcile(model, { isManual });
    } catch (error) {
      if (error instanceof AppError && error.code === 'SHUTTING_DOWN') throw error;
      this.logger.error(`Model ${model.card.name} could not be reconciled`, error);
    } finally {
      model.isUpdating = false;
      // A listing that came meanwhile has registered the runs anew.
      updateModel(model, model);
    }
  }

  private async listStore(options: ListingOptions): Promise<SourceModel[]> {
    try {
      const listing = await this.source.listModels(options);
      this.requireOpen();
      if (listing.length === 0 && this.registryState.models.length > 0) throw new EmptyStoreError();
      this.logWarnings();
      if (this.unavailableReason !== undefined) this.logger.log('The store can be read again');
      this.unavailableReason = undefined;
      this.failures.end();
      return listing;
    } catch (error) {
      this.requireOpen();
      this.failures.log(error as Error);
      this.unavailableReason = error instanceof EmptyStoreError ? NO_MODELS : NOT_READABLE;
      throw new AppError('STORE_NOT_READABLE', {}, { cause: error });
    }
  }

  /** Logs the source's warnings about its listing, each once. */
  private logWarnings(): void {
    const { warnings } = this.source;
    for (const warning of warnings) if (!this.warnings.includes(warning)) this.logger.warn(warning);
    if (warnings.length === 0 && this.warnings.length > 0) this.logger.log('The sources have no warnings any more');
    this.warnings = warnings;
  }

  /**
   * Applies a listing. Models keep their served runs until they are reconciled; those that are gone are deactivated.
   */
  private async applyListing(listing: readonly SourceModel[]): Promise<void> {
    const { registryState } = this;
    if (isSameListing(listing, this.applied)) return;
    this.applied = [];
    // What cannot be registered has no runs that could claim an id.
    const withCard = listing.filter(({ card, location }) => card ?? registryState.modelsByName.has(location));
    const holders = await resolveDuplicateRunIds(withCard, registryState.models, () => this.lastLocations(withCard));
    const updates: (() => RegisteredModel)[] = [];
    const broken: SourceModel[] = [];
    let [hasChanged, isWhole] = [false, holders.size === 0];
    for (const sourceModel of listing) {
      const known = registryState.modelsByName.get(sourceModel.card?.name ?? sourceModel.location);
      // A card that was usable and no longer is, is probably being written.
      const card = isDeepStrictEqual(sourceModel.card, known?.card) ? known?.card : (sourceModel.card ?? known?.card);
      if (!sourceModel.card) broken.push(sourceModel);
      if (!card) continue;
      const registered = await this.register(card, sourceModel, holders, known);
      isWhole &&= registered !== known;
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
    // Who keeps an id that several runs claim depends on more than the listing; what failed is tried again.
    if (isWhole) this.applied = listing;
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
    const issuesBefore = new Map(
      this.registryState.brokenModels.map(({ location, issues }) => [location, issues.join()]),
    );
    for (const { location, card, issues } of listing) {
      const before = issuesBefore.get(location);
      if (card && before !== undefined) this.logger.log(`Model ${location}: its card can be used again`);
      if (card || before === issues.join()) continue;
      const isKnown = this.registryState.modelsByName.has(location);
      const outcome = isKnown ? 'The last known version stays in use.' : 'It is not served.';
      this.logger.warn(`Model ${location}: ${issues.join(' ')} ${outcome} ${cardFix(issues)}`.trimEnd());
    }
  }
}

/** Whether a source says that nothing has changed: its models are the same objects as before. */
function isSameListing(listing: readonly SourceModel[], before: readonly SourceModel[]): boolean {
  return listing.length > 0 && listing.length === before.length && listing.every((model, i) => model === before[i]);
}

function servedRunId({ best }: RegisteredModel): string | null {
  return best?.loaded.run.run_id ?? null;
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
