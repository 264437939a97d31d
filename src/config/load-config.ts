import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';

import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';

import type { AppConfig, MlflowConfig, SourceKind } from './app-config.js';
import { Environment, MAY_BE_EMPTY, OPTIONAL_VARIABLES } from './environment.dto.js';
import { parseMlflowItems } from './mlflow-selection.js';

/** Variables that cannot be used, each with its rule. Values are never named: they may be secrets. */
export class ConfigError extends Error {
  constructor(readonly issues: readonly string[]) {
    super(`These environment variables cannot be used:\n${issues.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads the environment once. An empty variable counts as absent, except where empty means none (CORS_ORIGINS, MLFLOW_EXPERIMENTS).
 *
 * @throws ConfigError that names every bad variable.
 */
export function loadConfig(environment: NodeJS.ProcessEnv): AppConfig {
  const known = Object.keys(new Environment()).concat(OPTIONAL_VARIABLES);
  const given = known.flatMap((name) => {
    const value = environment[name];
    return value === undefined || (value === '' && !MAY_BE_EMPTY.includes(name)) ? [] : [[name, value] as const];
  });
  const env = plainToInstance(Environment, Object.fromEntries(given), { exposeDefaultValues: true });
  const issues = validateSync(env).map(
    (problem) => `${problem.property} ${ruleOf(Object.values(problem.constraints ?? {})[0], problem.property)}`,
  );
  if (issues.length > 0) throw new ConfigError(issues);
  return Object.freeze(toConfig(env));
}

function ruleOf(message: string | undefined, property: string): string {
  return (message ?? 'is not valid').replace(new RegExp(`^${property} `), '');
}

function toConfig(env: Environment): AppConfig {
  return {
    port: env.PORT,
    host: env.HOST,
    sources: [...new Set(env.SOURCES.split(',').map((kind) => kind.trim() as SourceKind))],
    mlflow: toMlflowConfig(env),
    modelsDir: resolve(env.MODELS_DIR),
    stateDir: env.STATE_DIR === undefined ? undefined : resolve(env.STATE_DIR),
    defaultModel: env.DEFAULT_MODEL,
    workers: env.WORKERS,
    inferenceThreads: env.INFERENCE_THREADS || Math.min(9, availableParallelism() + 1),
    bodyLimitBytes: env.BODY_LIMIT_BYTES,
    maxRowsPerRequest: env.MAX_ROWS_PER_REQUEST,
    predictionTimeoutMs: env.PREDICTION_TIMEOUT_MS,
    modelLoadTimeoutMs: env.MODEL_LOAD_TIMEOUT_MS,
    requestTimeoutMs: env.REQUEST_TIMEOUT_MS,
    shutdownGraceMs: env.SHUTDOWN_GRACE_MS,
    maxQueuedRequests: env.MAX_QUEUED_REQUESTS,
    maxBatchRows: env.MAX_BATCH_ROWS,
    batchWaitMs: env.BATCH_WAIT_MS,
    maxOnDemandRuns: env.MAX_EXTRA_RUNS,
    refreshIntervalMs: env.REFRESH_INTERVAL_MS,
    refreshSettleMs: env.REFRESH_SETTLE_MS,
    adminApiKey: env.ADMIN_API_KEY,
    mlflowWebhookSecret: env.MLFLOW_WEBHOOK_SECRET,
    corsOrigins:
      env.CORS_ORIGINS === '*'
        ? '*'
        : env.CORS_ORIGINS.split(',')
            .map((o) => o.trim())
            .filter(Boolean),
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, ''),
    trustProxy: env.TRUST_PROXY,
    logLevel: env.LOG_LEVEL as AppConfig['logLevel'],
    logRequests: env.LOG_REQUESTS,
  };
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
