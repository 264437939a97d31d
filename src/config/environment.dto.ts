import {
  HttpAddress,
  MlflowAddress,
  MlflowItems,
  OneOf,
  Path,
  Proxies,
  Secret,
  Switch,
  Text,
  Integer,
} from './variable-rules.js';

/** Variables for which empty is a value of its own; elsewhere it means absent. */
export const MAY_BE_EMPTY: readonly string[] = ['CORS_ORIGINS', 'MLFLOW_EXPERIMENTS'];

/**
 * Every variable of the environment that bestrun reads: a field with its description, its rule and its default.
 * `npm run docs:config` writes docs/configuration.md and .env.example from it.
 */
export class Environment {
  /** TCP port to listen on; 0 takes a free one. */
  @Integer(0, 65_535)
  PORT = 5000;

  /** Address to listen on. */
  @Text(/^[\w.:-]+$/, 'a host name or an IP address')
  HOST = '0.0.0.0';

  /** Where runs come from: `directory` (MODELS_DIR), `mlflow` (MLFLOW_TRACKING_URI), or both separated by a comma, the one whose cards win first. */
  @Text(/^\s*(directory|mlflow)(\s*,\s*(directory|mlflow))?\s*$/, 'directory, mlflow, or both separated by a comma')
  SOURCES = 'directory';

  /** Folder of the models, relative to the working directory. */
  @Path()
  MODELS_DIR = './models';

  /** Folder for pins, history and the contracts clients rely on, to be shared by replicas; beside the cards in MODELS_DIR unless set. */
  @Path()
  STATE_DIR?: string;

  /** MLflow: `http(s)://…` of a tracking server, `sqlite:///…` of its database, or the folder of a file store. See mlflow.md. */
  @MlflowAddress()
  MLFLOW_TRACKING_URI = './mlruns';

  /** User of the tracking server, with MLFLOW_TRACKING_PASSWORD; wins over the token. */
  @Secret()
  MLFLOW_TRACKING_USERNAME?: string;

  /** Password of that user. */
  @Secret()
  MLFLOW_TRACKING_PASSWORD?: string;

  /** Bearer token of the tracking server. */
  @Secret(/^[\x21-\x7e]+$/, 'a token: visible characters without spaces')
  MLFLOW_TRACKING_TOKEN?: string;

  /** Secret of MLflow's webhook that calls `POST /webhooks/mlflow`; without it that route is disabled. */
  @Secret(/^.{16,}$/, 'at least 16 characters')
  MLFLOW_WEBHOOK_SECRET?: string;

  /** Experiments to serve, separated by commas: `titanic?metric=f1&goal=maximize&name=titanic-survival`; `*` for all whose tags say how. Empty for none. */
  @MlflowItems()
  MLFLOW_EXPERIMENTS = '*';

  /** Registered models to serve, separated by commas: `titanic@champion`, `titanic?metric=f1&goal=maximize`, or `*`. */
  @MlflowItems()
  MLFLOW_MODELS?: string;

  /** How long MLflow may take to answer. */
  @Integer(1, 3600, 'seconds')
  MLFLOW_HTTP_REQUEST_TIMEOUT = 30;

  /** How often a request to MLflow is retried after a transient error. */
  @Integer(0, 20)
  MLFLOW_HTTP_REQUEST_MAX_RETRIES = 3;

  /** Folder for what is downloaded from MLflow, relative to the working directory; may be shared and deleted. */
  @Path()
  MLFLOW_CACHE_DIR = './.cache/mlflow';

  /** Largest model that is downloaded from MLflow, all its files together. */
  @Integer(1, 1_099_511_627_776, 'bytes')
  MLFLOW_MAX_MODEL_BYTES = 4_294_967_296;

  /** Total size of the models downloaded from MLflow above which those unused for a day are deleted. */
  @Integer(1, 1_099_511_627_776, 'bytes')
  MLFLOW_CACHE_MAX_BYTES = 17_179_869_184;

