import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';

import type { AppConfig, MlflowConfig, SourceKind } from './app-config.js';
import { defaultModelMemory, defaultThreads } from './default-limits.js';
import { Environment, MAY_BE_EMPTY } from './environment.dto.js';
import { readMachineLimits } from './machine-limits.js';
import type { MachineLimits } from './machine-limits.js';
import { parseTrustedProxies } from './trusted-proxies.js';
import { parseMlflowItems } from './mlflow-selection.js';
import { VARIABLE_RULES, secretFileVariables } from './variable-rules.js';

/** Share of the memory that trials may take unless set. */
const TRIAL_MEMORY_SHARE = 0.75;

/** What cannot be used of the configuration: variables, each with its rule, or the file `.env`. Values are never named: they may be secrets. */
export class ConfigError extends Error {
  constructor(readonly issues: readonly string[]) {
    super(`The configuration cannot be used:\n${issues.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads the environment once. An empty variable counts as absent, except where empty means none (CORS_ORIGINS, MLFLOW_EXPERIMENTS).
 * A secret may be the content of a file instead, named by the variable with `_FILE` at its end.
 *
 * @throws ConfigError that names every bad variable.
 */
export function loadConfig(environment: NodeJS.ProcessEnv): AppConfig {
  const given = new Map<string, string>();
  for (const name of VARIABLE_RULES.keys()) {
    const value = environment[name];
    if (value !== undefined && (value !== '' || MAY_BE_EMPTY.includes(name))) given.set(name, value);
  }
  const fromFiles = readSecretFiles(environment, given);
  const env = plainToInstance(Environment, Object.fromEntries(given), { exposeDefaultValues: true });
  const issues = validateSync(env).flatMap(({ property, constraints = {} }) => {
    const name = fromFiles.read.has(property) ? `${property} (from ${property}_FILE)` : property;
    return Object.values(constraints).map((rule) => `${name} ${rule}`);
  });
  issues.unshift(...fromFiles.issues);
  if (issues.length > 0) throw new ConfigError(issues);
  return Object.freeze(toConfig(env));
}

/** Adds secrets that files hold; one line break at the end, which editors add, is no part of them. */
function readSecretFiles(
  environment: NodeJS.ProcessEnv,
  given: Map<string, string>,
): { readonly read: ReadonlySet<string>; readonly issues: readonly string[] } {
  const read = new Set<string>();
  const issues: string[] = [];
  for (const [fileVariable, name] of secretFileVariables()) {
    const file = environment[fileVariable];
    if (file === undefined || file === '') continue;
    if (given.has(name)) {
      issues.push(`${fileVariable} must not be set beside ${name}`);
      continue;
    }
    try {
      given.set(name, readFileSync(file, 'utf8').replace(/\r?\n$/, ''));
      read.add(name);
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      issues.push(`${fileVariable} must name a file that can be read (${code})`);
    }
  }
  return { read, issues };
}

function toConfig(env: Environment): AppConfig {
  const limits = readMachineLimits();
  const inferenceThreads = env.INFERENCE_THREADS || defaultThreads(limits, env.WORKERS);
  return {
    port: env.PORT,
    host: env.HOST,
    sources: [...new Set(env.SOURCES.split(',').map((kind) => kind.trim() as SourceKind))],
    mlflow: toMlflowConfig(env),
    modelsDir: resolve(env.MODELS_DIR),
    stateDir: env.STATE_DIR === undefined ? undefined : resolve(env.STATE_DIR),
    allowEmpty: env.ALLOW_EMPTY,
    defaultModel: env.DEFAULT_MODEL,
    workers: env.WORKERS,
    inferenceThreads,
    modelMemoryBytes: Math.floor((env.MODEL_MEMORY_BYTES || defaultModelMemory(limits, env.WORKERS)) / env.WORKERS),
    modelCacheDir: resolve(env.MODEL_CACHE_DIR),
    maxModelCacheBytes: env.MODEL_CACHE_MAX_BYTES,
    bodyLimitBytes: env.BODY_LIMIT_BYTES,
    maxBodyBytesInFlight: env.MAX_BODY_BYTES_IN_FLIGHT || defaultBodyBytes(limits, env),
    maxConnections: env.MAX_CONNECTIONS,
    maxRowsPerRequest: env.MAX_ROWS_PER_REQUEST,
    unknownMembers: env.UNKNOWN_MEMBERS as AppConfig['unknownMembers'],
    predictionTimeoutMs: env.PREDICTION_TIMEOUT_MS,
    modelLoadTimeoutMs: env.MODEL_LOAD_TIMEOUT_MS,
    maxStuckThreads: env.MAX_STUCK_THREADS || Math.max(1, inferenceThreads - 1),
    trialProcess: env.TRIAL_PROCESS,
    trialMemoryBytes: env.TRIAL_MEMORY_BYTES || Math.floor((limits.memoryBytes * TRIAL_MEMORY_SHARE) / env.WORKERS),
    requestTimeoutMs: env.REQUEST_TIMEOUT_MS,
    shutdownDelayMs: env.SHUTDOWN_DELAY_MS,
    shutdownGraceMs: env.SHUTDOWN_GRACE_MS,
    maxQueuedRequests: env.MAX_QUEUED_REQUESTS,
    maxBatchRows: env.MAX_BATCH_ROWS,
    batchWaitMs: env.BATCH_WAIT_MS,
    inlineMaxMs: env.INLINE_MAX_US / 1000,
    maxOnDemandRuns: env.MAX_EXTRA_RUNS,
    refreshIntervalMs: env.REFRESH_INTERVAL_MS,
    refreshSettleMs: env.REFRESH_SETTLE_MS,
    startWaitMs: env.START_WAIT_MS,
    storeTimeoutMs: env.STORE_TIMEOUT_MS,
    checkTimeoutMs: env.CHECK_TIMEOUT_MS,
    maxModelBytes: env.MAX_MODEL_BYTES,
    adminApiKey: env.ADMIN_API_KEY,
    mlflowWebhookSecret: env.MLFLOW_WEBHOOK_SECRET,
    corsOrigins:
      env.CORS_ORIGINS === '*'
        ? '*'
        : env.CORS_ORIGINS.split(',')
            .map((o) => o.trim())
            .filter(Boolean),
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, ''),
    trustProxy: parseTrustedProxies(env.TRUST_PROXY)!,
    fastPath: env.FAST_PATH,
    logLevel: env.LOG_LEVEL as AppConfig['logLevel'],
    logRequests: env.LOG_REQUESTS,
  };
}

/** Part of the memory that bodies may take unless the operator says how much. */
const BODY_SHARE_OF_MEMORY = 1 / 8;
const MAX_DEFAULT_BODY_BYTES = 512 * 1024 * 1024;

/** Never less than two of the largest bodies: one is read while the next one comes. */
function defaultBodyBytes({ memoryBytes }: MachineLimits, { WORKERS, BODY_LIMIT_BYTES }: Environment): number {
  const bytes = Math.min((memoryBytes * BODY_SHARE_OF_MEMORY) / WORKERS, MAX_DEFAULT_BODY_BYTES);
  return Math.max(Math.floor(bytes), 2 * BODY_LIMIT_BYTES);
}

function toMlflowConfig(env: Environment): MlflowConfig {
  const { MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password = '', MLFLOW_TRACKING_TOKEN: token } = env;
  const basic = user && `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return {
    trackingUri: env.MLFLOW_TRACKING_URI.trim(),
    authorization: basic ?? (token && `Bearer ${token}`),
    experiments: parseMlflowItems(env.MLFLOW_EXPERIMENTS) ?? [],
    models: parseMlflowItems(env.MLFLOW_MODELS ?? '') ?? [],
    requestTimeoutMs: env.MLFLOW_HTTP_REQUEST_TIMEOUT * 1_000,
    requestRetries: env.MLFLOW_HTTP_REQUEST_MAX_RETRIES,
    cacheDir: resolve(env.MLFLOW_CACHE_DIR),
    maxModelBytes: env.MLFLOW_MAX_MODEL_BYTES,
    maxCacheBytes: env.MLFLOW_CACHE_MAX_BYTES,
  };
}
