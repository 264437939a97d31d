import { Injectable, Logger } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import { reason } from '../domain/verdict.js';
import { ModelHistory } from './history/model-history.js';
import type { LoadedRun } from './loading/loaded-run.js';
import { RunLoader } from './loading/run-loader.js';
import { OnDemandRuns } from './on-demand-runs.js';
import { Cutover } from './promotion/cutover.js';
import type { RegisteredModel } from './state/registered-run.js';
import { RegistryState } from './state/registry-state.js';
import { RefreshService } from './refresh/refresh.service.js';

/**
 * Takes runs out of service whose predictions do not end: each takes a thread along that nothing can end, and what makes
 * one hang is in the hands of every client. The next best run serves instead.
 */
@Injectable()
export class StuckRuns {
  private readonly logger = new Logger(StuckRuns.name);
  private readonly heldBack = new WeakSet<LoadedRun>();

  constructor(
    loader: RunLoader,
    private readonly config: AppConfig,
    private readonly registryState: RegistryState,
    private readonly cutover: Cutover,
    private readonly onDemandRuns: OnDemandRuns,
    private readonly modelHistory: ModelHistory,
    private readonly refreshService: RefreshService,
  ) {
    loader.onStuck = (loaded, threads) => this.onStuck(loaded, threads);
  }

  private onStuck(loaded: LoadedRun, threads: number): void {
    if (threads < this.config.maxStuckThreads || this.heldBack.has(loaded)) return;
    this.heldBack.add(loaded);
    this.holdBack(loaded, threads).catch((error: unknown) =>
      this.logger.error(`That run ${loaded.run.run_id} hangs could not be recorded`, error),
    );
  }

  private async holdBack(loaded: LoadedRun, threads: number): Promise<void> {
    const { run } = loaded;
    const what = threads === 1 ? 'A prediction of it does' : `${threads} predictions of it do`;
    const message = `${what} not end (PREDICTION_TIMEOUT_MS ${this.config.predictionTimeoutMs}), and each holds a thread (MAX_STUCK_THREADS).`;
    const model = this.registryState.models.find(({ best }) => best?.loaded === loaded);
    this.logger.error(`Run ${run.run_id} is taken out of service: ${message}`);
    if (!model) return this.discard(loaded, message);
    await this.cutover.holdBack(model, message);
    await this.refreshService.reconcile(model);
  }

  /** A run that was asked by its id, or that just gave way to another one. */
  private async discard(loaded: LoadedRun, message: string): Promise<void> {
    loaded.holdBack();
    const registered = await this.onDemandRuns.discard(loaded);
    if (!registered) return;
    registered.reject(reason('FAILED_IN_SERVICE', message));
    const model: RegisteredModel | undefined = this.registryState.modelsByName.get(registered.card.name);
    if (model) await this.modelHistory.recordHeldBack(model, registered.sourceRun.run ?? registered.run, message);
  }
}
