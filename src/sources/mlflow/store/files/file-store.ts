import { join } from 'node:path';

import type { MetricPoint } from '../../../../domain/metric-point.js';
import type { RunStatus } from '../../../../domain/run.js';
import type { FileSystem } from '../../../files/file-system.js';
import { mapWithConcurrency } from '../../../../lib/map-with-concurrency.js';
import { askDisk } from '../ask-disk.js';
import { DiskStore } from '../disk-store.js';
import { LocalModel, listDirs, isInsideFolder } from '../local-model.js';
import { latestMetric, readMetricLines } from '../metric-lines.js';
import { MAX_METRIC_POINTS, StoreUnavailableError, inStepOrder, runStatusNamed } from '../mlflow-store.js';
import type { Checkpoint, MlflowExperiment, MlflowRegisteredModel, MlflowRun, MlflowVersion } from '../mlflow-store.js';
import { isoTime } from '../../mapping/to-run.js';
import { parseYamlMapping, textOf } from '../yaml-text.js';
import type { YamlValue } from '../yaml-text.js';
import { readEntries } from './read-entries.js';

/** Folders of an experiment that are no runs. */
const RESERVED = new Set(['tags', 'datasets', 'traces', 'models']);
/** `status` of a run, by number. */
const STATUS_OF_NUMBER: Readonly<Record<string, RunStatus>> = {
  1: 'RUNNING',
  2: 'SCHEDULED',
  3: 'FINISHED',
  4: 'FAILED',
  5: 'KILLED',
};
const READ_CONCURRENCY = 16;
/** A larger `meta.yaml` is not MLflow's. */
const MAX_META_BYTES = 64 * 1024;

type Meta = Readonly<Record<string, YamlValue>>;

/**
 * The folder of MLflow's file store (`mlruns`), as versions 2 and 3 write it. A `meta.yaml` that is empty or half-written
 * hides its run or experiment until it is whole: MLflow does not write files in one piece. A folder that does not answer
 * makes the store unavailable, so that what was read of it last counts.
 */
export class FileStore extends DiskStore {
  get description(): string {
    return this.root;
  }

  async listExperiments(): Promise<MlflowExperiment[]> {
    const names = await this.ask(this.root, async (fileSystem) => {
      const entries = await fileSystem.entries(this.root).catch((error: unknown) => {
        throw new StoreUnavailableError('the folder cannot be read.', { cause: error });
      });
      return entries.map(({ name }) => name);
    });
    const ids = names.filter((name) => name !== 'models' && !name.startsWith('.')).sort();
    const found = await mapWithConcurrency(ids, READ_CONCURRENCY, (id) => this.readExperiment(id));
    return found.filter((experiment) => experiment !== undefined);
  }

  async findExperiment(name: string): Promise<MlflowExperiment | undefined> {
    return (await this.listExperiments()).find((experiment) => experiment.name === name);
  }

  async listRuns(experimentId: string): Promise<MlflowRun[]> {
    const ids = (await this.dirsIn(join(this.root, experimentId))).filter((name) => !RESERVED.has(name));
    const runs = await mapWithConcurrency(ids, READ_CONCURRENCY, (id) => this.readRun(experimentId, id));
    return runs.filter((run) => run !== undefined);
  }

  async findRun(id: string): Promise<MlflowRun | undefined> {
    if (!/^[\w-]+$/.test(id)) return undefined;
    for (const { id: experimentId } of await this.listExperiments()) {
      const run = await this.readRun(experimentId, id);
      if (run) return run;
    }
    return undefined;
  }

  async readMetricHistory({ experimentId, id }: MlflowRun, metric: string): Promise<MetricPoint[]> {
    const folder = join(this.root, experimentId, id);
    const lines = (await this.ask(folder, (fs) => readEntries(fs, join(folder, 'metrics'))))[metric] ?? '';
    const metricPoints = readMetricLines(lines).slice(0, MAX_METRIC_POINTS);
    return metricPoints.map(({ step, timeMs, value }) => ({ step, timestamp: isoTime(timeMs), value }));
  }

  listRegisteredModels(): Promise<string[]> {
    return this.dirsIn(join(this.root, 'models'));
  }

  async findRegisteredModel(name: string): Promise<MlflowRegisteredModel | undefined> {
    if (!(await this.listRegisteredModels()).includes(name)) return undefined;
    const folder = join(this.root, 'models', name);
    const model = await this.ask(folder, async (fs) => {
      const meta = await readMeta(fs, folder);
      if (!meta) return undefined;
      const aliases = await readEntries(fs, join(folder, 'aliases'));
      const tags = await readEntries(fs, join(folder, 'tags'));
      return { meta, aliases, tags, entries: await listDirs(fs, folder) };
    });
    if (!model) return undefined;
    const { meta, aliases, tags, entries } = model;
    const numbers = entries.filter((entry) => /^version-\d+$/.test(entry));
    const versions = await mapWithConcurrency(numbers, READ_CONCURRENCY, (entry) =>
      this.ask(join(folder, entry), (fs) => readVersion(fs, join(folder, entry), aliases)),
    );
    return {
      name,
      description: textOf(meta, 'description') ?? '',
      tags,
      versions: versions.filter((version) => version !== undefined),
    };
  }

  async findCheckpoint(id: string, run: MlflowRun | undefined): Promise<Checkpoint | undefined> {
    if (!/^m-[\w-]+$/.test(id)) return undefined;
    const experiments = run ? [run.experimentId] : (await this.listExperiments()).map((experiment) => experiment.id);
    for (const experiment of experiments) {
      const found = await this.readCheckpoint(join(this.root, experiment, 'models', id), id);
      if (found) return found;
    }
    return undefined;
  }

