import { Logger, Module } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import { createModelHost } from './pool/create-model-host.js';
import { ModelHost } from './model-host.js';
import type { PoolListener } from './pool/pool-event.js';

/** Provides what computes: a pool of worker threads. */
@Module({
  providers: [{ provide: ModelHost, inject: [AppConfig], useFactory: hostFor }],
  exports: [ModelHost],
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
