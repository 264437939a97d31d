import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { RUN_STATUSES } from '../../../domain/run.js';
import type { RunStatus } from '../../../domain/run.js';
import { mapInParallel } from '../../map-in-parallel.js';
import { LocalModel, findLocalModel, foldersIn, liesInside } from '../local-model.js';
import { latestMetric } from '../metric-lines.js';
import { MlflowStore, StoreUnavailable, loggedArtifactPath, parseVersionSource } from '../mlflow-store.js';
import type {
  LoggedModel,
  MlflowExperiment,
  MlflowRegisteredModel,
  MlflowRun,
  MlflowVersion,
} from '../mlflow-store.js';
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
const PARALLEL_READS = 16;

type Meta = Readonly<Record<string, YamlValue>>;

/**
 * The folder of MLflow's file store (`mlruns`), as versions 2 and 3 write it. A `meta.yaml` that is empty or half-written
 * hides its run or experiment until it is whole: MLflow does not write files in one piece.
 */
export class FileStore extends MlflowStore {
  /** @param folder  absolute. */
  constructor(private readonly folder: string) {
    super();
  }

  get description(): string {
    return this.folder;
  }

  async listExperiments(): Promise<MlflowExperiment[]> {
    const names = await readdir(this.folder).catch((error: unknown) => {
      throw new StoreUnavailable('the folder cannot be read.', { cause: error });
    });
    const ids = names.filter((name) => name !== 'models' && !name.startsWith('.')).sort();
    const found = await mapInParallel(ids, PARALLEL_READS, (id) => this.readExperiment(id));
    return found.filter((experiment) => experiment !== undefined);
  }

  async findExperiment(name: string): Promise<MlflowExperiment | undefined> {
    return (await this.listExperiments()).find((experiment) => experiment.name === name);
  }

  async listRuns(experimentId: string): Promise<MlflowRun[]> {
    const ids = (await foldersIn(join(this.folder, experimentId))).filter((name) => !RESERVED.has(name));
    const runs = await mapInParallel(ids, PARALLEL_READS, (id) => this.readRun(experimentId, id));
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

  listRegisteredModels(): Promise<string[]> {
    return foldersIn(join(this.folder, 'models'));
  }

  async findRegisteredModel(name: string): Promise<MlflowRegisteredModel | undefined> {
    if (!(await this.listRegisteredModels()).includes(name)) return undefined;
    const folder = join(this.folder, 'models', name);
    const meta = await readMeta(folder);
    if (!meta) return undefined;
    const aliases = await readEntries(join(folder, 'aliases'));
    const numbers = (await foldersIn(folder)).filter((entry) => /^version-\d+$/.test(entry));
    const versions = await mapInParallel(numbers, PARALLEL_READS, (entry) => readVersion(join(folder, entry), aliases));
    return {
      name,
      description: textOf(meta, 'description') ?? '',
      tags: await readEntries(join(folder, 'tags')),
      versions: versions.filter((version) => version !== undefined),
    };
  }

  async findModelOfRun(run: MlflowRun): Promise<LoggedModel | undefined> {
    const modelId = run.modelIds.at(-1);
    if (modelId !== undefined) return this.loggedModel(run.experimentId, modelId);
    const artifacts = join(this.folder, run.experimentId, run.id, 'artifacts');
    return findLocalModel(artifacts, loggedArtifactPath(run.tags), this.folder);
  }

  async findModelOfVersion(version: MlflowVersion, run: MlflowRun | undefined): Promise<LoggedModel | undefined> {
    const source = parseVersionSource(version, run);
    if (!source) return undefined;
    if ('modelId' in source) {
      for (const { id } of await this.listExperiments()) {
        const model = await this.loggedModel(id, source.modelId);
        if (model) return model;
      }
      return undefined;
    }
    const owner = run?.id === source.runId ? run : await this.findRun(source.runId);
    if (!owner) return undefined;
    return findLocalModel(join(this.folder, owner.experimentId, owner.id, 'artifacts'), source.path, this.folder);
  }

  /** Beside its `meta.yaml`: the URI in there is an absolute one of the machine that wrote it. */
  private async loggedModel(experimentId: string, modelId: string): Promise<LoggedModel | undefined> {
    const folder = join(this.folder, experimentId, 'models', modelId, 'artifacts');
    return /^m-[\w-]+$/.test(modelId) && (await liesInside(folder, this.folder))
      ? new LocalModel(folder, this.folder)
      : undefined;
  }

  private async readExperiment(id: string): Promise<MlflowExperiment | undefined> {
    const folder = join(this.folder, id);
    const meta = await readMeta(folder);
    if (!meta || !isActive(meta) || textOf(meta, 'experiment_id') !== id) return undefined;
    return { id, name: textOf(meta, 'name') ?? id, tags: await readEntries(join(folder, 'tags')) };
  }

  private async readRun(experimentId: string, id: string): Promise<MlflowRun | undefined> {
    const folder = join(this.folder, experimentId, id);
    const meta = await readMeta(folder);
    // A meta.yaml that names another run was put there by somebody else than MLflow.
    if (!meta || !isActive(meta) || (textOf(meta, 'run_id') ?? textOf(meta, 'run_uuid')) !== id) return undefined;
    const [metrics, params, tags, modelIds] = await Promise.all([
      readEntries(join(folder, 'metrics')),
      readEntries(join(folder, 'params')),
      readEntries(join(folder, 'tags')),
      readOutputs(join(folder, 'outputs')),
    ]);
    const endedAt = textOf(meta, 'end_time');
    const latest = Object.entries(metrics).map(([key, lines]) => [key, latestMetric(lines)] as const);
    return {
      id,
      name: textOf(meta, 'run_name') ?? tags['mlflow.runName'] ?? '',
      experimentId,
      status: statusOf(textOf(meta, 'status')),
      startedAtMs: Number(textOf(meta, 'start_time') ?? 0),
      endedAtMs: endedAt === undefined ? undefined : Number(endedAt),
      artifactUri: textOf(meta, 'artifact_uri') ?? '',
      metrics: Object.fromEntries(latest.filter((entry): entry is [string, number] => entry[1] !== undefined)),
      params,
      tags,
      modelIds,
    };
  }
}

async function readMeta(folder: string): Promise<Meta | undefined> {
  const text = await readFile(join(folder, 'meta.yaml'), 'utf8').catch(() => '');
  return text === '' ? undefined : parseYamlMapping(text);
}

function isActive(meta: Meta): boolean {
  return (textOf(meta, 'lifecycle_stage') ?? 'active') === 'active';
}

function statusOf(text: string | undefined): RunStatus {
  return STATUS_OF_NUMBER[text ?? '1'] ?? RUN_STATUSES.find((status) => status === text) ?? 'RUNNING';
}

/** Ids of the logged models a run put out, the one of the latest step last. The folder's name is the id to trust. */
async function readOutputs(folder: string): Promise<string[]> {
  const ids = await foldersIn(folder);
  const steps = await Promise.all(
    ids.map(async (id) => Number(textOf((await readMeta(join(folder, id))) ?? {}, 'step') ?? 0)),
  );
  return ids
    .map((id, i) => [id, steps[i]!] as const)
    .sort((a, b) => a[1] - b[1])
    .map(([id]) => id);
}

async function readVersion(
  folder: string,
  aliases: Readonly<Record<string, string>>,
): Promise<MlflowVersion | undefined> {
  const meta = await readMeta(folder);
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
    tags: await readEntries(join(folder, 'tags')),
    aliases: Object.keys(aliases).filter((alias) => Number(aliases[alias]) === version),
  };
}
