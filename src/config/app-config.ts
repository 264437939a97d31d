import type { LevelWithSilent } from 'pino';

import type { MlflowItem } from './mlflow-selection.js';

/** A kind of store that runs are read from. */
export type SourceKind = 'directory' | 'mlflow';

/** Proxies whose `X-Forwarded-*` headers are believed: all or none, a number of them, or those at these addresses. */
export type TrustedProxies = boolean | number | readonly string[];

/** How MLflow is read. */
export interface MlflowConfig {
  readonly trackingUri: string;
  /** Value of the Authorization header; undefined without credentials. */
  readonly authorization: string | undefined;
  readonly experiments: readonly MlflowItem[];
  readonly models: readonly MlflowItem[];
  readonly requestTimeoutMs: number;
  readonly requestRetries: number;
  /** Absolute. */
  readonly cacheDir: string;
  readonly maxModelBytes: number;
  readonly maxCacheBytes: number;
}

/** The configuration as everybody injects it: typed, frozen, defaults applied. Named after the environment variables. */
export abstract class AppConfig {
  readonly port: number;
  readonly host: string;
  /** In order of precedence. */
  readonly sources: readonly SourceKind[];
  readonly mlflow: MlflowConfig;
  /** Absolute. */
  readonly modelsDir: string;
  /** Absolute; undefined when states lie beside the cards. */
  readonly stateDir: string | undefined;
  /** Whether the server starts although no model can be served. */
  readonly allowEmpty: boolean;
  readonly defaultModel: string | undefined;
  readonly workers: number;
  readonly inferenceThreads: number;
  /** What the models of this process may take: its share of MODEL_MEMORY_BYTES. */
  readonly modelMemoryBytes: number;
  /** Absolute. */
  readonly modelCacheDir: string;
  /** 0 shares no weights. */
  readonly maxModelCacheBytes: number;
  readonly bodyLimitBytes: number;
  /** Most bytes of bodies in memory, in this process. */
  readonly maxBodyBytesInFlight: number;
  readonly maxConnections: number;
  readonly maxRowsPerRequest: number;
  /** What happens to members of a prediction's body that nobody reads. */
  readonly unknownMembers: 'refuse' | 'ignore';
  readonly predictionTimeoutMs: number;
  readonly modelLoadTimeoutMs: number;
  /** Whether a run is tried in a process of its own. */
  readonly trialProcess: boolean;
  readonly trialMemoryBytes: number;
  /** Threads that may hang in one run. */
  readonly maxStuckThreads: number;
  readonly requestTimeoutMs: number;
  /** How long a stopping server still takes requests while `/readyz` says 503. */
  readonly shutdownDelayMs: number;
  readonly shutdownGraceMs: number;
  readonly maxQueuedRequests: number;
  readonly maxBatchRows: number;
  readonly batchWaitMs: number;
  /** 0 computes nothing on the main thread. */
  readonly inlineMaxMs: number;
  readonly maxOnDemandRuns: number;
  /** 0 polls the store only on request. */
  readonly refreshIntervalMs: number;
  readonly refreshSettleMs: number;
  /** How long the port stays closed for models that are still loading. */
  readonly startWaitMs: number;
  /** Longest time to one answer of the disk that holds the models. */
  readonly storeTimeoutMs: number;
  /** Longest time that checking the files of one run may take. */
  readonly checkTimeoutMs: number;
  /** Of a run in `modelsDir`, all its files together. */
  readonly maxModelBytes: number;
  /** Undefined when the admin routes are disabled. Never logged. */
  readonly adminApiKey: string | undefined;
  /** What MLflow signs its webhooks with. */
  readonly mlflowWebhookSecret: string | undefined;
  /** `'*'`, or the allowed origins. */
  readonly corsOrigins: '*' | readonly string[];
  /** Without a slash at the end. */
  readonly publicUrl: string | undefined;
  readonly trustProxy: TrustedProxies;
  /** Whether plain predictions are answered by the raw-socket transport. */
  readonly fastPath: boolean;
  readonly logLevel: LevelWithSilent;
  readonly logRequests: boolean;
}
