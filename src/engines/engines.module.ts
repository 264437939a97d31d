import { Logger, Module } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import { createModelHost } from './pool/create-model-host.js';
import { ModelHost } from './model-host.js';
import type { PoolListener } from './pool/pool-event.js';
import { TrialHost } from './trial/trial-host.js';
import { TrialProcesses } from './trial/trial-processes.js';

/** Provides what computes: a pool of worker threads, and processes for what is not proven yet; null without them. */
@Module({
  providers: [
    { provide: ModelHost, inject: [AppConfig], useFactory: hostFor },
    { provide: TrialHost, inject: [AppConfig], useFactory: trialHostFor },
  ],
  exports: [ModelHost, TrialHost],
})
export class EnginesModule {}

function hostFor(config: AppConfig): ModelHost {
  const logger = new Logger(ModelHost.name);
  const onEvent: PoolListener = ({ kind, ...details }) =>
    kind === 'model-loaded' || kind === 'model-inline' ? logger.debug(details, kind) : logger.warn(details, kind);
  return createModelHost({
    threads: config.inferenceThreads,
    callTimeoutMs: config.predictionTimeoutMs,
    maxQueuedPerModel: config.maxQueuedRequests,
    maxBatchRows: config.maxBatchRows,
    // Tensors of numbers may take more than the text they came in.
    maxQueuedBytes: 2 * config.maxBodyBytesInFlight,
    batchWaitMs: config.batchWaitMs,
    inlineMaxMs: config.inlineMaxMs,
    loadTimeoutMs: config.modelLoadTimeoutMs,
    onEvent,
  });
}

function trialHostFor(config: AppConfig): TrialHost | null {
  if (!config.trialProcess) return null;
  const logger = new Logger(TrialHost.name);
  return new TrialProcesses({
    limits: {
      loadTimeoutMs: config.modelLoadTimeoutMs,
      predictionTimeoutMs: config.predictionTimeoutMs,
      memoryBytes: config.trialMemoryBytes,
    },
    maxBatchRows: config.maxBatchRows,
    // What becomes of a candidate is told by its verdict.
    onEvent: ({ kind, ...details }) => logger.debug(details, kind),
  });
}
