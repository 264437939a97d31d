import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { MetricPoint } from '../../../../domain/metric-point.js';
import { SerialQueue } from '../../../../lib/serial-queue.js';
import type { Disk } from '../../../files/disk.js';
import { askDisk } from '../ask-disk.js';
import { DiskStore } from '../disk-store.js';
import { LocalModel, isInsideFolder } from '../local-model.js';
import { MAX_METRIC_POINTS, inStepOrder, runStatusNamed } from '../mlflow-store.js';
import type { Checkpoint, MlflowExperiment, MlflowRegisteredModel, MlflowRun, MlflowVersion } from '../mlflow-store.js';
import { isoTime } from '../../mapping/to-run.js';
import { readMark, withSnapshot } from './sqlite-snapshot.js';
import type { SqlRow, SqliteSnapshot } from './sqlite-snapshot.js';

/** Runs whose metrics, parameters and tags are asked for at once: a query must not hold up requests. */
const RUNS_PER_QUERY = 200;

/** `status` of a logged model whose files have arrived. */
const READY_MODEL = 2;

/**
 * MLflow's SQLite database (`mlflow.db`), versions 2 and 3, and the artifact folders beside it (`mlruns`,
 * `mlartifacts`). Nothing is written, and its writers are never blocked. A database that has not changed since the last
 * reading is not copied again: what was asked of it then is remembered, while artifacts are looked at anew each time.
 */
export class DbStore extends DiskStore {
  private snapshot: SqliteSnapshot | undefined;
  private remembered: CacheEntry = { mark: undefined, answers: new Map() };
  private readonly historyQueue = new SerialQueue();

  /** @param file  absolute. */
  constructor(
    private readonly file: string,
    disk?: Disk,
  ) {
    super(dirname(file), disk);
  }

  get description(): string {
    return this.file;
  }

