import { Injectable, Logger } from '@nestjs/common';

import { reason } from '../../domain/verdict.js';
import type { SourceRun } from '../../sources/run-source.js';
import { ModelHistory } from '../history/model-history.js';
import { BakePeriod } from './bake-period.js';
import type { Best, RegisteredModel, RegisteredRun } from '../state/registered-run.js';
import { RegistryState } from '../state/registry-state.js';
import type { LoadedRun } from '../loading/loaded-run.js';

/**
 * Changes the run that serves a model, and watches it during its bake period: the previous run stays in memory and
 * serves again at once when the new one fails on real requests.
 */
@Injectable()
export class Cutover {
  private readonly logger = new Logger(Cutover.name);
  private readonly bakePeriodByModel = new Map<RegisteredModel, BakePeriod>();
  /** Why runs failed in service here: known at once, before the failure is recorded in the history. */
  private readonly failures = new WeakMap<SourceRun, string>();

  private readonly beingRecorded = new WeakSet<SourceRun>();

  constructor(
    private readonly registryState: RegistryState,
    private readonly modelHistory: ModelHistory,
  ) {}

  /** Ends all bake periods; previous runs end with the process. */
  close(): void {
    for (const bakePeriod of this.bakePeriodByModel.values()) bakePeriod.end({ keepPrevious: true });
    this.bakePeriodByModel.clear();
  }

  /**
   * Changes the run that serves in one synchronous step, so that every reader finds a run that answers. The old run is
   * released when its pending predictions are answered, or at the end of the bake period where there is one.
   */
  switchTo(model: RegisteredModel, next: Best, { withBakePeriod }: { readonly withBakePeriod: boolean }): void {
    const previous = model.best;
    const bakePeriod = this.bakePeriodByModel.get(model);
    const isRollback = bakePeriod?.previous.loaded === next.loaded;
    bakePeriod?.end({ keepPrevious: isRollback });
    this.bakePeriodByModel.delete(model);
    next.loaded.results.reset();
    // The store may have been read again while the run was loaded.
    const registered = model.runs.find(({ sourceRun }) => sourceRun === next.registered.sourceRun) ?? next.registered;
    registered.state = 'serving';
    const best = { registered, loaded: next.loaded };
    model.best = best;
    if (previous) {
      previous.registered.state = 'checked';
      if (withBakePeriod) this.watch(model, best, previous);
      else void previous.loaded.release();
    }
    this.registryState.notifyChange();
  }

  /** Takes a model out of service. Its pending predictions finish. */
  deactivate(model: RegisteredModel): void {
    this.confirm(model);
    const { best } = model;
    model.best = undefined;
    void best?.loaded.release();
    this.registryState.notifyChange();
  }

  /**
   * Takes the run out of service that serves, at once: its predictions do not end. The previous run serves again while it
   * is still in memory; otherwise nothing does until another run can.
   *
   * @param message  why, a sentence.
   */
  async holdBack(model: RegisteredModel, message: string): Promise<void> {
    const failedRun = model.best;
    if (!failedRun) return;
    const previous = this.bakePeriodByModel.get(model);
    failedRun.loaded.holdBack();
    this.failures.set(failedRun.registered.sourceRun, message);
    this.beingRecorded.add(failedRun.registered.sourceRun);
    if (previous && !previous.isOver) await this.rollBack(model, failedRun, previous.previous, message);
    else this.deactivate(model);
    failedRun.registered.reject(reason('FAILED_IN_SERVICE', message));
    await this.modelHistory.recordHeldBack(model, failedRun.registered.sourceRun.run ?? failedRun.loaded.run, message);
    this.beingRecorded.delete(failedRun.registered.sourceRun);
  }

  /** Whether a failure of the run is known here that the state does not have yet. */
  isBeingRecorded({ sourceRun }: RegisteredRun): boolean {
    return this.beingRecorded.has(sourceRun);
  }

  /** Ends the bake period of the run that serves. */
  confirm(model: RegisteredModel): void {
    this.bakePeriodByModel.get(model)?.end();
    this.bakePeriodByModel.delete(model);
  }

  /** The run, if it is the previous run still kept in memory by the bake period. */
  findPrevious(model: RegisteredModel, { sourceRun }: RegisteredRun): LoadedRun | undefined {
    const bakePeriod = this.bakePeriodByModel.get(model);
    if (!bakePeriod || bakePeriod.isOver) return undefined;
    return bakePeriod.previous.registered.sourceRun === sourceRun ? bakePeriod.previous.loaded : undefined;
  }

  /** Why a run failed in service here; undefined when it did not, or was pinned since. */
  failureOf({ sourceRun }: RegisteredRun): string | undefined {
    return this.failures.get(sourceRun);
  }

  /** Clears the failure of a run that a person pins. */
  clearFailure({ sourceRun }: RegisteredRun): void {
    this.failures.delete(sourceRun);
  }

  private watch(model: RegisteredModel, next: Best, previous: Best): void {
    const onFailed = (failed: number, total: number) => {
      const message = `${failed} of its first ${total} predictions failed.`;
      void this.rollBack(model, next, previous, message).catch((error: unknown) =>
        this.logger.error(`The automatic rollback of model ${model.card.name} could not be recorded`, error),
      );
    };
    this.bakePeriodByModel.set(model, new BakePeriod(next, previous, onFailed));
  }

  /** Serves the previous run again, at once: it is still in memory. */
  private async rollBack(model: RegisteredModel, failedRun: Best, previous: Best, message: string): Promise<void> {
    if (model.best?.loaded !== failedRun.loaded) return;
    const registered = model.runs.find(({ sourceRun }) => sourceRun === previous.registered.sourceRun);
    const again = { registered: registered ?? previous.registered, loaded: previous.loaded };
    this.switchTo(model, again, { withBakePeriod: false });
    this.failures.set(failedRun.registered.sourceRun, message);
    failedRun.registered.setRejection(reason('FAILED_IN_SERVICE', message));
    this.logger.error(
      `Model ${model.card.name} rolled back automatically from run ${failedRun.loaded.run.run_id} to ${again.loaded.run.run_id}: ${message}`,
    );
    const asFound = failedRun.registered.sourceRun.run ?? failedRun.loaded.run;
    await this.modelHistory.recordRollback(model, asFound, again, message);
  }
}
