process.env.ORT_DISABLE_TELEMETRY ??= '1';

import 'reflect-metadata';

import { Logger } from '@nestjs/common';

import { loadConfig } from '../config/load-config.js';
import { RunProblem, reason } from '../domain/verdict.js';
import { createModelHost } from '../engines/create-model-host.js';
import { newModel, registerRuns } from '../registry/register-model.js';
import type { RegisteredModel, RegisteredRun } from '../registry/registered-run.js';
import { formatReport } from '../registry/report.js';
import { RunLoader } from '../registry/run-loader.js';
import { LocalRunSource } from '../sources/local/local-run-source.js';
import { stopWithReport } from '../stop-with-report.js';

/**
 * `npm run models:check [dir]`: checks every card and every run as the registry would, and goes further: every run is
 * loaded and replays its examples, not only the best. Prints a table of verdicts.
 *
 * Exit code 0 when every model has a run to serve, 1 when one has none (or its card is not usable).
 */
async function main(folder: string | undefined): Promise<void> {
  Logger.overrideLogger(false);
  const config = loadConfig({ ...process.env, ...(folder !== undefined && { MODELS_DIR: folder }) });
  const sourced = await new LocalRunSource(config.modelsDir).listModels();
  const takenIds = new Set<string>();
  const models: RegisteredModel[] = [];
  for (const { card, runs } of sourced) if (card) models.push(newModel(card, await registerRuns(card, runs, takenIds)));
  const broken = sourced.filter(({ card }) => !card);
  const host = createModelHost({
    threads: 1,
    maxQueuedPerModel: 1,
    maxBatchRows: config.maxBatchRows,
    loadTimeoutMs: config.modelLoadTimeoutMs,
  });
  const loader = new RunLoader(host, config);
  for (const model of models) for (const run of model.runs) await tryRun(loader, model, run);
  await host.close();
  const withoutRun = models.filter(({ best }) => !best).map(({ card }) => card.name);
  const failed = [...withoutRun, ...broken.map(({ place }) => place)];
  process.stdout.write(`${formatReport(models, broken)}\n\n${summary(models.length, failed)}\n`);
  process.exitCode = failed.length > 0 || models.length === 0 ? 1 : 0;
}

/** Loads a run for the test and lets it go again; the first eligible one that holds is the model's best. */
async function tryRun(loader: RunLoader, model: RegisteredModel, registered: RegisteredRun): Promise<void> {
  if (registered.brokenBy) return;
  try {
    const served = await loader.load(registered.sourced, registered.run);
    if (registered.verdict.eligible) model.best ??= { registered, served };
    await served.release();
  } catch (error) {
    if (!(error instanceof RunProblem)) throw error;
    registered.reject(reason(error.code, error.message));
  }
}

function summary(count: number, failed: readonly string[]): string {
  if (count === 0 && failed.length === 0) return 'There are no models in this folder.';
  return failed.length > 0 ? `Nothing to serve for: ${failed.join(', ')}.` : 'Every model has a run to serve.';
}

main(process.argv[2]).catch(stopWithReport);
