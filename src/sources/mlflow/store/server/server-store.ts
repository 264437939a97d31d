import type { JsonObject } from '../../../../lib/json/json.js';
import { mapYielding } from '../../../../lib/map-yielding.js';
import type { MetricPoint } from '../../../../domain/metric-point.js';
import { RunError } from '../../../../domain/verdict.js';
import {
  MAX_METRIC_POINTS,
  MlflowStore,
  StoreUnavailableError,
  loggedArtifactPath,
  servingTagsMark,
} from '../mlflow-store.js';
import type { Checkpoint, LoggedModel, MlflowExperiment, MlflowRegisteredModel, MlflowRun } from '../mlflow-store.js';
import { parseAnswer } from './parse-answer.js';
import type { ResponseCache } from './response-cache.js';
import type { ArtifactCache } from './artifact-cache.js';
import { MlflowError } from './mlflow-client.js';
import type { MlflowClient, Query } from './mlflow-client.js';
import {
  isActive,
  objectIn,
  objectsIn,
  textIn,
  toCheckpointDetails,
  toExperiment,
  toMetricPoint,
  toMlflowRun,
  toRegisteredModel,
} from './server-responses.js';
import { ServerModel } from './server-model.js';
import type { FetchOnce, ModelLocation } from './server-model.js';

/** Small pages: one is parsed at a time, and lies in memory. */
const PAGE = 200;
const MAX_PAGES = 5_000;
/** Characters of all answers of one reading, which are in memory until they are cached. */
const MAX_READING_CHARS = 256 * 1024 * 1024;
const HISTORY_PAGE = 10_000;
/** Maximum number of characters of MLflow's own message that are repeated. */
const MAX_MESSAGE_LENGTH = 200;

/** What a tracking server needs beside the client. */
interface ServerStoreParts {
  readonly client: MlflowClient;
  readonly cache: ArtifactCache;
  readonly responseCache: ResponseCache;
  /** Largest model that is downloaded, bytes, all its files together. */
  readonly maxModelBytes: number;
  /** Longest time of one reading of everything, milliseconds. */
  readonly maxReadMs: number;
}

/** An MLflow tracking server, versions 2 and 3, read through its REST API. */
export class ServerStore extends MlflowStore {
  private readonly client: MlflowClient;
  private isReplaying = false;
  private readChars = 0;
  private readEndMs = Infinity;

  constructor(private readonly parts: ServerStoreParts) {
    super();
    this.client = parts.client;
  }

  get description(): string {
    return this.client.baseUrl;
  }

  override get warnings(): readonly string[] {
    const { writeFailure } = this.parts.responseCache;
    if (writeFailure === undefined) return [];
    const why = `MLFLOW_CACHE_DIR cannot be written (${writeFailure})`;
    return [`${why}: a start without MLflow at ${this.description} would not know what it holds now.`];
  }

  override close(): void {
    this.client.close();
  }

  override async read<T>(work: () => Promise<T>): Promise<T> {
    const { responseCache } = this.parts;
    responseCache.discard();
    this.readChars = 0;
    this.readEndMs = performance.now() + this.parts.maxReadMs;
    try {
      const result = await work();
      await responseCache.commit();
      await this.parts.cache.renewLeases();
      return result;
    } finally {
      responseCache.discard();
    }
  }

  override async replay<T>(work: () => Promise<T>): Promise<T | undefined> {
    this.isReplaying = true;
    try {
      return await work();
    } catch (error) {
      if (error instanceof StoreUnavailableError) return undefined;
      throw error;
    } finally {
      this.isReplaying = false;
    }
  }

  async listExperiments(): Promise<MlflowExperiment[]> {
    const route = '/api/2.0/mlflow/experiments/search';
    const found = await this.pages(route, 'experiments', { view_type: 'ACTIVE_ONLY' }, (body) => body);
    return found.filter(isActive).map(toExperiment);
  }

  async findExperiment(name: string): Promise<MlflowExperiment | undefined> {
    const body = await this.find('/api/2.0/mlflow/experiments/get-by-name', { experiment_name: name });
    const experiment = objectIn(body, 'experiment');
    return body && isActive(experiment) ? toExperiment(experiment) : undefined;
  }

  async listRuns(experimentId: string): Promise<MlflowRun[]> {
    const request = {
      experiment_ids: [experimentId],
      run_view_type: 'ACTIVE_ONLY',
      order_by: ['attributes.start_time DESC'],
    };
    return this.pages('/api/2.0/mlflow/runs/search', 'runs', request, toMlflowRun);
  }

