import { isDeepStrictEqual } from 'node:util';

import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';

import { AppConfig } from '../../config/app-config.js';
import { AppError } from '../../domain/app-error.js';
import type { ModelCard } from '../../domain/card.js';
import { Turns } from '../../lib/serial-queue.js';
import { RunSource } from '../../sources/run-source.js';
import type { SourcedModel, StoreReading } from '../../sources/run-source.js';
import { Chronicle } from '../history/model-history.js';
import { NothingToServeError } from './nothing-to-serve.error.js';
import { PromotionService } from '../promotion/promotion.service.js';
import { newModel, registerRuns } from './register-runs.js';
import type { RegisteredRuns } from './register-runs.js';
import type { RegisteredModel } from '../state/registered-run.js';
import { RegistryContents } from '../state/registry-state.js';
import { formatReport } from '../selection/verdict-table.js';
import { decideIdHolders } from './duplicate-run-ids.js';
import type { IdHolders } from './duplicate-run-ids.js';
import { runsInMind } from './examination-hints.js';
import { hearSiblings, tellSiblings } from './cluster-messages.js';
import { VerdictLog } from './verdict-log.js';

/** What a refresh did to one model. */
export interface RefreshedModel {
  readonly model: string;
  /** null when no run can be served. */
  readonly run_id: string | null;
  /** Run that served before; the same when nothing changed. */
  readonly previous_run_id: string | null;
}

const NO_MODELS = 'There are no models in the store.';
const NOT_READABLE = 'The store cannot be read; the log says why.';
/** Hints of a change come in bursts: a folder that is copied gives one per file. */
const HINT_PAUSE_MS = 250;

/**
 * When the store is looked at: at the start, every `REFRESH_INTERVAL_MS`, when the source hints at a change, and when
 * somebody asks. One look at a time; who asks during one shares the next. A store that cannot be read changes nothing.
 * What concerns one model alone (settling it, a person's decision on it) takes that model's turn, so that neither a store
 * that hangs nor another model's download keeps a person waiting.
 */
@Injectable()
export class RefreshService implements BeforeApplicationShutdown {
  private readonly logger = new Logger(RefreshService.name);
  private readonly looks = new Turns();
  private readonly turnsByModel = new WeakMap<RegisteredModel, Turns>();
  private readonly verdictLog = new VerdictLog((line) => this.logger.warn(line));
  private kept: readonly RegisteredModel[] = [];
  private waiting: Promise<RefreshedModel[]> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private hintTimer: NodeJS.Timeout | undefined;
  private stopWatching: (() => void) | undefined;
  private stopHearing: (() => void) | undefined;
  private isStopped = false;
  private isAsked = false;
  /** Why nothing could be read at the last look, a sentence; undefined when something could. */
  private whyAway: string | undefined;
  private notices: readonly string[] = [];
  /** Runs that a person wants at this moment. */
  private readonly askedFor = new Set<string>();

  constructor(
    private readonly source: RunSource,
    private readonly contents: RegistryContents,
    private readonly promotions: PromotionService,
    private readonly chronicle: Chronicle,
    private readonly config: AppConfig,
  ) {
    source.keepInMind(async (name) => {
      const written = await chronicle.idsInMind(name);
      return runsInMind(contents.modelsByName.get(name), [...written, ...this.askedFor]);
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
      await this.takeStock();
      this.requireSomething();
    } catch (error) {
      if (!this.config.allowEmpty || error instanceof AppError) throw error;
      const isReadable = error instanceof NothingToServeError;
      if (!isReadable) this.whyAway = NOT_READABLE;
      const sentence = `${(error as Error).message}\nALLOW_EMPTY is set: what arrives is served.`;
      this.logger.warn(sentence, ...(isReadable ? [] : [error]));
    }
    this.keepLooking();
  }

  private requireSomething(): void {
    const { contents } = this;
    if (contents.models.some((model) => model.best)) return requireDefault(contents.models, this.config.defaultModel);
    const report = formatReport(contents.models, contents.brokenModels);
    throw new NothingToServeError(`Nothing can be served from ${this.source.description}.\n\n${report}`);
  }

  /**
   * Looks at the store for the first time, and brings every model to its run.
   *
   * @throws NothingToServeError when the default model is not there; Error when the store cannot be read.
   */
  async takeStock(): Promise<void> {
    const { contents, config } = this;
    await this.readStore(await this.source.listModels());
    this.tellNotices();
    if (!config.allowEmpty) requireDefault(contents.models, config.defaultModel);
    await Promise.all(contents.models.map((model) => this.settle(model, false)));
    await this.lookFurther();
  }

  /** A source looks at the best runs first: when none of those can serve, at the next ones, and so on. */
  private async lookFurther(): Promise<void> {
    const unserved = () => this.contents.models.filter(({ best }) => !best);
    const countUnexamined = () => unserved().flatMap(({ runs }) => runs.filter((run) => run.isUnexamined)).length;
    let before = Infinity;
    for (let left = countUnexamined(); left > 0 && left < before; left = countUnexamined()) {
      before = left;
      await this.readStore(await this.source.listModels());
      await Promise.all(unserved().map((model) => this.settle(model, false)));
    }
  }

  beforeApplicationShutdown(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.hintTimer);
    this.stopWatching?.();
    this.stopHearing?.();
    this.source.close();
  }