  override async read<T>(work: () => Promise<T>): Promise<T> {
    // What reads a database has no time limit: a disk that does not answer is not asked.
    await askDisk(this.disk, this.root, (fileSystem) => fileSystem.isLink(this.file));
    const mark = await readMark(this.file);
    if (mark === undefined || mark !== this.remembered.mark) return this.readAgain(work);
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof NotCachedError)) throw error;
      return this.readAgain(work);
    }
  }

  private readAgain<T>(work: () => Promise<T>): Promise<T> {
    return withSnapshot(this.file, async (snapshot) => {
      this.snapshot = snapshot;
      if (this.remembered.mark !== snapshot.mark) this.remembered = { mark: snapshot.mark, answers: new Map() };
      try {
        return await work();
      } finally {
        this.snapshot = undefined;
      }
    });
  }

  listExperiments(): Promise<MlflowExperiment[]> {
    const sql =
      "SELECT CAST(experiment_id AS TEXT) AS id, name FROM experiments WHERE lifecycle_stage='active' ORDER BY id";
    return this.remember('experiments', () => this.all(sql).map((row) => this.toExperiment(row)));
  }

  findExperiment(name: string): Promise<MlflowExperiment | undefined> {
    const sql =
      "SELECT CAST(experiment_id AS TEXT) AS id, name FROM experiments WHERE lifecycle_stage='active' AND name=?";
    return this.remember(`experiment ${name}`, () => {
      const [row] = this.all(sql, [name]);
      return row && this.toExperiment(row);
    });
  }

  listRuns(experimentId: string): Promise<MlflowRun[]> {
    return this.remember(`runs of ${experimentId}`, () => this.readRuns(experimentId));
  }

  private async readRuns(experimentId: string): Promise<MlflowRun[]> {
    const sql = `${RUN_COLUMNS} WHERE lifecycle_stage='active' AND experiment_id=CAST(? AS INTEGER) ORDER BY start_time`;
    const rows = this.all(sql, [experimentId]);
    const runs: MlflowRun[] = [];
    for (let at = 0; at < rows.length; at += RUNS_PER_QUERY) {
      runs.push(...this.toRuns(rows.slice(at, at + RUNS_PER_QUERY)));
      await nextTurn();
    }
    return runs;
  }

  findRun(id: string): Promise<MlflowRun | undefined> {
    const sql = `${RUN_COLUMNS} WHERE lifecycle_stage='active' AND run_uuid=?`;
    return this.remember(`run ${id}`, () => this.toRuns(this.all(sql, [id]))[0]);
  }

  /** One at a time: each takes a copy of the database. */
  readMetricHistory({ id }: MlflowRun, metric: string): Promise<MetricPoint[]> {
    const sql = `SELECT step, timestamp, value, is_nan FROM metrics WHERE run_uuid=? AND key=?
      ORDER BY step, timestamp, value LIMIT ?`;
    return this.historyQueue.run(() =>
      withSnapshot(this.file, (snapshot) =>
        Promise.resolve(snapshot.all(sql, [id, metric, MAX_METRIC_POINTS]).map(toMetricPoint)),
      ),
    );
  }

  listRegisteredModels(): Promise<string[]> {
    const sql = 'SELECT name FROM registered_models ORDER BY name';
    return this.remember('models', () => this.all(sql).map((row) => text(row.name)));
  }

  findRegisteredModel(name: string): Promise<MlflowRegisteredModel | undefined> {
    return this.remember(`model ${name}`, () => this.readRegisteredModel(name));
  }

  private readRegisteredModel(name: string): MlflowRegisteredModel | undefined {
    const [model] = this.all('SELECT name, description FROM registered_models WHERE name=?', [name]);
    if (!model) return undefined;
    const aliases = this.all('SELECT alias, version FROM registered_model_aliases WHERE name=?', [name]);
    const versions = this.all(
      "SELECT * FROM model_versions WHERE name=? AND coalesce(current_stage,'')<>'Deleted_Internal' ORDER BY version",
      [name],
    );
    return {
      name,
      description: text(model.description),
      tags: pairs(this.all('SELECT key, value FROM registered_model_tags WHERE name=?', [name])),
      versions: versions.map((row) => this.toVersion(name, row, aliases)),
    };
  }

  async findCheckpoint(id: string): Promise<Checkpoint | undefined> {
    const recorded = await this.remember(`checkpoint ${id}`, () => this.readCheckpoint(id));
    if (!recorded) return undefined;
    const { location, isReady, metrics } = recorded;
    const folder = await this.localFolder(location);
    return { id, isReady, metrics, files: folder === undefined ? undefined : new LocalModel(folder, this, id) };
  }

  private readCheckpoint(id: string): RecordedCheckpoint | undefined {
    const sql = "SELECT artifact_location, status FROM logged_models WHERE model_id=? AND lifecycle_stage='active'";
    const [row] = this.all(sql, [id]);
    if (!row) return undefined;
    const metrics = this.all(
      `SELECT metric_name AS key, metric_value AS value FROM logged_model_metrics WHERE model_id=?
       ORDER BY metric_step, metric_timestamp_ms`,
      [id],
    );
    return {
      location: text(row.artifact_location),
      isReady: Number(row.status) === READY_MODEL,
      metrics: metricsOf(metrics),
    };
  }

  protected artifactsOf(run: MlflowRun): Promise<string | undefined> {
    return this.localFolder(run.artifactUri);
  }

  /**
   * Local folder of an artifact URI. URIs are absolute paths of the machine that wrote them: when one does not exist
   * here, or lies outside the database's folder, its last part is searched beside the database.
   */
  private async localFolder(uri: string): Promise<string | undefined> {
    return askDisk(this.disk, this.root, async (fileSystem) => {
      for (const folder of this.placesOf(uri)) if (await isInsideFolder(fileSystem, folder, this.root)) return folder;
      return undefined;
    });
  }

  private placesOf(uri: string): string[] {
    const proxied = /^mlflow-artifacts:\/*(?:[^/]+:\d+\/)?(.*)$/.exec(uri)?.[1];
    if (proxied !== undefined) return [join(this.root, 'mlartifacts', proxied), join(this.root, 'mlruns', proxied)];
    const path = uri.startsWith('file:') ? pathOfUrl(uri) : uri;
    const match = /(?:^|[\\/])(mlruns|mlartifacts)[\\/](.*)$/.exec(path);
    return [path, ...(match ? [join(this.root, match[1]!, match[2]!)] : [])];
  }

  private toExperiment({ id, name }: SqlRow): MlflowExperiment {
    const sql = 'SELECT key, value FROM experiment_tags WHERE experiment_id=CAST(? AS INTEGER)';
    return { id: text(id), name: text(name), tags: pairs(this.all(sql, [text(id)])) };
  }

  private toRuns(rows: readonly SqlRow[]): MlflowRun[] {
    const ids = rows.map((row) => text(row.run_uuid));
    const list = ids.map(() => '?').join();
    const byRun = (sql: string) => groupBy(ids.length === 0 ? [] : this.all(sql.replace('(?)', `(${list})`), ids));
    const metrics = byRun('SELECT run_uuid AS id, key, value, is_nan FROM latest_metrics WHERE run_uuid IN (?)');
    const params = byRun('SELECT run_uuid AS id, key, value FROM params WHERE run_uuid IN (?)');
    const tags = byRun('SELECT run_uuid AS id, key, value FROM tags WHERE run_uuid IN (?)');
    const outputs = byRun(`SELECT source_id AS id, destination_id AS value${this.hasSteps ? ', step' : ''} FROM inputs
      WHERE source_type='RUN_OUTPUT' AND destination_type='MODEL_OUTPUT' AND source_id IN (?)`);
    return rows.map((row): MlflowRun => {
      const id = text(row.run_uuid);
      const ownTags = pairs(tags.get(id) ?? []);
      return {
        id,
        name: text(row.name) || (ownTags['mlflow.runName'] ?? ''),
        experimentId: text(row.experiment_id),
        status: runStatusNamed(row.status),
        startedAtMs: Number(row.start_time ?? 0),
        endedAtMs: row.end_time === null ? undefined : Number(row.end_time),
        artifactUri: text(row.artifact_uri),
        metrics: metricsOf(metrics.get(id) ?? []),
        params: pairs(params.get(id) ?? []),
        tags: ownTags,
        modelIds: inStepOrder(
          (outputs.get(id) ?? []).map(({ value, step }) => ({ id: text(value), step: Number(step ?? 0) })),
        ),
      };
    });
  }

  private toVersion(name: string, row: SqlRow, aliases: readonly SqlRow[]): MlflowVersion {
    const version = Number(row.version);
    const tags = this.all('SELECT key, value FROM model_version_tags WHERE name=? AND version=?', [name, version]);
    return {
      version,
      isReady: text(row.status) === 'READY' || row.status === null,
      createdAtMs: Number(row.creation_time ?? 0),
      runId: text(row.run_id),
      source: text(row.source),
      description: text(row.description),
      tags: pairs(tags),
      aliases: aliases.filter((alias) => Number(alias.version) === version).map((alias) => text(alias.alias)),
    };
  }

  /** MLflow 2 before 2.21 knows no steps of outputs. */
  private get hasSteps(): boolean {
    return this.all('PRAGMA table_info(inputs)').some(({ name }) => name === 'step');
  }

  /**
   * An answer of the database as it is now, from memory when it has been asked before.
   *
   * @throws NotCachedError when it was not, and there is no snapshot to ask.
   */
  private async remember<T>(question: string, ask: () => T | Promise<T>): Promise<T> {
    const { answers } = this.remembered;
    if (answers.has(question)) return answers.get(question) as T;
    const answer = await ask();
    answers.set(question, answer);
    return answer;
  }

  private all(sql: string, values: readonly (string | number)[] = []): SqlRow[] {
    if (!this.snapshot) throw new NotCachedError();
    return this.snapshot.all(sql, values);
  }
}