  async findRun(id: string): Promise<MlflowRun | undefined> {
    const body = await this.find('/api/2.0/mlflow/runs/get', { run_id: id });
    const run = objectIn(body, 'run');
    return body && isActive(objectIn(run, 'info')) ? toMlflowRun(run) : undefined;
  }

  async readMetricHistory({ id }: MlflowRun, metric: string): Promise<MetricPoint[]> {
    const metricPoints: MetricPoint[] = [];
    let token = '';
    do {
      // Without max_results some versions answer an empty page.
      const query = { run_id: id, metric_key: metric, max_results: String(HISTORY_PAGE) };
      const fetch = () =>
        this.client.getJson('/api/2.0/mlflow/metrics/get-history', { ...query, ...(token && { page_token: token }) });
      const body = await parseAnswer(await toStoreError(fetch, false));
      for (const point of objectsIn(body, 'metrics')) metricPoints.push(toMetricPoint(point));
      token = nextToken(body, token);
    } while (token && metricPoints.length < MAX_METRIC_POINTS);
    return metricPoints.slice(0, MAX_METRIC_POINTS).sort((a, b) => a.step - b.step);
  }

  async listRegisteredModels(): Promise<string[]> {
    const names: string[] = [];
    let token = '';
    do {
      const body = await this.get('/api/2.0/mlflow/registered-models/search', {
        max_results: String(PAGE),
        ...(token && { page_token: token }),
      });
      for (const model of objectsIn(body, 'registered_models')) names.push(textIn(model, 'name'));
      token = nextToken(body, token);
    } while (token && names.length < PAGE * MAX_PAGES);
    return names.sort();
  }

  async findRegisteredModel(name: string): Promise<MlflowRegisteredModel | undefined> {
    const body = await this.find('/api/2.0/mlflow/registered-models/get', { name });
    if (!body) return undefined;
    const versions: JsonObject[] = [];
    let token = '';
    do {
      const page = await this.get('/api/2.0/mlflow/model-versions/search', {
        // Quotes inside a name cannot be escaped in MLflow's filters: a quote of the other kind goes around.
        filter: name.includes("'") ? `name="${name}"` : `name='${name}'`,
        max_results: String(PAGE),
        ...(token && { page_token: token }),
      });
      for (const version of objectsIn(page, 'model_versions')) versions.push(version);
      token = nextToken(page, token);
    } while (token && versions.length < PAGE * MAX_PAGES);
    return toRegisteredModel(objectIn(body, 'registered_model'), versions);
  }

  async findCheckpoint(id: string): Promise<Checkpoint | undefined> {
    const body = await this.find(`/api/2.0/mlflow/logged-models/${encodeURIComponent(id)}`, {});
    return body && { ...toCheckpointDetails(objectIn(body, 'model')), id, files: this.model({ modelId: id }, '') };
  }

  async findModelOfRun(run: MlflowRun): Promise<LoggedModel | undefined> {
    const path = loggedArtifactPath(run.tags) ?? (await this.searchArtifacts(run.id));
    return path === undefined ? undefined : this.model({ runId: run.id, path }, markOf(run));
  }

  findModelAt(runId: string, path: string, run: MlflowRun | undefined): Promise<LoggedModel | undefined> {
    return Promise.resolve(this.model({ runId, path }, run ? markOf(run) : ''));
  }

  readRunFile(run: MlflowRun, path: string): Promise<string | undefined> {
    return this.model({ runId: run.id, path: '' }, markOf(run)).readOptionalText(path);
  }

  private model(location: ModelLocation, mark: string): LoggedModel {
    const { cache, maxModelBytes } = this.parts;
    const fetchOnce: FetchOnce = (key, fetch) => this.cached(key, fetch, true).catch(toRunError);
    return new ServerModel({ client: this.client, cache, maxBytes: maxModelBytes, fetchOnce }, location, mark);
  }

  /** Looks for an `MLmodel` file at the top of a run's artifacts and one folder below. */
  private async searchArtifacts(runId: string): Promise<string | undefined> {
    const list = async (path: string) => {
      const query = { run_id: runId, ...(path && { path }) };
      const body = await this.get('/api/2.0/mlflow/artifacts/list', query).catch(toRunError);
      return objectsIn(body, 'files');
    };
    const top = await list('');
    if (top.some((file) => file.path === 'MLmodel')) return '';
    for (const folder of top.filter(({ is_dir: isFolder }) => isFolder === true)) {
      const path = textIn(folder, 'path');
      if ((await list(path)).some((file) => file.path === `${path}/MLmodel`)) return path;
    }
    return undefined;
  }

