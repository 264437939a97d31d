import { Injectable, Logger } from '@nestjs/common';

import { ModelHistory } from './history/model-history.js';
import { ModelRegistryService } from './model-registry.service.js';
import { Cutover } from './promotion/cutover.js';
import { RunTrials } from './trials/run-trials.js';

/** Gives a run another chance because a person wants it, whatever it did in its trial or in service. */
@Injectable()
export class RetryService {
  private readonly logger = new Logger(RetryService.name);

  constructor(
    private readonly registry: ModelRegistryService,
    private readonly trials: RunTrials,
    private readonly modelHistory: ModelHistory,
    private readonly cutover: Cutover,
  ) {}

  /**
   * Forgets what is remembered against a run: the next reconciliation tries it as a new one. Replicas follow at their next
   * poll.
   *
   * @throws AppError RUN_NOT_FOUND.
   */
  async forget(runId: string): Promise<void> {
    const registered = this.registry.getRun(runId);
    const { name } = registered.card;
    await this.trials.forget(name, runId);
    await this.modelHistory.forgetFailure(name, runId);
    this.cutover.clearFailure(registered);
    if (registered.state === 'failed') registered.clearFailures();
    this.logger.log(`Run ${runId} of model ${name} is to be tried again`);
  }
}
