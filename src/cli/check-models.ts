process.env.ORT_DISABLE_TELEMETRY ??= '1';

import 'reflect-metadata';

import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';

import { stopWithReport } from '../bootstrap/exit-with-report.js';
import type { AppConfig } from '../config/app-config.js';
import { loadConfig } from '../config/load-config.js';
import { loadEnvFile } from '../config/load-env-file.js';
import { findMisspeltVariables } from '../config/misspelt-variables.js';
import { RunError, reason } from '../domain/verdict.js';
import { passContractGate } from '../registry/contract/contract-gate.js';
import { RunLoader } from '../registry/loading/run-loader.js';
import { RefreshService } from '../registry/refresh/refresh.service.js';
import { formatReport } from '../registry/selection/verdict-table.js';
import type { RegisteredModel, RegisteredRun } from '../registry/state/registered-run.js';
import { RegistryState } from '../registry/state/registry-state.js';
import { RunSource } from '../sources/run-source.js';
import { StateStore } from '../sources/state/state-store.js';
import { CheckTargetError, findCheckTarget } from './check-target.js';
import type { CheckTarget } from './check-target.js';
import { CheckModule } from './check.module.js';
import { readArguments } from './read-arguments.js';

const USAGE = `Usage: npm run models:check [-- --help] [folder]

Says what a server would say of runs, and of every run why; nothing is written.

folder  a store, a model ({store}/{model}), or a run ({store}/{model}/runs/{run}),
        relative to the project; the configured sources unless given

Exit code 0 when every model that was checked has a run to serve (for a run: when it may serve), else 1.
`;

/**
 * `npm run models:check [folder]`: starts the registry over the folder (else the configured sources) as a server does,
 * without the port and without writing state. Every run is loaded and replays its examples, not only those that might
 * serve. Prints a table of verdicts, and for each model why its run serves, what is pinned, what would break clients
 * and what would win.
 */
async function main(): Promise<void> {
  const folder = readArguments(USAGE);
  loadEnvFile();
  for (const { name, meant } of findMisspeltVariables(process.env)) {
    process.stderr.write(`${name} is not a variable of bestrun and is ignored. Did you mean ${meant}?\n`);
  }
  const target = folder === undefined ? undefined : findCheckTarget(folder);
  const config = configFor(target);
  const context = await NestFactory.createApplicationContext(CheckModule.forRoot(config, target?.model), {
    logger: false,
    abortOnError: false,
  });
  try {
    await check(context, target?.run);
  } finally {
    await context.close();
  }
}

function configFor(target: CheckTarget | undefined): AppConfig {
  return loadConfig({
    ...process.env,
    ALLOW_EMPTY: 'false',
    ...(target && { MODELS_DIR: target.store, SOURCES: 'directory', DEFAULT_MODEL: undefined }),
  });
}

/** @param place  of the one run that is asked about; all unless set. */
async function check(context: INestApplicationContext, location: string | undefined): Promise<void> {
  const get = <T>(type: abstract new (...args: never[]) => T) => context.get<T>(type, { strict: false });
  const [registryState, loader, states] = [get(RegistryState), get(RunLoader), get(StateStore)];
  await get(RefreshService).initialSync();
  for (const warning of get(RunSource).warnings) process.stderr.write(`${warning}\n`);
  const { models, brokenModels } = registryState;
  for (const model of models) for (const registered of model.runs) await tryRun(loader, registered);
  const warnings = await Promise.all(models.map((model) => pinWarning(model, states)));
  const isVisible = location === undefined ? undefined : (one: string) => one === location;
  const table = formatReport(models, brokenModels, isVisible);
  const report = [table, ...warnings.filter((warning) => warning !== undefined)].join('\n');
  const { isWell, summary } = location === undefined ? judgeModels(registryState) : judgeRun(registryState, location);
  process.stdout.write(models.length + brokenModels.length === 0 ? `${summary}\n` : `${report}\n\n${summary}\n`);
  process.exitCode = isWell ? 0 : 1;
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
    registered.reject(reason(error.code, error.message, error.fix));
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

interface Judgement {
  readonly isWell: boolean;
  readonly summary: string;
}

function judgeModels({ models, brokenModels }: RegistryState): Judgement {
  const withoutRun = models.filter(({ best }) => !best).map(({ card }) => card.name);
  const failed = [...withoutRun, ...brokenModels.map(({ location }) => location)];
  if (failed.length > 0) return { isWell: false, summary: `Nothing to serve for: ${failed.join(', ')}.` };
  if (models.length === 0) return { isWell: false, summary: 'There are no models here.' };
  return { isWell: true, summary: 'Every model has a run to serve.' };
}

function judgeRun({ models, brokenModels }: RegistryState, location: string): Judgement {
  if (brokenModels.length > 0) return { isWell: false, summary: 'The card of its model cannot be used.' };
  const registered = models.flatMap(({ runs }) => runs).find(({ sourceRun }) => sourceRun.location === location);
  if (!registered?.verdict.eligible) return { isWell: false, summary: 'This run may not serve.' };
  const isBest = models.some(({ best }) => best?.registered === registered);
  return { isWell: true, summary: isBest ? 'This run would serve.' : 'This run may serve, and another one is better.' };
}

/** A folder that cannot be checked needs a sentence, not the report of a failed start. */
function stop(error: unknown): void {
  if (!(error instanceof CheckTargetError)) return stopWithReport(error);
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

main().catch(stop);