  /** Maps page by page, between the requests, so that no page holds up the thread for long. */
  private async pages<Entity>(
    route: string,
    key: string,
    request: JsonObject,
    toEntity: (body: JsonObject) => Entity,
  ): Promise<Entity[]> {
    const found: Entity[] = [];
    let token = '';
    for (let page = 0; page < MAX_PAGES; page++) {
      const body = { ...request, max_results: PAGE, ...(token && { page_token: token }) };
      const text = await this.cached(`POST ${route} ${JSON.stringify(body)}`, () => this.client.postJson(route, body));
      const answer = await parseAnswer(text!);
      for (const entity of await mapYielding(objectsIn(answer, key), toEntity)) found.push(entity);
      token = nextToken(answer, token);
      if (!token) break;
    }
    return found;
  }

  private async get(route: string, query: Query): Promise<JsonObject> {
    const text = await this.cached(`GET ${route} ${JSON.stringify(query)}`, () => this.client.getJson(route, query));
    return parseAnswer(text!);
  }

  /** As `get`; undefined when MLflow says that there is no such thing. */
  private async find(route: string, query: Query): Promise<JsonObject | undefined> {
    const text = await this.cached(`GET ${route} ${JSON.stringify(query)}`, async () => {
      try {
        return await this.client.getJson(route, query);
      } catch (error) {
        if (error instanceof MlflowError && error.code === 'RESOURCE_DOES_NOT_EXIST') return undefined;
        throw error;
      }
    });
    return text === undefined ? undefined : parseAnswer(text);
  }

  /**
   * Requests, and caches the response for a start without the server.
   *
   * @param isFinal  whether the response never changes, so that a cached one is enough.
   */
  private async cached(
    key: string,
    fetch: () => Promise<string | undefined>,
    isFinal = false,
  ): Promise<string | undefined> {
    const { responseCache } = this.parts;
    const found = isFinal || this.isReplaying ? await responseCache.find(key) : undefined;
    // A resource that did not exist may have been created; one that existed stays.
    const known = this.isReplaying || found?.text !== undefined ? found : undefined;
    if (this.isReplaying && !known) throw new NotCachedError('it is not in the cache.');
    const answer = known ?? { text: await toStoreError(fetch, isFinal) };
    if (this.isReplaying) return answer.text;
    this.requireWithinLimits(answer.text);
    responseCache.add(key, answer);
    return answer.text;
  }

  /** @throws StoreUnavailableError when one reading takes too much or too long: a list may have no end. */
  private requireWithinLimits(text = ''): void {
    this.readChars += text.length;
    const { maxReadMs } = this.parts;
    if (this.readChars > MAX_READING_CHARS)
      throw new StoreUnavailableError(`it answers more than ${MAX_READING_CHARS} characters in one reading.`);
    if (performance.now() > this.readEndMs)
      throw new StoreUnavailableError(`it has not given all of its content within ${maxReadMs} ms.`);
  }
}

/** @throws StoreUnavailableError when a page says that it is its own next one. */
function nextToken(body: JsonObject, token: string): string {
  const next = textIn(body, 'next_page_token');
  if (next !== '' && next === token) throw new StoreUnavailableError('it gives the same page again and again.');
  return next;
}

/** Changes when the files of a finished run may have been written again. */
function markOf({ endedAtMs, tags }: MlflowRun): string {
  return `${endedAtMs} ${tags['mlflow.log-model.history'] ?? ''} ${servingTagsMark(tags)}`;
}

/** MLflow is unavailable, and no earlier reading cached this response. */
class NotCachedError extends StoreUnavailableError {}

/**
 * Errors that cost one run and not the whole reading: MLflow answers, but cannot list the files of this run (its
 * artifact storage is unavailable); or MLflow is unavailable, and the last reading did not cache them.
 */
function toRunError(error: unknown): never {
  if (error instanceof NotCachedError) {
    throw new RunError('ARTIFACT_UNAVAILABLE', "MLflow is away, and the run's files could not be read before.");
  }
  const { cause } = error as Error;
  if (!(error instanceof StoreUnavailableError && cause instanceof MlflowError)) throw error;
  throw new RunError('ARTIFACT_UNAVAILABLE', `MLflow cannot list the run's files: ${cause.code}.`, { cause });
}

/** An error that MLflow answers to a question about the whole store means that the store cannot be read. */
async function toStoreError<T>(fetch: () => Promise<T>, isFile: boolean): Promise<T> {
  try {
    return await fetch();
  } catch (error) {
    if (isFile || !(error instanceof MlflowError)) throw error;
    const serverMessage = error.message.slice(0, MAX_MESSAGE_LENGTH).replaceAll(/\s+/g, ' ');
    throw new StoreUnavailableError(`it answers ${error.code}.`, { serverMessage, cause: error });
  }
}