/** Answers of the database at one moment, by question. */
interface CacheEntry {
  readonly mark: string | undefined;
  readonly answers: Map<string, unknown>;
}

/** A logged model as the database has it, before its folder is looked for. */
interface RecordedCheckpoint extends Pick<Checkpoint, 'isReady' | 'metrics'> {
  readonly location: string;
}

/** What is asked has not been asked of this database before: a snapshot is needed. */
class NotCachedError extends Error {}

const RUN_COLUMNS = `SELECT run_uuid, name, CAST(experiment_id AS TEXT) AS experiment_id, status, start_time, end_time,
  artifact_uri FROM runs`;

function text(value: SqlRow[string] | undefined): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'bigint'
      ? String(value)
      : '';
}

function pairs(rows: readonly SqlRow[]): Record<string, string> {
  return Object.fromEntries(rows.map((row) => [text(row.key), text(row.value)]));
}

function groupBy(rows: readonly SqlRow[]): Map<string, SqlRow[]> {
  const groups = new Map<string, SqlRow[]>();
  for (const row of rows) {
    const id = text(row.id);
    const group = groups.get(id);
    if (group) group.push(row);
    else groups.set(id, [row]);
  }
  return groups;
}

function toMetricPoint(row: SqlRow): MetricPoint {
  return { step: Number(row.step), timestamp: isoTime(Number(row.timestamp)), value: metricValue(row) };
}

/** Of equal keys the last. */
function metricsOf(rows: readonly SqlRow[]): Record<string, number> {
  return Object.fromEntries(rows.map((row) => [text(row.key), metricValue(row)]));
}

/** SQL keeps NaN as 0 with a mark, and the infinities as the largest numbers. */
function metricValue({ value, is_nan: isNaN }: SqlRow): number {
  if (Number(isNaN) === 1 || value === null) return NaN;
  const number = Number(value);
  if (Math.abs(number) < Number.MAX_VALUE) return number;
  return number > 0 ? Infinity : -Infinity;
}

function pathOfUrl(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch {
    return '';
  }
}