  /** Whether the server starts although no model can be served: `/readyz` says 503 until one that arrives can be. The container sets it. */
  @Switch()
  ALLOW_EMPTY = false;

  /** Model that the short routes (`/predict`, `/params`, …) use; the first by name unless set. */
  @Text(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'a model name: lower-case words joined by dashes')
  DEFAULT_MODEL?: string;

  /** Server processes that share the port. */
  @Integer(1, 256)
  WORKERS = 1;

  /** Threads that compute predictions, per process; 0 takes one more than the process' share of the cores (those of the machine or of the container's CPU quota, divided by WORKERS), at most 9. */
  @Integer(0, 256)
  INFERENCE_THREADS = 0;

  /** Memory that models may take, all server processes together; a copy of a model that does not fit is not loaded. 0 takes the memory of the machine or of the container, less a reserve (operations.md). */
  @Integer(0, 1_099_511_627_776, 'bytes')
  MODEL_MEMORY_BYTES = 0;

  /** Folder for weights of large ONNX models, from where all threads and processes share them, relative to the working directory; may be shared and deleted. */
  @Path()
  MODEL_CACHE_DIR = './.cache/models';

  /** Total size of that folder; what was used least recently is deleted, and what finds no room is not shared. 0 shares nothing. */
  @Integer(0, 1_099_511_627_776, 'bytes')
  MODEL_CACHE_MAX_BYTES = 17_179_869_184;

  /** Largest request body. */
  @Integer(1024, 1_073_741_824, 'bytes')
  BODY_LIMIT_BYTES = 10_485_760;

  /** Most bytes of request bodies held in memory at the same time, per process; more are answered 503 with Retry-After. 0 takes an eighth of the memory there is, shared by WORKERS, and at most 512 MiB. */
  @Integer(0, 1_099_511_627_776, 'bytes')
  MAX_BODY_BYTES_IN_FLIGHT = 0;

  /** Connections that may be open at the same time, per process; further ones are closed at once. */
  @Integer(1, 1_000_000)
  MAX_CONNECTIONS = 10_000;

  /** Most rows (or texts) one request may hold. */
  @Integer(1, 1_000_000)
  MAX_ROWS_PER_REQUEST = 10_000;

  /** What happens to members of a prediction's body and query that nobody reads (`params`, a misspelt `input`): `refuse` answers 422 and names the nearest known one. */
  @OneOf(['refuse', 'ignore'])
  UNKNOWN_MEMBERS = 'refuse';

  /** How long one prediction may take, waiting included; then 504. */
  @Integer(1, 3_600_000, 'milliseconds')
  PREDICTION_TIMEOUT_MS = 30_000;

  /** How long loading one model may take. */
  @Integer(1000, 3_600_000, 'milliseconds')
  MODEL_LOAD_TIMEOUT_MS = 60_000;

  /** Whether a run is tried in a process of its own before it is loaded where it serves. `false` saves its memory (some 100 MB at times), and lets a run that hangs harm the server. */
  @Switch()
  TRIAL_PROCESS = true;

  /** Most memory a process may take in which a run is tried. 0 takes three quarters of what the container or the machine has, divided by WORKERS. */
  @Integer(0, 1_099_511_627_776, 'bytes')
  TRIAL_MEMORY_BYTES = 0;

  /** Threads that may hang in one run (predictions that never end) before the run is taken out of service; 0 takes one less than INFERENCE_THREADS, at least one. */
  @Integer(0, 256)
  MAX_STUCK_THREADS = 0;

  /** How long a client may take to send its request; then 408. */
  @Integer(1000, 3_600_000, 'milliseconds')
  REQUEST_TIMEOUT_MS = 90_000;

  /** How long requests are still taken after SIGTERM, while `/readyz` answers 503 so that load balancers send no more. The container sets 5000. */
  @Integer(0, 3_600_000, 'milliseconds')
  SHUTDOWN_DELAY_MS = 0;