  protected artifactsOf({ experimentId, id }: MlflowRun): Promise<string> {
    return Promise.resolve(join(this.root, experimentId, id, 'artifacts'));
  }

  /** Its files lie beside its `meta.yaml`: the URI in there is an absolute one of the machine that wrote it. */
  private readCheckpoint(folder: string, id: string): Promise<Checkpoint | undefined> {
    return this.ask(folder, async (fs) => {
      const meta = await readMeta(fs, folder);
      if (!meta || !isActive(meta)) return undefined;
      const artifacts = join(folder, 'artifacts');
      const isThere = await isInsideFolder(fs, artifacts, this.root);
      const metrics = latestMetrics(await readEntries(fs, join(folder, 'metrics')));
      const files = isThere ? new LocalModel(artifacts, this, id) : undefined;
      return { id, isReady: isReadyModel(meta), metrics, files };
    });
  }

  private readExperiment(id: string): Promise<MlflowExperiment | undefined> {
    const folder = join(this.root, id);
    return this.ask(folder, async (fs) => {
      const meta = await readMeta(fs, folder);
      if (!meta || !isActive(meta) || textOf(meta, 'experiment_id') !== id) return undefined;
      return { id, name: textOf(meta, 'name') ?? id, tags: await readEntries(fs, join(folder, 'tags')) };
    });
  }

  private readRun(experimentId: string, id: string): Promise<MlflowRun | undefined> {
    const folder = join(this.root, experimentId, id);
    return this.ask(folder, (fs) => readRunFolder(fs, folder, experimentId, id));
  }

  private ask<T>(place: string, work: (fileSystem: FileSystem) => Promise<T>): Promise<T> {
    return askDisk(this.disk, place, work);
  }

  private dirsIn(folder: string): Promise<string[]> {
    return this.ask(folder, (fileSystem) => listDirs(fileSystem, folder));
  }
}

async function readRunFolder(
  fs: FileSystem,
  folder: string,
  experimentId: string,
  id: string,
): Promise<MlflowRun | undefined> {
  const meta = await readMeta(fs, folder);
  // A meta.yaml that names another run was not written by MLflow.
  if (!meta || !isActive(meta) || (textOf(meta, 'run_id') ?? textOf(meta, 'run_uuid')) !== id) return undefined;
  const metrics = await readEntries(fs, join(folder, 'metrics'));
  const params = await readEntries(fs, join(folder, 'params'));
  const tags = await readEntries(fs, join(folder, 'tags'));
  const modelIds = await readOutputs(fs, join(folder, 'outputs'));
  const endedAt = textOf(meta, 'end_time');
  return {
    id,
    name: textOf(meta, 'run_name') ?? tags['mlflow.runName'] ?? '',
    experimentId,
    status: statusOf(textOf(meta, 'status')),
    startedAtMs: Number(textOf(meta, 'start_time') ?? 0),
    endedAtMs: endedAt === undefined ? undefined : Number(endedAt),
    artifactUri: textOf(meta, 'artifact_uri') ?? '',
    metrics: latestMetrics(metrics),
    params,
    tags,
    modelIds,
  };
}

async function readMeta(fileSystem: FileSystem, folder: string): Promise<Meta | undefined> {
  const bytes = await fileSystem.readRegular(join(folder, 'meta.yaml'), MAX_META_BYTES).catch(() => undefined);
  return bytes === undefined || bytes.length === 0 ? undefined : parseYamlMapping(bytes.toString('utf8'));
}

function latestMetrics(linesByKey: Readonly<Record<string, string>>): Record<string, number> {
  const latest = Object.entries(linesByKey).map(([key, lines]) => [key, latestMetric(lines)] as const);
  return Object.fromEntries(latest.filter((entry): entry is [string, number] => entry[1] !== undefined));
}

/** `status` of a logged model, by number: 1 pending, 2 ready, 3 failed. */
function isReadyModel(meta: Meta): boolean {
  return ['2', undefined].includes(textOf(meta, 'status'));
}

function isActive(meta: Meta): boolean {
  return (textOf(meta, 'lifecycle_stage') ?? 'active') === 'active';
}

function statusOf(text: string | undefined): RunStatus {
  return STATUS_OF_NUMBER[text ?? '1'] ?? runStatusNamed(text);
}

/** Ids of the logged models a run put out, the one of the latest step last. The folder's name is the id to trust. */
async function readOutputs(fileSystem: FileSystem, folder: string): Promise<string[]> {
  const outputs: { readonly id: string; readonly step: number }[] = [];
  for (const id of await listDirs(fileSystem, folder)) {
    const meta = await readMeta(fileSystem, join(folder, id));
    outputs.push({ id, step: Number(textOf(meta ?? {}, 'step') ?? 0) });
  }
  return inStepOrder(outputs);
}

async function readVersion(
  fileSystem: FileSystem,
  folder: string,
  aliases: Readonly<Record<string, string>>,
): Promise<MlflowVersion | undefined> {
  const meta = await readMeta(fileSystem, folder);
  const version = Number(meta && textOf(meta, 'version'));
  if (!meta || !Number.isInteger(version) || textOf(meta, 'current_stage') === 'Deleted_Internal') return undefined;
  const modelId = textOf(meta, 'model_id');
  return {
    version,
    isReady: ['READY', '3', undefined].includes(textOf(meta, 'status')),
    createdAtMs: Number(textOf(meta, 'creation_timestamp') ?? 0),
    runId: textOf(meta, 'run_id') ?? '',
    source: modelId ? `models:/${modelId}` : (textOf(meta, 'source') ?? ''),
    description: textOf(meta, 'description') ?? '',
    tags: await readEntries(fileSystem, join(folder, 'tags')),
    aliases: Object.keys(aliases).filter((alias) => Number(aliases[alias]) === version),
  };
}
