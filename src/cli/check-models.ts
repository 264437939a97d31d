process.env.ORT_DISABLE_TELEMETRY ??= '1';

import 'reflect-metadata';

import { Logger } from '@nestjs/common';

import type { AppConfig } from '../config/app-config.js';
import { loadConfig } from '../config/load-config.js';
import { RunError, reason } from '../domain/verdict.js';
import { createModelHost } from '../engines/pool/create-model-host.js';
import type { ModelHost } from '../engines/model-host.js';
import { ModelHistory } from '../registry/history/model-history.js';
import { passContractGate } from '../registry/contract/contract-gate.js';
import { PromotionService } from '../registry/promotion/promotion.service.js';
import { RefreshService } from '../registry/refresh/refresh.service.js';
import type { RegisteredModel, RegisteredRun } from '../registry/state/registered-run.js';
import { RegistryState } from '../registry/state/registry-state.js';
import { formatReport } from '../registry/selection/verdict-table.js';
import { RunLoader } from '../registry/loading/run-loader.js';
import { createRunSource } from '../sources/create-run-source.js';
import { DryRunStateStore } from '../sources/state/dry-run-state-store.js';
import { LocalStateStore } from '../sources/state/local-state-store.js';
import type { StateStore } from '../sources/state/state-store.js';
import { stopWithReport } from '../bootstrap/exit-with-report.js';

/**
 * `npm run models:check [dir]`: starts the registry over the folder (else the configured sources) as a server does,
 * without the port and without writing state. Every run is loaded and replays its examples, not only those that might
 * serve. Prints a table of verdicts, and for each model why its run serves, what is pinned, what would break clients
 * and what would win.
 *
 * Exit code 0 when every model has a run to serve, 1 when one has none (or its card is not usable).
 */
async function main(folder: string | undefined): Promise<void> {
  Logger.overrideLogger(false);
  const config = loadConfig({
    ...process.env,
    ...(folder !== undefined && { MODELS_DIR: folder, SOURCES: 'directory', DEFAULT_MODEL: undefined }),
  });
  const host = createModelHost({
    threads: config.inferenceThreads,
    callTimeoutMs: config.predictionTimeoutMs,
    maxQueuedPerModel: config.maxQueuedRequests,
    maxBatchRows: config.maxBatchRows,
    loadTimeoutMs: config.modelLoadTimeoutMs,
  });
  try {
    await check(config, host);
  } finally {
    await host.close();
  }
}

async function check(config: AppConfig, host: ModelHost): Promise<void> {
  const source = createRunSource(config);
  const states = new DryRunStateStore(new LocalStateStore(config.modelsDir, undefined, undefined, config.stateDir));
  const loader = new RunLoader(host, config);
  const registryState = new RegistryState();
  const modelHistory = new ModelHistory(states);
  const promotions = new PromotionService(loader, registryState, config, modelHistory);
  await new RefreshService(source, registryState, promotions, modelHistory, config).initialSync();
  for (const warning of source.warnings) process.stderr.write(`${warning}\n`);
  const { models, brokenModels } = registryState;
  for (const model of models) for (const registered of model.runs) await tryRun(loader, registered);
  const warnings = await Promise.all(models.map((model) => pinWarning(model, states)));
  promotions.beforeApplicationShutdown();
  const withoutRun = models.filter(({ best }) => !best).map(({ card }) => card.name);
  const failed = [...withoutRun, ...brokenModels.map(({ location }) => location)];
  const report = [formatReport(models, brokenModels), ...warnings.filter((warning) => warning !== undefined)].join(
    '\n',
  );
  process.stdout.write(`${report}\n\n${summary(models.length, failed)}\n`);
  process.exitCode = failed.length > 0 || models.length === 0 ? 1 : 0;
}

/** Loads a run that the start did not need, and releases it again: its verdict stays. */
async function tryRun(loader: RunLoader, registered: RegisteredRun): Promise<void> {
  if (registered.state === 'serving' || registered.brokenBy) return;
  try {
    const loaded = await loader.load(registered.sourceRun, registered.run);
    registered.updateFrom(loaded);
    await loaded.release();
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    registered.reject(reason(error.code, error.message));
  }
}

/** A pin is not checked by the contract gate; what it breaks is reported anyway. */
async function pinWarning({ card, pin, best }: RegisteredModel, states: StateStore): Promise<string | undefined> {
  const { served: last } = await states.read(card.name);
  if (!pin || !last || best?.loaded.run.run_id !== pin.run_id) return undefined;
  const { rejection: why } = passContractGate(best.registered.run, [last]);
  return (
    why &&
    `${card.name}: Run "${pin.run_id}", pinned, breaks clients of what served before. ${why.code}: ${why.message}`
  );
}

function summary(count: number, failed: readonly string[]): string {
  if (count === 0 && failed.length === 0) return 'There are no models here.';
  return failed.length > 0 ? `Nothing to serve for: ${failed.join(', ')}.` : 'Every model has a run to serve.';
}

main(process.argv[2]).catch(stopWithReport);
