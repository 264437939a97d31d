import { Injectable, Logger } from '@nestjs/common';

import { AppError } from '../domain/app-error.js';
import { isCutover } from '../domain/model-state.js';
import type { ModelState, Pin } from '../domain/model-state.js';
import { RunError, reasonText } from '../domain/verdict.js';
import { ModelHistory } from './history/model-history.js';
import { reasonOfFailure } from './loading/failure-reason.js';
import { runNotFound } from './run-not-found.js';
import { ModelRegistryService } from './model-registry.service.js';
import { PromotionService } from './promotion/promotion.service.js';
import { RefreshService } from './refresh/refresh.service.js';
import type { RegisteredModel, RegisteredRun } from './state/registered-run.js';
import { broadcastRefresh } from './refresh/cluster-messages.js';

/** What a person wants, and why. */
type PinRequest = Pick<Pin, 'run_id' | 'reason' | 'by'>;

/** Decisions of a person that override the policy. Every decision is recorded and seen by all replicas. */
@Injectable()
export class PinService {
  private readonly logger = new Logger(PinService.name);

  constructor(
    private readonly registry: ModelRegistryService,
    private readonly refreshService: RefreshService,
    private readonly promotions: PromotionService,
    private readonly modelHistory: ModelHistory,
  ) {}

  /**
   * Serves a model with a run until the pin is taken off.
   *
   * @throws AppError MODEL_NOT_FOUND, RUN_NOT_FOUND, RUN_NOT_OF_MODEL, or PIN_REFUSED when the run cannot be loaded: nothing changes then.
   */
  async pin(name: string, request: PinRequest): Promise<Pin> {
    const model = this.registry.getModel(name);
    await this.refreshService.inspectRun(model, request.run_id);
    return this.refreshService.runExclusive(model, () => this.serve(model, request, 'pinned'));
  }

  /**
   * Removes the pin, so that the policy chooses again; does nothing without a pin.
   *
   * @throws AppError MODEL_NOT_FOUND.
   */
  async unpin(name: string, by: string): Promise<RegisteredModel> {
    const model = this.registry.getModel(name);
    return this.refreshService.runExclusive(model, async () => {
      if (model.pin) this.logger.log(`Model ${name}: the pin on run ${model.pin.run_id} was removed by ${by}`);
      await this.modelHistory.unpinned(model, by);
      await this.promotions.reconcile(model);
      broadcastRefresh();
      return model;
    });
  }

  /**
   * Pins the run that served before the present one.
   *
   * @throws AppError MODEL_NOT_FOUND, NO_PREVIOUS_RUN, or PIN_REFUSED.
   */
  async rollBack(name: string, { reason, by }: Omit<PinRequest, 'run_id'>): Promise<Pin> {
    const model = this.registry.getModel(name);
    return this.refreshService.runExclusive(model, async () => {
      const previous = findPrevious(model, await this.modelHistory.read(model));
      if (!previous) throw new AppError('NO_PREVIOUS_RUN', { model: name });
      return this.serve(model, { run_id: previous.run.run_id, reason, by }, 'rolled_back');
    });
  }

  private async serve(
    model: RegisteredModel,
    { run_id: runId, reason, by }: PinRequest,
    event: 'pinned' | 'rolled_back',
  ): Promise<Pin> {
    const { name } = model.card;
    // The served run may be pinned although its folder is gone: it is still in memory.
    const inMemory = model.best?.loaded.run.run_id === runId ? model.best.registered : undefined;
    const registered = model.runs.find(({ run }) => run.run_id === runId) ?? inMemory;
    if (!registered) throw runNotFound(this.registry, model, runId);
    const currentRunId = model.best?.loaded.run.run_id ?? null;
    try {
      await this.promotions.serve(model, registered);
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      const verdict = reasonText(reasonOfFailure(error, runId));
      throw new AppError('PIN_REFUSED', { runId, reason: verdict }, { cause: error });
    }
    const { location } = registered.sourceRun;
    model.pin = await this.modelHistory.pinned(
      model,
      registered.run,
      { reason, by, place: location },
      event,
      currentRunId,
    );
    this.logger.log(
      `Model ${name} is served by run ${runId} instead of ${currentRunId ?? 'none'}, ${event.replace('_', ' ')} by ${by}: ${reason}`,
    );
    broadcastRefresh();
    return model.pin;
  }
}

/**
 * The run that served before the present one, is still in the store and did not fail. Runs that were just rolled back
 * from are skipped, so that a second rollback goes further back.
 */
function findPrevious(model: RegisteredModel, { history, failed }: ModelState): RegisteredRun | undefined {
  const cutoverEvents = history.filter(isCutover);
  // Another replica may serve a run that this one has not seen yet, and the caller refers to that.
  const present = cutoverEvents[0]?.run_id ?? model.best?.loaded.run.run_id;
  const rollbackEvents = cutoverEvents.slice(0, cutoverEvents.findIndex(({ event }) => event !== 'rolled_back') >>> 0);
  const excluded = new Set([
    present,
    ...rollbackEvents.map((event) => event.previous_run_id),
    ...failed.map(({ run_id: runId }) => runId),
  ]);
  for (const id of cutoverEvents.flatMap((event) => [event.run_id, event.previous_run_id])) {
    const found = id !== null && !excluded.has(id) ? model.runs.find(({ run }) => run.run_id === id) : undefined;
    if (found && !found.sourceRun.reasons[0]) return found;
  }
  return undefined;
}