  /** How long running requests may go on after that; should be PREDICTION_TIMEOUT_MS at least. */
  @Integer(0, 3_600_000, 'milliseconds')
  SHUTDOWN_GRACE_MS = 30_000;

  /** Requests that may wait per run; more are answered 503 with Retry-After, and so are those that cannot be computed before their deadline. */
  @Integer(1, 1_000_000)
  MAX_QUEUED_REQUESTS = 10_000;

  /** Most rows of one call of the model: waiting requests share calls up to it, and a request of more rows is computed in several. 1 computes each row alone. */
  @Integer(1, 1_000_000)
  MAX_BATCH_ROWS = 1_024;

  /** How long a free thread lets a request wait for others to share its call; 0 never. */
  @Integer(0, 1000, 'milliseconds')
  BATCH_WAIT_MS = 0;

  /** Longest call of a tiny ONNX model that may be computed on the main thread, where it needs no thread to be woken; 0 none. */
  @Integer(0, 10_000, 'microseconds')
  INLINE_MAX_US = 100;

  /** Runs kept in memory besides the best ones, for `/runs/{run_id}/predictions`. */
  @Integer(1, 1000)
  MAX_EXTRA_RUNS = 4;

  /** Interval between polls of the store for new and changed runs; 0 polls only on request (`POST /models/refresh`). */
  @Integer(0, 86_400_000, 'milliseconds')
  REFRESH_INTERVAL_MS = 10_000;

  /** How long the files of a new or changed run must stay as they are before it is read. */
  @Integer(0, 3_600_000, 'milliseconds')
  REFRESH_SETTLE_MS = 1_000;

  /** How long the port stays closed while models are still loading; those that take longer are served when they are there. */
  @Integer(0, 3_600_000, 'milliseconds')
  START_WAIT_MS = 30_000;

  /** How long the disk or share of MODELS_DIR or of MLflow's folder may take to answer; what does not is left as it was known. */
  @Integer(100, 3_600_000, 'milliseconds')
  STORE_TIMEOUT_MS = 10_000;

  /** How long checking the files of one run in MODELS_DIR may take: they are read whole for their SHA-256. */
  @Integer(1000, 86_400_000, 'milliseconds')
  CHECK_TIMEOUT_MS = 600_000;

  /** Largest model in MODELS_DIR, all its files together. */
  @Integer(1, 1_099_511_627_776, 'bytes')
  MAX_MODEL_BYTES = 17_179_869_184;

  /** Key that refreshes, pins and rollbacks need in `X-API-Key`; without it they are disabled. */
  @Secret(/^[\x21-\x7e]{16,}$/, 'at least 16 characters of ASCII without spaces')
  ADMIN_API_KEY?: string;

  /** Origins whose pages may call the API: `*`, or a list separated by commas; empty for none. */
  @Text(
    /^(\*|(https?:\/\/[^\s,/]+(\s*,\s*https?:\/\/[^\s,/]+)*)?)$/,
    '*, empty, or origins such as https://app.example.com separated by commas',
  )
  CORS_ORIGINS = '*';

  /** Address clients use, for links and `url` in answers; from the Host header unless set. */
  @HttpAddress()
  PUBLIC_URL?: string;

  /** Whose `X-Forwarded-*` headers are trusted: `1` for one proxy in front (`2` for two, …), the addresses of the proxies, `true` for anybody's. */
  @Proxies()
  TRUST_PROXY = 'false';

  /** Whether predictions are answered by the raw-socket transport, which is quicker than Node's HTTP server; the answers are the same. */
  @Switch()
  FAST_PATH = true;

  /** Least severe log line written. */
  @OneOf(['debug', 'info', 'warn', 'error', 'silent'])
  LOG_LEVEL = 'info';

  /** Whether one line is logged per request. */
  @Switch()
  LOG_REQUESTS = true;
}
