process.env.ORT_DISABLE_TELEMETRY ??= '1';

import 'reflect-metadata';

import { Logger } from '@nestjs/common';

import { loadConfig } from '../config/load-config.js';
import type { ModelState } from '../domain/model-state.js';
import { RunProblem, reason } from '../domain/verdict.js';
import { createModelHost } from '../engines/create-model-host.js';
import { passContractGate } from '../registry/contract-gate.js';
import { newModel, registerRuns } from '../registry/register-model.js';
import type { Best, RegisteredModel, RegisteredRun } from '../registry/registered-run.js';
import { formatReport } from '../registry/report.js';
import { RunLoader } from '../registry/run-loader.js';
import type { ServedRun } from '../registry/served-run.js';
import { createRunSource } from '../sources/create-run-source.js';
import { LocalStateStore } from '../sources/local/local-state-store.js';
import { stopWithReport } from '../stop-with-report.js';

/**
 * `npm run models:check [dir]`: checks every card (of the folder, else of the configured sources) and every run as the
 * registry would, and goes further: every run is loaded and replays its examples, not only the best. Prints a table of
 * verdicts, and for each model why its run serves, what is pinned, what would break clients and what would win.
 *
 * Exit code 0 when every model has a run to serve, 1 when one has none (or its card is not usable).
 */
async function main(folder: string | undefined): Promise<void> {
  Logger.overrideLogger(false);
  const config = loadConfig({
    ...process.env,
    ...(folder !== undefined && { MODELS_DIR: folder, SOURCES: 'directory' }),
  });
  const source = createRunSource(config);
  const sourced = await source.listModels();
  for (const notice of source.notices) process.stderr.write(`${notice}\n`);
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
  const states = new LocalStateStore(config.modelsDir);
  for (const model of models) await check(model, loader, await states.read(model.card.name));
  await host.close();
  const withoutRun = models.filter(({ best }) => !best).map(({ card }) => card.name);
  const failed = [...withoutRun, ...broken.map(({ place }) => place)];
  process.stdout.write(`${formatReport(models, broken)}\n\n${summary(models.length, failed)}\n`);
  process.exitCode = failed.length > 0 || models.length === 0 ? 1 : 0;
}

/** Loads every run of a model for the test; the pinned one that holds is its best, else the first that may serve. */
async function check(model: RegisteredModel, loader: RunLoader, { pin, served: last }: ModelState): Promise<void> {
  model.pin = pin;
  let best: Best | undefined;
  let heldBack: Best | undefined;
  for (const registered of model.runs) {
    const served = await tryRun(loader, registered);
    if (!served) continue;
    const isPinned = registered.run.run_id === pin?.run_id;
    const { differences, why } = passContractGate(registered.run, last ? [last] : []);
    if (!isPinned && why && registered.verdict.eligible) {
      registered.holdBack(why);
      model.refused ??= { run_id: registered.run.run_id, differences };
      heldBack ??= { registered, served };
    }
    if (isPinned) model.best = { registered, served };
    else if (registered.verdict.eligible) best ??= { registered, served };
  }
  // As a start does: where every run breaks clients, the best of them is better than none.
  model.best ??= best ?? heldBack;
}

/** Loads a run and lets it go again: what it said of itself stays. */
async function tryRun(loader: RunLoader, registered: RegisteredRun): Promise<ServedRun | undefined> {
  if (registered.brokenBy) return undefined;
  try {
    const served = await loader.load(registered.sourced, registered.run);
    registered.learn(served);
    await served.release();
    return served;
  } catch (error) {
    if (!(error instanceof RunProblem)) throw error;
    registered.reject(reason(error.code, error.message));
    return undefined;
  }
}

function summary(count: number, failed: readonly string[]): string {
  if (count === 0 && failed.length === 0) return 'There are no models here.';
  return failed.length > 0 ? `Nothing to serve for: ${failed.join(', ')}.` : 'Every model has a run to serve.';
}

main(process.argv[2]).catch(stopWithReport);
