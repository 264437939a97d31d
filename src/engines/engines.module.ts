import { Logger, Module } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import type { WeightSharing } from './inference-engine.js';
import { MemoryBudget } from './memory/memory-budget.js';
import { createModelHost } from './pool/create-model-host.js';
import { ModelHost } from './model-host.js';
import { POOL_EVENT_TEXT } from './pool/pool-event.js';
import type { PoolEvent, PoolListener } from './pool/pool-event.js';
import { TrialHost } from './trial/trial-host.js';
import { TrialProcesses } from './trial/trial-processes.js';

/** Weights of smaller models are not worth a file of their own, nor slower calls. */
const MIN_SHARED_WEIGHT_BYTES = 64 * 1024 * 1024;

/**
 * Provides what computes: a pool of worker threads with the memory that its models may take, and processes for what is
 * not proven yet; null without them.
 */
@Module({
  providers: [
    { provide: MemoryBudget, inject: [AppConfig], useFactory: budgetFor },
    { provide: ModelHost, inject: [AppConfig, MemoryBudget], useFactory: hostFor },
    { provide: TrialHost, inject: [AppConfig], useFactory: trialHostFor },
  ],
  exports: [ModelHost, MemoryBudget, TrialHost],
})
export class EnginesModule {}

/** What happens to models that are well. */
const EXPECTED: ReadonlySet<PoolEvent['kind']> = new Set(['model-loaded', 'model-inline', 'model-copy-declined']);

function budgetFor({ modelMemoryBytes }: AppConfig): MemoryBudget {
  return new MemoryBudget(modelMemoryBytes);
}

function hostFor(config: AppConfig, memory: MemoryBudget): ModelHost {
  const logger = new Logger(ModelHost.name);
  const onEvent: PoolListener = ({ kind, ...details }) => {
    const facts = { event: kind, ...details };
    if (EXPECTED.has(kind)) logger.debug(facts, POOL_EVENT_TEXT[kind]);
    else logger.warn(facts, POOL_EVENT_TEXT[kind]);
  };
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
    memory,
    processes: config.workers,
    sharing: sharingOf(config),
    onEvent,
  });
}

/** Of `START_WAIT_MS`: what a run that hangs leaves to the next best. */
const FIRST_TRIAL_SHARE = 1 / 3;
const MIN_FIRST_TRIAL_MS = 5_000;

function trialHostFor(config: AppConfig): TrialHost | null {
  if (!config.trialProcess) return null;
  const logger = new Logger(TrialHost.name);
  return new TrialProcesses({
    limits: {
      loadTimeoutMs: config.modelLoadTimeoutMs,
      predictionTimeoutMs: config.predictionTimeoutMs,
      firstPredictionTimeoutMs: Math.max(MIN_FIRST_TRIAL_MS, Math.ceil(config.startWaitMs * FIRST_TRIAL_SHARE)),
      memoryBytes: config.trialMemoryBytes,
    },
    maxBatchRows: config.maxBatchRows,
    sharing: sharingOf(config),
    // What becomes of a candidate is told by its verdict.
    onEvent: ({ kind, ...details }) => logger.debug({ event: kind, ...details }, POOL_EVENT_TEXT[kind]),
  });
}

function sharingOf({ modelCacheDir, maxModelCacheBytes }: AppConfig): WeightSharing | undefined {
  if (maxModelCacheBytes === 0) return undefined;
  return { folder: modelCacheDir, maxBytes: maxModelCacheBytes, minBytes: MIN_SHARED_WEIGHT_BYTES };
}