  /** How each store was read last. */
  get readings(): readonly StoreReading[] {
    const { readings } = this.source;
    if (this.whyAway === undefined || readings.some(({ problem }) => problem !== undefined)) return readings;
    return readings.map((reading) => ({ ...reading, problem: this.whyAway }));
  }

  /**
   * Looks at the store now, because somebody asks: what the store could not give a moment ago is asked for again.
   *
   * @throws AppError STORE_NOT_READABLE; everything stays as it is then.
   */
  async refresh(): Promise<RefreshedModel[]> {
    this.isAsked = true;
    const refreshed = await this.look();
    tellSiblings();
    return refreshed;
  }

  /** Somebody says that something has changed: the store is looked at soon, once for all hints of a moment. */
  acceptHint(): { readonly accepted: true } {
    clearTimeout(this.hintTimer);
    this.hintTimer = setTimeout(() => void this.refreshQuietly(), HINT_PAUSE_MS).unref();
    return { accepted: true };
  }

  /** Runs `work` while nothing else changes who serves the model. */
  exclusively<T>(model: RegisteredModel, work: () => Promise<T>): Promise<T> {
    const turns = this.turnsByModel.get(model) ?? new Turns();
    this.turnsByModel.set(model, turns);
    return turns.take(work);
  }

  private keepLooking(): void {
    const { refreshIntervalMs } = this.config;
    this.stopHearing = hearSiblings(() => this.acceptHint());
    if (refreshIntervalMs === 0) return;
    this.stopWatching = this.source.watch(() => this.acceptHint());
    const poll = () => {
      this.timer = setTimeout(() => void this.refreshQuietly().then(poll), refreshIntervalMs).unref();
      if (this.isStopped) clearTimeout(this.timer);
    };
    poll();
  }

  private async refreshQuietly(): Promise<void> {
    if (this.isStopped) return;
    try {
      await this.look();
    } catch (error) {
      if (!(error instanceof AppError)) this.logger.error('The store could not be looked at', error);
    }
  }

  private look(): Promise<RefreshedModel[]> {
    this.waiting ??= this.looks.take(async () => {
      this.waiting = undefined;
      this.requireOpen();
      return this.takeOver(await this.listStore());
    });
    return this.waiting;
  }

  private async takeOver(listed: readonly SourcedModel[]): Promise<RefreshedModel[]> {
    this.requireOpen();
    const { isAsked } = this;
    this.isAsked = false;
    const before = new Map(this.contents.models.map((model) => [model, model.best?.served]));
    await this.readStore(listed);
    for (const model of this.contents.models) await this.settle(model, isAsked);
    return this.contents.models.map((model) => {
      const served = before.get(model);
      return {
        model: model.card.name,
        run_id: model.best?.served.run.run_id ?? null,
        previous_run_id: served?.run.run_id ?? null,
      };
    });
  }

  /** @throws AppError SHUTTING_DOWN. */
  private requireOpen(): void {
    if (this.isStopped) throw new AppError('SHUTTING_DOWN');
  }

  /** Trouble with one model is no reason to leave the others as they are. */
  private async settle(model: RegisteredModel, isAsked: boolean): Promise<void> {
    if (this.isStopped) return;
    try {
      await this.exclusively(model, () => this.promotions.settle(model, { isAsked }));
    } catch (error) {
      if (error instanceof AppError && error.code === 'SHUTTING_DOWN') throw error;
      this.logger.error(`Model ${model.card.name} could not be brought up to date`, error);
    }
  }

  private async listStore(): Promise<SourcedModel[]> {
    try {
      const listed = await this.source.listModels();
      this.requireOpen();
      // More likely an accident than somebody's wish to serve nothing.
      if (listed.length === 0 && this.contents.models.length > 0) throw new Error(NO_MODELS);
      this.tellNotices();
      if (this.whyAway !== undefined) this.logger.log('The store can be read again');
      this.whyAway = undefined;
      return listed;
    } catch (error) {
      this.requireOpen();
      const isNews = this.whyAway === undefined;
      if (isNews) this.logger.error('The store cannot be read; what is served stays as it is', error);
      this.whyAway = (error as Error).message === NO_MODELS ? NO_MODELS : NOT_READABLE;
      throw new AppError('STORE_NOT_READABLE', {}, { cause: error });
    }
  }

  /** What the source has to say of its listing, once as long as it says the same. */
  private tellNotices(): void {
    const { notices } = this.source;
    for (const notice of notices) if (!this.notices.includes(notice)) this.logger.warn(notice);
    if (notices.length === 0 && this.notices.length > 0) this.logger.log('Every source is well again');
    this.notices = notices;
  }

