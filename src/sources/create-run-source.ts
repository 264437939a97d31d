import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { AppConfig, MlflowConfig } from '../config/app-config.js';
import { CombinedRunSource } from './combined-run-source.js';
import { sha256OfText } from '../lib/digest.js';
import { Disk } from './files/disk.js';
import { LocalRunSource } from './local/local-run-source.js';
import { DbStore } from './mlflow/store/db/db-store.js';
import { FileStore } from './mlflow/store/files/file-store.js';
import { MlflowRunSource } from './mlflow/listing/mlflow-run-source.js';
import type { MlflowStore } from './mlflow/store/mlflow-store.js';
import { ResponseCache } from './mlflow/store/server/response-cache.js';
import { ArtifactCache } from './mlflow/store/server/artifact-cache.js';
import { MlflowClient } from './mlflow/store/server/mlflow-client.js';
import { ServerStore } from './mlflow/store/server/server-store.js';
import type { RunSource } from './run-source.js';

/** A reading of MLflow may take as long as this many requests that are answered at the last moment. */
const REQUESTS_PER_READING = 20;

/**
 * The source, or the several sources, that the configuration names.
 *
 * @param onlyModel  folder of the one model that is looked at in a directory; all unless set.
 */
export function createRunSource(config: AppConfig, onlyModel?: string): RunSource {
  const sources = config.sources.map((kind) =>
    kind === 'mlflow'
      ? createMlflowSource(config.mlflow, new Disk({ timeoutMs: config.storeTimeoutMs }))
      : new LocalRunSource(config.modelsDir, {
          settleMs: config.refreshSettleMs,
          onlyModel,
          maxModelBytes: config.maxModelBytes,
          checkTimeoutMs: config.checkTimeoutMs,
          disk: new Disk({ timeoutMs: config.storeTimeoutMs }),
        }),
  );
  if (sources.length === 1) return sources[0]!;
  // Half of the time until the port opens: models are loaded in the rest.
  return new CombinedRunSource(sources, { firstTimeoutMs: config.startWaitMs / 2 });
}

function createMlflowSource(config: MlflowConfig, disk: Disk): RunSource {
  return new MlflowRunSource(createStore(config, disk), config);
}

/** `http(s)://…` is a server, `sqlite:///…` a database, anything else the folder of a file store, as MLflow has it. */
function createStore(config: MlflowConfig, disk: Disk): MlflowStore {
  const { trackingUri } = config;
  if (/^https?:/i.test(trackingUri)) return createServerStore(config);
  const [, database] = /^sqlite:\/{3}(.+)$/i.exec(trackingUri) ?? [];
  if (database) return new DbStore(resolve(database), disk);
  if (/^file:\/\//i.test(trackingUri)) return new FileStore(fileURLToPath(trackingUri), disk);
  return new FileStore(resolve(trackingUri.replace(/^file:/i, '')), disk);
}

function createServerStore(config: MlflowConfig): MlflowStore {
  const url = new URL(config.trackingUri);
  const [user, password] = [url.username, url.password].map(decodeURIComponent);
  const baseUrl = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  const client = new MlflowClient({
    baseUrl,
    authorization: user ? basic(user, password ?? '') : config.authorization,
    timeoutMs: config.requestTimeoutMs,
    retries: config.requestRetries,
  });
  const name = sha256OfText(baseUrl).slice(0, 16);
  return new ServerStore({
    client,
    cache: new ArtifactCache(config.cacheDir, config.maxCacheBytes),
    responseCache: new ResponseCache(join(config.cacheDir, 'answers', name)),
    maxModelBytes: config.maxModelBytes,
    maxReadMs: config.requestTimeoutMs * REQUESTS_PER_READING,
  });
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
