import type { RunStatus } from '../../domain/run.js';

/** An experiment; deleted ones are never given. */
export interface MlflowExperiment {
  /** Up to 18 digits: a text, because it exceeds what a number holds. */
  readonly id: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A run; deleted ones are never given. Of every metric the latest value; NaN and the infinities are numbers here. */
export interface MlflowRun {
  readonly id: string;
  readonly name: string;
  readonly experimentId: string;
  readonly status: RunStatus;
  readonly startedAtMs: number;
  readonly endedAtMs: number | undefined;
  readonly artifactUri: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Ids of the logged models the run put out (MLflow 3), the one of the latest step last. */
  readonly modelIds: readonly string[];
}

/** A version of a registered model; deleted ones are never given. */
export interface MlflowVersion {
  readonly version: number;
  /** Whether its files have arrived. */
  readonly isReady: boolean;
  readonly createdAtMs: number;
  /** Empty for a version that was registered without a run. */
  readonly runId: string;
  /** Where its files came from: `models:/m-…`, `runs:/…`, or the URI of an artifact. */
  readonly source: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly aliases: readonly string[];
}

export interface MlflowRegisteredModel {
  readonly name: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly versions: readonly MlflowVersion[];
}

/** The folder of a logged model: `MLmodel` and what it names. Its files do not change once it was logged. */
export interface LoggedModel {
  /** Names this model among all that the store holds. */
  readonly key: string;
  /**
   * A small text file of the folder.
   *
   * @param path  relative to the folder, forward slashes.
   * @returns undefined when there is none.
   * @throws StoreUnavailable.
   */
  readText(path: string): Promise<string | undefined>;
  /**
   * Has the folder on this machine's disk.
   *
   * @returns its absolute path.
   * @throws RunProblem ARTIFACT_UNAVAILABLE, ARTIFACT_TOO_LARGE or ARTIFACT_MISSING.
   */
  fetch(): Promise<string>;
}

/** The store cannot be read now; the message says why and what to look at, for the operator. */
export class StoreUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreUnavailable';
  }
}

/**
 * MLflow's ways of keeping experiments, runs, registered models and their files, as one: a tracking server, the folder
 * of a file store, or `mlflow.db`. Nothing is ever written to it.
 *
 * @throws StoreUnavailable from every method that reads.
 */
export abstract class MlflowStore {
  /** Its place, for people; no credentials. */
  abstract readonly description: string;

  /**
   * Runs `work` as one reading of the store. A store that keeps what it read (the server's) remembers it when the whole
   * reading has succeeded.
   */
  read<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  /**
   * Runs `work` on what the last reading of an earlier process has left.
   *
   * @returns undefined when nothing was left.
   */
  recall<T>(_work: () => Promise<T>): Promise<T | undefined> {
    return Promise.resolve(undefined);
  }

  abstract listExperiments(): Promise<MlflowExperiment[]>;
  abstract findExperiment(name: string): Promise<MlflowExperiment | undefined>;
  abstract listRuns(experimentId: string): Promise<MlflowRun[]>;
  abstract findRun(id: string): Promise<MlflowRun | undefined>;
  /** Names, sorted. */
  abstract listRegisteredModels(): Promise<string[]>;
  abstract findRegisteredModel(name: string): Promise<MlflowRegisteredModel | undefined>;
  /** The model that a run put out: the latest logged model (MLflow 3), else the one among its artifacts (MLflow 2). */
  abstract findModelOfRun(run: MlflowRun): Promise<LoggedModel | undefined>;
  /** @param run  the run of `version.runId`, when it still exists. */
  abstract findModelOfVersion(version: MlflowVersion, run: MlflowRun | undefined): Promise<LoggedModel | undefined>;
}

/**
 * Where in a run's artifacts MLflow 2 put its model, from the tag that its client writes.
 *
 * @returns the last one logged; undefined without a readable tag.
 */
export function loggedArtifactPath(tags: MlflowRun['tags']): string | undefined {
  try {
    const history = JSON.parse(tags['mlflow.log-model.history'] ?? '[]') as { artifact_path?: unknown }[];
    const path = history.at(-1)?.artifact_path;
    return typeof path === 'string' ? path : undefined;
  } catch {
    return undefined;
  }
}

/** A version's source taken apart: a logged model, or a path among a run's artifacts. */
export type VersionSource =
  { readonly modelId: string } | { readonly runId: string; readonly path: string } | undefined;

/** Reads `models:/m-…`, `runs:/<run>/<path>`, or a URI below the artifacts of the version's own run. */
export function parseVersionSource(version: MlflowVersion, run: MlflowRun | undefined): VersionSource {
  const { source, runId } = version;
  const [, modelId] = /^models:\/+(m-[\w-]+)\/?$/.exec(source) ?? [];
  if (modelId) return { modelId };
  const [, ofRun, path] = /^runs:\/+([^/]+)\/(.+)$/.exec(source) ?? [];
  if (ofRun && path) return { runId: ofRun, path };
  const [, idInPath] = /\/models\/(m-[0-9a-f]{32})\/artifacts\/?$/.exec(source) ?? [];
  if (idInPath) return { modelId: idInPath };
  const root = run?.artifactUri.replace(/\/$/, '');
  if (root && source.startsWith(`${root}/`)) return { runId, path: source.slice(root.length + 1).replace(/\/$/, '') };
  return undefined;
}
