import { isDeepStrictEqual } from 'node:util';

import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import { AppError } from '../domain/app-error.js';
import { Turns } from '../domain/turns.js';
import { RunSource } from '../sources/run-source.js';
import type { SourcedModel } from '../sources/run-source.js';
import { NothingToServeError } from './nothing-to-serve.error.js';
import { PromotionService } from './promotion.service.js';
import { newModel, registerRuns } from './register-model.js';
import type { RegisteredModel } from './registered-run.js';
import { RegistryContents } from './registry-contents.js';
import { formatReport } from './report.js';

/** What a refresh did to one model. */
export interface RefreshedModel {
  readonly model: string;
  /** null when no run can be served. */
  readonly run_id: string | null;
  /** Run that served before; the same when nothing changed. */
  readonly previous_run_id: string | null;
}

/** Hints of a change come in bursts: a folder that is copied gives one per file. */
const HINT_PAUSE_MS = 250;

/**
 * When the store is looked at: at the start, every `REFRESH_INTERVAL_MS`, when the source hints at a change, and when
 * somebody asks. One look at a time; who asks during one shares the next. A store that cannot be read changes nothing.
 */
@Injectable()
export class RefreshService implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('Refresh');
  private readonly turns = new Turns();
  private waiting: Promise<RefreshedModel[]> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private hintTimer: NodeJS.Timeout | undefined;
  private stopWatching: (() => void) | undefined;
  private isStopped = false;
  private isAway = false;
  private notices: readonly string[] = [];

  constructor(
    private readonly source: RunSource,
    private readonly contents: RegistryContents,
    private readonly promotions: PromotionService,
    private readonly config: AppConfig,
  ) {}

  /** @throws NothingToServeError when no model has a run that can be served, or the default model is not there. */
  async onModuleInit(): Promise<void> {
    const { contents } = this;
    await this.takeStock();
    if (!contents.models.some((model) => model.best)) {
      const report = formatReport(contents.models, contents.brokenModels);
      throw new NothingToServeError(`Nothing can be served from ${this.source.description}.\n\n${report}`);
    }
    this.start();
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
    for (const { place, problems } of contents.brokenModels) this.logger.warn(`Model ${place}: ${problems.join(' ')}`);
    requireDefault(contents.models, config.defaultModel);
    this.warnUnreadable();
    await Promise.all(contents.models.map((model) => this.promotions.settle(model)));
  }

  beforeApplicationShutdown(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.hintTimer);
    this.stopWatching?.();
  }

  /**
   * Looks at the store now.
   *
   * @throws AppError STORE_NOT_READABLE; everything stays as it is then.
   */
  refresh(): Promise<RefreshedModel[]> {
    this.waiting ??= this.turns.take(() => {
      this.waiting = undefined;
      return this.refreshNow();
    });
    return this.waiting;
  }

  /** Somebody says that something has changed: the store is looked at soon, once for all hints of a moment. */
  acceptHint(): { readonly accepted: true } {
    clearTimeout(this.hintTimer);
    this.hintTimer = setTimeout(() => void this.refreshQuietly(), HINT_PAUSE_MS).unref();
    return { accepted: true };
  }

  /** Runs `work` while no refresh does, and no other work. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.turns.take(work);
  }

  private start(): void {
    const { refreshIntervalMs } = this.config;
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
      await this.refresh();
    } catch (error) {
      if (!(error instanceof AppError)) this.logger.error('The store could not be looked at', error);
    }
  }

  private async refreshNow(): Promise<RefreshedModel[]> {
    if (this.isStopped) throw new AppError('SHUTTING_DOWN');
    const listed = await this.listStore();
    const before = new Map(this.contents.models.map((model) => [model, model.best?.served]));
    await this.readStore(listed);
    for (const model of this.contents.models) await this.settle(model);
    return this.contents.models.map((model) => {
      const served = before.get(model);
      return {
        model: model.card.name,
        run_id: model.best?.served.run.run_id ?? null,
        previous_run_id: served?.run.run_id ?? null,
      };
    });
  }

  /** Trouble with one model is no reason to leave the others as they are. */
  private async settle(model: RegisteredModel): Promise<void> {
    if (this.isStopped) return;
    try {
      await this.promotions.settle(model);
    } catch (error) {
      if (error instanceof AppError && error.code === 'SHUTTING_DOWN') throw error;
      this.logger.error(`Model ${model.card.name} could not be brought up to date`, error);
    }
  }

  private async listStore(): Promise<SourcedModel[]> {
    try {
      const listed = await this.source.listModels();
      // An empty folder is what a volume leaves behind that is not mounted any more.
      if (listed.length === 0 && this.contents.models.length > 0) throw new Error('There are no models in the store.');
      this.tellNotices();
      if (this.isAway) this.logger.log('The store can be read again');
      this.isAway = false;
      return listed;
    } catch (error) {
      if (!this.isAway) this.logger.error('The store cannot be read; what is served stays as it is', error);
      this.isAway = true;
      throw new AppError('STORE_NOT_READABLE', {}, { cause: error });
    }
  }

  /** What the source has to say of its listing, once as long as it says the same. */
  private tellNotices(): void {
    const { notices } = this.source;
    for (const notice of notices) if (!this.notices.includes(notice)) this.logger.warn(notice);
    if (notices.length === 0 && this.notices.length > 0) this.logger.log('Every source can be read again');
    this.notices = notices;
  }

  /** Takes over what was found. Models keep their runs in service until `settle`; those that are gone are withdrawn. */
  private async readStore(listed: readonly SourcedModel[]): Promise<void> {
    const { contents } = this;
    const takenIds = new Set<string>();
    const updates: (() => RegisteredModel)[] = [];
    let hasChanged = false;
    for (const sourced of listed) {
      const known = contents.modelsByName.get(sourced.card?.name ?? sourced.place);
      // A card that was usable and is not any more is somebody's half-written file.
      const card = isDeepStrictEqual(sourced.card, known?.card) ? known?.card : (sourced.card ?? known?.card);
      if (!card) continue;
      const registered = await registerRuns(card, sourced.runs, takenIds, known);
      hasChanged ||= !known || known.card !== card || known.runs !== registered.runs;
      updates.push(() => (known ? renew(known, { card, ...registered }) : newModel(card, registered)));
    }
    const models = updates.map((update) => update());
    const gone = contents.models.filter((model) => !models.includes(model));
    const kept = gone.filter((model) => model.card.name === this.config.defaultModel);
    this.reportChanges(listed, gone, kept);
    const broken = listed.filter((model) => !model.card);
    contents.replace(inOrder([...models, ...kept], this.config.defaultModel), broken);
    for (const model of gone) if (!kept.includes(model)) this.promotions.withdraw(model);
    if (hasChanged) contents.tellChange();
  }

  private reportChanges(
    listed: readonly SourcedModel[],
    gone: readonly RegisteredModel[],
    kept: readonly RegisteredModel[],
  ): void {
    for (const model of gone) {
      const what = kept.includes(model) ? 'is served on, being the default model' : 'is served no more';
      this.logger.warn(`Model ${model.card.name} is gone from the store and ${what}`);
    }
    const wasBroken = new Set(this.contents.brokenModels.map(({ place, problems }) => `${place} ${problems.join()}`));
    for (const { place, card, problems } of listed) {
      if (card || wasBroken.has(`${place} ${problems.join()}`) || this.contents.models.length === 0) continue;
      const goesOn = this.contents.modelsByName.has(place) ? ' What was known of it before counts on.' : '';
      this.logger.warn(`Model ${place}: ${problems.join(' ')}${goesOn}`);
    }
  }

  private warnUnreadable(): void {
    for (const { place, reasons } of this.contents.models.flatMap((model) => model.unreadable)) {
      for (const { code, message } of reasons) this.logger.warn(`Run ${place} is not eligible: ${code}: ${message}`);
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
