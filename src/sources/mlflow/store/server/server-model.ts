import { mkdir } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';

import { RunError } from '../../../../domain/verdict.js';
import { StoreUnavailableError } from '../mlflow-store.js';
import type { ModelFiles, LoggedModel } from '../mlflow-store.js';
import type { ArtifactCache } from './artifact-cache.js';
import type { CachedFile } from './cache-eviction.js';
import { MlflowError, TooLargeError } from './mlflow-client.js';
import type { MlflowClient, Query } from './mlflow-client.js';
import { parseAnswer } from './parse-answer.js';
import { objectsIn, textIn } from './server-responses.js';

/** Location of a model on a server: below a run's artifacts (MLflow 2), or as a logged model (MLflow 3). */
export type ModelLocation = { readonly runId: string; readonly path: string } | { readonly modelId: string };

/** A file of a model as the server lists it. */
interface RemoteFile {
  /** Relative to the model's folder. */
  readonly path: string;
  readonly isFolder: boolean;
  readonly size: number | undefined;
}

/** Reads a small response that never changes, through the store's cache. */
export type FetchOnce = (key: string, fetch: () => Promise<string | undefined>) => Promise<string | undefined>;

/** What a model of a server needs to be read. */
interface ServerModelParts {
  readonly client: MlflowClient;
  readonly cache: ArtifactCache;
  /** Most bytes of all its files together. */
  readonly maxBytes: number;
  readonly fetchOnce: FetchOnce;
}

const MAX_FILES = 2_000;
const MAX_DEPTH = 8;
/** Files that only Python needs. */
const SKIPPED = /^(code|metadata)$|^(conda|python_env)\.yaml$|^requirements\.txt$/;

/** A logged model of a tracking server: its files are downloaded through the server, whatever storage it uses. */
export class ServerModel implements LoggedModel {
  /** @param mark  changes when the files at the location change. */
  constructor(
    private readonly parts: ServerModelParts,
    private readonly location: ModelLocation,
    private readonly mark: string,
  ) {}

  get modelId(): string | undefined {
    return 'modelId' in this.location ? this.location.modelId : undefined;
  }

  get key(): string {
    return `${this.parts.client.baseUrl} ${JSON.stringify(this.location)} ${this.mark}`;
  }

  readText(path: string): Promise<string | undefined> {
    return this.readOnce(path, () => this.parts.client.findText(...this.fileRoute(path)));
  }

  readOptionalText(path: string): Promise<string | undefined> {
    return this.readOnce(path, async () => {
      const folder = posix.dirname(path);
      const files = await this.listFolder(folder === '.' ? '' : folder).catch(noneWhenMissing);
      return files.some((file) => file.path === path) ? this.parts.client.findText(...this.fileRoute(path)) : undefined;
    });
  }

  private async readOnce(path: string, fetch: () => Promise<string | undefined>): Promise<string | undefined> {
    requireInside(path);
    try {
      return await this.parts.fetchOnce(`${this.key} ${path}`, fetch);
    } catch (error) {
      // MLflow is available, except for this file.
      if (error instanceof MlflowError) {
        throw new RunError('ARTIFACT_UNAVAILABLE', `MLflow cannot give "${path}": ${error.code}.`, { cause: error });
      }
      throw error;
    }
  }

  async fetch(): Promise<ModelFiles> {
    try {
      return await this.parts.cache.folderOf(this.key, (into) => this.downloadTo(into));
    } catch (error) {
      if (error instanceof RunError) throw error;
      throw toError(error, this.parts.maxBytes);
    }
  }

  private async downloadTo(into: string): Promise<CachedFile[]> {
    const files = await this.listFiles();
    let left = this.parts.maxBytes;
    if (files.reduce((sum, { size = 0 }) => sum + size, 0) > left) throw new TooLargeError();
    const cached: CachedFile[] = [];
    for (const { path, size } of files) {
      const file = join(into, path);
      await mkdir(dirname(file), { recursive: true });
      const { bytes, sha256 } = await this.parts.client.download(...this.fileRoute(path), file, {
        size,
        maxBytes: left,
      });
      left -= bytes;
      cached.push({ path, bytes, sha256 });
    }
    return cached;
  }