  /** Takes over what was found. Models keep their runs in service until `settle`; those that are gone are withdrawn. */
  private async readStore(listed: readonly SourcedModel[]): Promise<void> {
    const { contents } = this;
    // What cannot be registered has no runs that could claim an id.
    const usable = listed.filter(({ card, place }) => card ?? contents.modelsByName.has(place));
    const holders = await decideIdHolders(usable, contents.models, () => this.lastPlaces(usable));
    const updates: (() => RegisteredModel)[] = [];
    const broken: SourcedModel[] = [];
    let hasChanged = false;
    for (const sourced of listed) {
      const known = contents.modelsByName.get(sourced.card?.name ?? sourced.place);
      // A card that was usable and is not any more is somebody's half-written file.
      const card = isDeepStrictEqual(sourced.card, known?.card) ? known?.card : (sourced.card ?? known?.card);
      if (!sourced.card) broken.push(sourced);
      if (!card) continue;
      const registered = await this.register(card, sourced, holders, known);
      if (!registered) continue;
      hasChanged ||= !known || known.card !== card || known.runs !== registered.runs;
      updates.push(() => (known ? renew(known, { card, ...registered }) : newModel(card, registered)));
    }
    const models = updates.map((update) => update());
    const gone = contents.models.filter((model) => !models.includes(model));
    const kept = gone.filter((model) => model.card.name === this.config.defaultModel);
    this.reportChanges(listed, gone, kept);
    contents.replace(inOrder([...models, ...kept], this.config.defaultModel), broken);
    for (const model of gone) if (!kept.includes(model)) this.withdraw(model);
    this.verdictLog.tell(contents.models);
    if (hasChanged) contents.tellChange();
  }

  /** @returns what is known of the model already when something of it is beyond us: the others are not to suffer. */
  private async register(
    card: ModelCard,
    { runs }: SourcedModel,
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

  private withdraw(model: RegisteredModel): void {
    void this.exclusively(model, () => Promise.resolve(this.promotions.withdraw(model)));
  }

  /** Has the source look at a run that it left out, because a person wants it. */
  async examine(model: RegisteredModel, runId: string): Promise<void> {
    if (!model.runs.some((registered) => registered.isUnexamined && registered.run.run_id === runId)) return;
    this.askedFor.add(runId);
    await this.refreshQuietly();
    this.askedFor.delete(runId);
  }

  private async lastPlaces(listed: readonly SourcedModel[]): Promise<ReadonlySet<string>> {
    const names = listed.flatMap(({ card }) => (card ? [card.name] : []));
    const places = await Promise.all(names.map((name) => this.chronicle.lastPlaces(name)));
    return new Set(places.flat());
  }

  private reportChanges(
    listed: readonly SourcedModel[],
    gone: readonly RegisteredModel[],
    kept: readonly RegisteredModel[],
  ): void {
    for (const model of gone) {
      if (this.kept.includes(model)) continue;
      const what = kept.includes(model) ? 'is served on, being the default model' : 'is served no more';
      this.logger.warn(`Model ${model.card.name} is gone from the store and ${what}`);
    }
    this.kept = kept;
    const wasBroken = new Set(this.contents.brokenModels.map(({ place, problems }) => `${place} ${problems.join()}`));
    for (const { place, card, problems } of listed) {
      if (card || wasBroken.has(`${place} ${problems.join()}`)) continue;
      const goesOn = this.contents.modelsByName.has(place) ? ' What was known of it before counts on.' : '';
      this.logger.warn(`Model ${place}: ${problems.join(' ')}${goesOn}`);
    }
  }
}

/** Everything of a model but who serves it, in one step; the run that serves is found again among the new ones. */
function renew(
  model: RegisteredModel,
  { card, runs, unreadable }: Pick<RegisteredModel, 'card' | 'runs' | 'unreadable'>,
): RegisteredModel {
  const { best } = model;
  Object.assign(model, { card, runs, unreadable });
  if (!best || runs.includes(best.registered)) return model;
  const same = runs.find(({ sourced }) => sourced === best.registered.sourced);
  const registered = same ?? (best.registered.card === card ? best.registered : best.registered.under(card));
  model.best = { registered, served: best.served };
  return model;
}

function inOrder(models: readonly RegisteredModel[], first: string | undefined): RegisteredModel[] {
  const byName = [...models].sort((a, b) => (a.card.name < b.card.name ? -1 : 1));
  return byName.sort((a, b) => Number(b.card.name === first) - Number(a.card.name === first));
}

function requireDefault(models: readonly RegisteredModel[], wanted: string | undefined): void {
  if (wanted === undefined || models[0]?.card.name === wanted) return;
  const known = models.map((model) => model.card.name).join(', ') || 'none';
  throw new NothingToServeError(`DEFAULT_MODEL names a model that is not in the store. Known models: ${known}.`);
}
