import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min, ValidateBy } from 'class-validator';

import { parseMlflowItems } from './mlflow-selection.js';

/** `"12"` → 12; anything else stays as it is, for the validator to refuse. */
const Integer = () =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,15}$/.test(value.trim()) ? Number(value) : value,
  );

/** `"true"`/`"false"` → boolean; anything else stays, for the validator to refuse. */
const Switch = () =>
  Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value));

/** A list that `parseMlflowItems` can read. */
const MlflowItems = () =>
  ValidateBy({
    name: 'mlflowItems',
    validator: {
      validate: (value) => typeof value === 'string' && parseMlflowItems(value) !== undefined,
      defaultMessage: () =>
        'must be a list such as titanic?metric=f1&goal=maximize, with the options name, metric, goal',
    },
  });

/** A value that starts like a server address is treated as one: Node's own error would log its password. */
const FullUrl = () =>
  ValidateBy({
    name: 'wholeAddress',
    validator: {
      validate: (value) => typeof value !== 'string' || !/^https?:/i.test(value) || isAddress(value),
      defaultMessage: () => 'must be a whole address; a / or % in its user or password is written %2F or %25',
    },
  });

function isAddress(text: string): boolean {
  try {
    const { username, password } = new URL(text);
    for (const part of [username, password]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

/** Variables without a default. */
export const OPTIONAL_VARIABLES = [
  'STATE_DIR',
  'ADMIN_API_KEY',
  'MLFLOW_TRACKING_USERNAME',
  'MLFLOW_TRACKING_PASSWORD',
  'MLFLOW_TRACKING_TOKEN',
  'MLFLOW_MODELS',
  'MLFLOW_WEBHOOK_SECRET',
  'DEFAULT_MODEL',
  'PUBLIC_URL',
] as const;

/** Variables for which empty is a value of its own; elsewhere it means absent. */
export const MAY_BE_EMPTY: readonly string[] = ['CORS_ORIGINS', 'MLFLOW_EXPERIMENTS'];

/**
 * Every variable of the environment that bestrun reads: one documented field each, with default and unit.
 * `docs/configuration.md` lists the same variables; a test keeps both equal.
 */
export class Environment {
  /** TCP port to listen on; 0 takes a free one. */
  @Integer()
  @IsInt()
  @Min(0)
  @Max(65535)
  PORT = 5000;

  /** Address to listen on. */
  @IsString()
  @Matches(/^[\w.:-]+$/, { message: 'must be a host name or an IP address' })
  HOST = '0.0.0.0';

  /** Where runs come from: `directory` (MODELS_DIR), `mlflow` (MLFLOW_TRACKING_URI), or both separated by a comma, the one whose cards win first. */
  @Matches(/^\s*(directory|mlflow)(\s*,\s*(directory|mlflow))?\s*$/, {
    message: 'must be directory, mlflow, or both separated by a comma',
  })
  SOURCES = 'directory';

  /** Folder of the models, relative to the working directory. */
  @IsString()
  @Matches(/\S/, { message: 'must not be empty' })
  MODELS_DIR = './models';

  /** Folder for pins, history and the contracts clients rely on, to be shared by replicas; beside the cards in MODELS_DIR unless set. */
  @IsOptional()
  @IsString()
  @Matches(/\S/, { message: 'must not be empty' })
  STATE_DIR?: string;

  /** MLflow: `http(s)://…` of a tracking server, `sqlite:///…` of its database, or the folder of a file store. */
  @Matches(/^(https?:\/\/[^\s?#]+|sqlite:\/\/\/\S.*|file:\/\/\/\S.*|(?!\w+:\/\/)\S.*)$/, {
    message: 'must be an address http(s)://…, sqlite:///… with a path, or a folder',
  })
  @FullUrl()
  MLFLOW_TRACKING_URI = './mlruns';

  /** User of the tracking server, with MLFLOW_TRACKING_PASSWORD; wins over the token. */
  @IsOptional()
  @IsString()
  MLFLOW_TRACKING_USERNAME?: string;

  /** Password of that user. */
  @IsOptional()
  @IsString()
  MLFLOW_TRACKING_PASSWORD?: string;

  /** Bearer token of the tracking server. */
  @IsOptional()
  @Matches(/^[\x21-\x7e]+$/, { message: 'must be a token: visible characters without spaces' })
  MLFLOW_TRACKING_TOKEN?: string;

  /**
   * Secret of MLflow's webhook that calls POST /webhooks/mlflow; the route is disabled unless it is set. Never logged.
   */
  @IsOptional()
  @Matches(/^.{16,}$/, { message: 'must be at least 16 characters' })
  MLFLOW_WEBHOOK_SECRET?: string;

  /** Experiments to serve, separated by commas: `titanic?metric=f1&goal=maximize&name=titanic-survival`; `*` for all whose tags say how. Empty for none. */
  @MlflowItems()
  MLFLOW_EXPERIMENTS = '*';

  /** Registered models to serve, separated by commas: `titanic@champion`, `titanic?metric=f1&goal=maximize`, or `*`. */
  @IsOptional()
  @MlflowItems()
  MLFLOW_MODELS?: string;

  /** How long MLflow may take to answer, seconds. */
  @Integer()
  @IsInt()
  @Min(1)
  @Max(3600)
  MLFLOW_HTTP_REQUEST_TIMEOUT = 30;

  /** How often a request to MLflow is retried after a transient error. */
  @Integer()
  @IsInt()
  @Min(0)
  @Max(20)
  MLFLOW_HTTP_REQUEST_MAX_RETRIES = 3;

  /** Folder for what is downloaded from MLflow, relative to the working directory; may be shared and deleted. */
  @IsString()
  @Matches(/\S/, { message: 'must not be empty' })
  MLFLOW_CACHE_DIR = './.cache/mlflow';

  /** Largest model that is downloaded from MLflow, all its files together, bytes. */
  @Integer()
  @IsInt()
  @Min(1)
  @Max(1099511627776)
  MLFLOW_MAX_MODEL_BYTES = 4_294_967_296;

  /** Total size of the models downloaded from MLflow above which those unused for a day are deleted, bytes. */
  @Integer()
  @IsInt()
  @Min(1)
  @Max(1099511627776)
  MLFLOW_CACHE_MAX_BYTES = 17_179_869_184;

  /** Model that the short routes (`/predict`, `/params`, …) use; the first by name unless set. */
  @IsOptional()
  @Matches(/^[a-z0-9]+(-[a-z0-9]+)*$/, { message: 'must be a model name: lower-case words joined by dashes' })
  DEFAULT_MODEL?: string;

  /** Server processes that share the port. */
  @Integer()
  @IsInt()
  @Min(1)
  @Max(256)
  WORKERS = 1;

  /** Threads that compute predictions, per process; 0 takes one more than there are cores, at most 9. */
  @Integer()
  @IsInt()
  @Min(0)
  @Max(256)
  INFERENCE_THREADS = 0;

  /** Largest request body, bytes. */
  @Integer()
  @IsInt()
  @Min(1024)
  @Max(1073741824)
  BODY_LIMIT_BYTES = 10_485_760;

  /** Most rows (or texts) one request may hold. */
  @Integer()
  @IsInt()
  @Min(1)
  @Max(1000000)
  MAX_ROWS_PER_REQUEST = 10_000;

  /** How long one prediction may take, waiting included, milliseconds; then 504. */
  @Integer()
  @IsInt()
  @Min(1)
  @Max(3600000)
  PREDICTION_TIMEOUT_MS = 30_000;

  /** How long loading one model may take, milliseconds. */
  @Integer()
  @IsInt()
  @Min(1000)
  @Max(3600000)
  MODEL_LOAD_TIMEOUT_MS = 60_000;

  /** How long a client may take to send its request, milliseconds; then 408. */
  @Integer()
  @IsInt()
  @Min(1000)
  @Max(3600000)
  REQUEST_TIMEOUT_MS = 90_000;

  /** How long running requests may go on after SIGTERM, milliseconds. */
  @Integer()
  @IsInt()
  @Min(0)
  @Max(3600000)
  SHUTDOWN_GRACE_MS = 10_000;

  /** Requests that may wait per run; more are answered 503 with Retry-After. */
  @Integer()
  @IsInt()
  @Min(1)
  @Max(1000000)
  MAX_QUEUED_REQUESTS = 1_000;

  /** Most rows that waiting requests may bring together in one call of the model; 1 computes each request alone. */
  @Integer()
  @IsInt()
  @Min(1)
  @Max(1000000)
  MAX_BATCH_ROWS = 1_024;

  /** How long a free thread lets a request wait for others to share its call, milliseconds; 0 never. */
  @Integer()
  @IsInt()
  @Min(0)
  @Max(1000)
  BATCH_WAIT_MS = 0;

  /** Runs kept in memory besides the best ones, for /runs/{run_id}/predictions. */
  @Integer()
  @IsInt()
  @Min(1)
  @Max(1000)
  MAX_EXTRA_RUNS = 4;

  /** Interval between polls of the store for new and changed runs, milliseconds; 0 polls only on request. */
  @Integer()
  @IsInt()
  @Min(0)
  @Max(86400000)
  REFRESH_INTERVAL_MS = 10_000;

  /** How long the files of a new or changed run must stay as they are before it is read, milliseconds. */
  @Integer()
  @IsInt()
  @Min(0)
  @Max(3600000)
  REFRESH_SETTLE_MS = 1_000;

  /** Key that refreshes, pins and rollbacks need in X-API-Key; they are disabled unless it is set. */
  @IsOptional()
  @Matches(/^[\x21-\x7e]{16,}$/, { message: 'must be at least 16 characters of ASCII without spaces' })
  ADMIN_API_KEY?: string;

  /** Origins whose pages may call the API: `*`, or a list separated by commas; empty for none. */
  @IsString()
  @Matches(/^(\*|(https?:\/\/[^\s,/]+(\s*,\s*https?:\/\/[^\s,/]+)*)?)$/, {
    message: 'must be *, empty, or origins such as https://app.example.com separated by commas',
  })
  CORS_ORIGINS = '*';

  /** Address clients use, for links and `url` in answers; from the Host header unless set. */
  @IsOptional()
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  PUBLIC_URL?: string;

  /** Whether X-Forwarded-* of a proxy in front is believed. */
  @Switch()
  @IsIn([true, false], { message: 'must be true or false' })
  TRUST_PROXY = false;

  /** Least severe log line written. */
  @IsIn(['debug', 'info', 'warn', 'error', 'silent'])
  LOG_LEVEL = 'info';

  /** Whether one line is logged per request. */
  @Switch()
  @IsIn([true, false], { message: 'must be true or false' })
  LOG_REQUESTS = true;
}
