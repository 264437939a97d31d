import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';

import type { AppConfig } from '../config/app-config.js';
import { loadConfig } from '../config/load-config.js';
import { RunError } from '../domain/verdict.js';
import { passContractGate } from '../registry/contract/contract-gate.js';
import { reasonOfFailure } from '../registry/loading/failure-reason.js';
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
import { WRONG_USAGE, UsageError, parseArguments } from './read-arguments.js';
import type { CommandOutput, TextWriter } from './command-output.js';

const USAGE = `Usage: npm run models:check [-- --help] [folder]

Says what a server would say of runs, and of every run why; nothing is written.

folder  a store, a model ({store}/{model}), or a run ({store}/{model}/runs/{run}),
        relative to the project; the configured sources unless given

Exit code 0 when every model that was checked has a run to serve (for a run: when it may serve), else 1.
`;

/**
 * Starts the registry over a folder (else the configured sources) as a server does, without the port and without writing
 * state. Every run is loaded and replays its examples, not only those that might serve. Prints a table of verdicts, and
 * for each model why its run serves, what is pinned, what would break clients and what would win.
 *
 * @param args  those after the name of the program.
 * @param environment  variables as an operator sets them.
 * @returns the exit code: 0 when all is well, 1 when something cannot be served or checked, 2 for arguments that the
 *   program does not know.
 * @throws what makes the start of a registry impossible, ConfigError among it.
 */
export async function checkModels(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  output: CommandOutput,
): Promise<number> {
  try {
    const { path, wantsHelp } = parseArguments(args);
    if (wantsHelp) return print(output.stdout, USAGE, 0);
    return await checkFolder(path, environment, output);
  } catch (error) {
    if (error instanceof UsageError) return print(output.stderr, `${error.message}\n\n${USAGE}`, WRONG_USAGE);
    // A folder that cannot be checked needs a sentence, not the report of a failed start.
    if (error instanceof CheckTargetError) return print(output.stderr, `${error.message}\n`, 1);
    throw error;
  }
}

function print(writer: TextWriter, text: string, exitCode: number): number {
  writer.write(text);
  return exitCode;
}

async function checkFolder(
  folder: string | undefined,
  environment: NodeJS.ProcessEnv,
  output: CommandOutput,
): Promise<number> {
  const target = folder === undefined ? undefined : findCheckTarget(folder);
  const config = configFor(target, environment);
  const context = await NestFactory.createApplicationContext(CheckModule.forRoot(config, target?.model), {
    logger: false,
    abortOnError: false,
  });
  try {
    return await check(context, target?.run, output);
  } finally {
    await context.close();
  }
}

function configFor(target: CheckTarget | undefined, environment: NodeJS.ProcessEnv): AppConfig {
  return loadConfig({
    ...environment,
    ALLOW_EMPTY: 'false',
    // Nobody waits for a port: slow sources get all the time that they need.
    START_WAIT_MS: '3600000',
    ...(target && { MODELS_DIR: target.store, SOURCES: 'directory', DEFAULT_MODEL: undefined }),
  });
}

/** @param place  of the one run that is asked about; all unless set. */
async function check(
  context: INestApplicationContext,
  location: string | undefined,
  { stdout, stderr }: CommandOutput,
): Promise<number> {
  const get = <T>(type: abstract new (...args: never[]) => T) => context.get<T>(type, { strict: false });
  const [registryState, loader, states] = [get(RegistryState), get(RunLoader), get(StateStore)];
  await get(RefreshService).initialSync();
  for (const warning of get(RunSource).warnings) stderr.write(`${warning}\n`);
  const { models, brokenModels } = registryState;
  for (const model of models) for (const registered of model.runs) await tryRun(loader, registered, stderr);
  const warnings = await Promise.all(models.map((model) => pinWarning(model, states)));
  const isVisible = location === undefined ? undefined : (one: string) => one === location;
  const table = formatReport(models, brokenModels, isVisible);
  const report = [table, ...warnings.filter((warning) => warning !== undefined)].join('\n');
  const { isValid, summary } = location === undefined ? judgeModels(registryState) : judgeRun(registryState, location);
  stdout.write(models.length + brokenModels.length === 0 ? `${summary}\n` : `${report}\n\n${summary}\n`);
  return isValid ? 0 : 1;
}

/** Loads a run that the start did not need, and releases it again: its verdict stays. */
async function tryRun(loader: RunLoader, registered: RegisteredRun, stderr: TextWriter): Promise<void> {
  if (registered.state === 'serving' || registered.brokenBy) return;
  try {
    const loaded = await loader.load(registered.sourceRun, registered.run, registered.card);
    registered.updateFrom(loaded);
    await loaded.release();
  } catch (error) {
    if (!(error instanceof RunError)) stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    registered.reject(reasonOfFailure(error, registered.run.run_id));
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

interface CheckResult {
  readonly isValid: boolean;
  readonly summary: string;
}

function judgeModels({ models, brokenModels }: RegistryState): CheckResult {
  const withoutRun = models.filter(({ best }) => !best).map(({ card }) => card.name);
  const failed = [...withoutRun, ...brokenModels.map(({ location }) => location)];
  if (failed.length > 0) return { isValid: false, summary: `Nothing to serve for: ${failed.join(', ')}.` };
  if (models.length === 0) return { isValid: false, summary: 'There are no models here.' };
  return { isValid: true, summary: 'Every model has a run to serve.' };
}

function judgeRun({ models, brokenModels }: RegistryState, location: string): CheckResult {
  if (brokenModels.length > 0) return { isValid: false, summary: 'The card of its model cannot be used.' };
  const registered = models.flatMap(({ runs }) => runs).find(({ sourceRun }) => sourceRun.location === location);
  if (!registered?.verdict.eligible) return { isValid: false, summary: 'This run may not serve.' };
  const isBest = models.some(({ best }) => best?.registered === registered);
  return {
    isValid: true,
    summary: isBest ? 'This run would serve.' : 'This run may serve, and another one is better.',
  };
}