  private async listFiles(): Promise<RemoteFile[]> {
    const files: RemoteFile[] = [];
    let pending = [''];
    for (let depth = 0; pending.length > 0; depth++) {
      if (depth > MAX_DEPTH)
        throw new RunError('ARTIFACT_TOO_LARGE', `The model has folders deeper than ${MAX_DEPTH}.`);
      const remoteFiles: RemoteFile[] = [];
      for (const folder of pending) remoteFiles.push(...(await this.listFolder(folder)));
      const requested = remoteFiles.filter(({ path }) => depth > 0 || !SKIPPED.test(path));
      files.push(...requested.filter(({ isFolder }) => !isFolder));
      if (files.length > MAX_FILES)
        throw new RunError('ARTIFACT_TOO_LARGE', `The model has more than ${MAX_FILES} files.`);
      pending = requested.filter(({ isFolder }) => isFolder).map(({ path }) => path);
    }
    if (files.length === 0) throw new RunError('ARTIFACT_MISSING', 'The folder of the logged model is empty.');
    return files.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  private async listFolder(folder: string): Promise<RemoteFile[]> {
    const { location } = this;
    const root = 'path' in location ? location.path : '';
    const parent = [root, folder].filter(Boolean).join('/');
    const files: RemoteFile[] = [];
    let token = '';
    do {
      const page: Query = token ? { page_token: token } : {};
      const text =
        'runId' in location
          ? await this.parts.client.getJson('/api/2.0/mlflow/artifacts/list', {
              run_id: location.runId,
              path: parent,
              ...page,
            })
          : await this.parts.client.getJson(
              `/api/2.0/mlflow/logged-models/${encodeURIComponent(location.modelId)}/artifacts/directories`,
              { ...(parent && { artifact_directory_path: parent }), ...page },
            );
      const body = await parseAnswer(text);
      for (const file of objectsIn(body, 'files')) files.push(toRemoteFile(textIn(file, 'path'), parent, root, file));
      token = textIn(body, 'next_page_token');
    } while (token && files.length <= MAX_FILES);
    return files;
  }

  private fileRoute(path: string): [route: string, query: Query] {
    const { location } = this;
    if ('modelId' in location) {
      const route = `/ajax-api/2.0/mlflow/logged-models/${encodeURIComponent(location.modelId)}/artifacts/files`;
      return [route, { artifact_file_path: path }];
    }
    return ['/get-artifact', { run_id: location.runId, path: location.path ? `${location.path}/${path}` : path }];
  }
}

/** The folder is not there. */
function noneWhenMissing(error: unknown): RemoteFile[] {
  if (error instanceof MlflowError && error.status === 404) return [];
  throw error;
}

/** A listed path must lie in the folder that was asked for: it becomes a path on this machine's disk. */
function toRemoteFile(path: string, parent: string, root: string, file: Record<string, unknown>): RemoteFile {
  requireInside(path);
  if (parent !== '' && !path.startsWith(`${parent}/`)) throw outside(path);
  const size = typeof file.file_size === 'number' && file.file_size >= 0 ? file.file_size : undefined;
  return { path: root ? path.slice(root.length + 1) : path, isFolder: file.is_dir === true, size };
}

/** @throws RunError ARTIFACT_OUTSIDE_RUN for any path that is not plainly below its folder. */
function requireInside(path: string): void {
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..') || /[\\\0]|^[a-z]:/i.test(path)) {
    throw outside(path);
  }
}

function outside(path: string): RunError {
  return new RunError(
    'ARTIFACT_OUTSIDE_RUN',
    `MLflow names "${path.slice(0, 200)}", which leads out of the model's folder.`,
  );
}

function toError(error: unknown, maxBytes: number): unknown {
  if (error instanceof TooLargeError) {
    return new RunError('ARTIFACT_TOO_LARGE', `The model's files are larger than ${maxBytes} bytes.`);
  }
  if (error instanceof MlflowError) {
    // A proxy also answers 404 while MLflow behind it is restarted: only MLflow's own error counts.
    const code = error.code === 'RESOURCE_DOES_NOT_EXIST' ? 'ARTIFACT_MISSING' : 'ARTIFACT_UNAVAILABLE';
    return new RunError(code, `MLflow cannot give the model's files: ${error.code}.`, { cause: error });
  }
  if (error instanceof StoreUnavailableError) {
    const message = `The model's files cannot be fetched from MLflow: ${error.message}`;
    return new RunError('ARTIFACT_UNAVAILABLE', message, { cause: error });
  }
  return error;
}
