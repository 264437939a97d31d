import { isJsonObject } from '../../../lib/json/json.js';
import type { JsonObject } from '../../../lib/json/json.js';
import type { MetricPoint } from '../../../domain/metric-point.js';
import { RUN_STATUSES } from '../../../domain/run.js';
import type { RunStatus } from '../../../domain/run.js';

/** Points of one metric that are read; a trainer that logs each batch may have millions. */
export const MAX_METRIC_POINTS = 100_000;

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

/** The folder of a logged model on this machine's disk. */
export interface ModelFiles {
  /** Absolute. */
  readonly path: string;
  /** It is not needed any more. */
  readonly release: () => void;
}

/** The folder of a logged model: `MLmodel` and what it names. Its files do not change once it was logged. */
export interface LoggedModel {
  /** Names this model among all that the store holds. */
  readonly key: string;
  /** MLflow 3's id; undefined for a model among the artifacts of a run. */
  readonly modelId: string | undefined;
  /**
   * A small text file of the folder.
   *
   * @param path  relative to the folder, forward slashes.
   * @returns undefined when there is none.
   * @throws StoreUnavailableError.
   */
  readText(path: string): Promise<string | undefined>;
  /** As `readText`, for a file that few models have: a server may answer an error to a request for what is not there. */
  readOptionalText(path: string): Promise<string | undefined>;
  /**
   * Provides the folder on this machine's disk until it is released.
   *
   * @throws RunError ARTIFACT_UNAVAILABLE, ARTIFACT_TOO_LARGE or ARTIFACT_MISSING.
   */
  fetch(): Promise<ModelFiles>;
}

/**
 * A logged model of MLflow 3 with what was logged for it. A run may put out several, checkpoints of one training, each
 * with metrics of its own.
 */
export interface Checkpoint {
  readonly id: string;
  /** Whether its files have arrived whole. */
  readonly isReady: boolean;
  /** Latest value of each metric that was logged for this very model. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Undefined when its folder is not found. */
  readonly files: LoggedModel | undefined;
}

/** The store cannot be read now; the message says why and what to check. */
export class StoreUnavailableError extends Error {
  /** The server's own message, for operators only: it may contain anything. */
  readonly serverMessage: string | undefined;

  /** @param message  finishes "MLflow cannot be read: …"; names no path, address or content. */
  constructor(message: string, { serverMessage, ...options }: ErrorOptions & { readonly serverMessage?: string } = {}) {
    super(message, options);
    this.name = 'StoreUnavailableError';
    this.serverMessage = serverMessage;
  }
}

/**
 * MLflow's stores of experiments, runs, registered models and their files behind one interface: a tracking server, the
 * folder of a file store, or `mlflow.db`. Nothing is ever written to it.
 *
 * @throws StoreUnavailableError from every method that reads.
 */
export abstract class MlflowStore {
  /** Its place, for people; no credentials. */
  abstract readonly description: string;

  /** Warnings about the last reading, one sentence each. */
  get warnings(): readonly string[] {
    return [];
  }

  /** Aborts running requests: there will be no further calls. */
  close(): void {
    // Nothing to abort.
  }

  /**
   * Runs `work` as one reading of the store. A store with a cache (the server's) commits it when the whole reading has
   * succeeded.
   */
  read<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  /**
   * Runs `work` on the cached responses of an earlier process's last reading.
   *
   * @returns undefined when there are none.
   */
  replay<T>(_work: () => Promise<T>): Promise<T | undefined> {
    return Promise.resolve(undefined);
  }

  abstract listExperiments(): Promise<MlflowExperiment[]>;
  abstract findExperiment(name: string): Promise<MlflowExperiment | undefined>;
  abstract listRuns(experimentId: string): Promise<MlflowRun[]>;
  abstract findRun(id: string): Promise<MlflowRun | undefined>;
  /**
   * Every value of one of a run's metrics in the order of their steps, `MAX_METRIC_POINTS` at most. May be asked for
   * outside of a reading.
   */
  abstract readMetricHistory(run: MlflowRun, metric: string): Promise<MetricPoint[]>;
  /** Names, sorted. */
  abstract listRegisteredModels(): Promise<string[]>;
  abstract findRegisteredModel(name: string): Promise<MlflowRegisteredModel | undefined>;
  /**
   * A logged model; deleted ones are never given.
   *
   * @param run  the run that put it out, when it is known.
   */
  abstract findCheckpoint(id: string, run: MlflowRun | undefined): Promise<Checkpoint | undefined>;
  /** The model among a run's artifacts (MLflow 2), where the client's tag says or where one is found. */
  abstract findModelOfRun(run: MlflowRun): Promise<LoggedModel | undefined>;
  /**
   * The model at a path of a run's artifacts.
   *
   * @param run  the run of that id, when it has been read.
   */
  abstract findModelAt(runId: string, path: string, run: MlflowRun | undefined): Promise<LoggedModel | undefined>;
  /**
   * A small text file among a run's artifacts.
   *
   * @param path  relative to the artifacts, forward slashes.
   * @returns undefined when there is none.
   * @throws RunError ARTIFACT_UNAVAILABLE when only the run's files cannot be had.
   */
  abstract readRunFile(run: MlflowRun, path: string): Promise<string | undefined>;
}

/** A run's status by MLflow's word for it; one that is not known may still be going on. */
export function runStatusNamed(word: unknown): RunStatus {
  return RUN_STATUSES.find((status) => status === word) ?? 'RUNNING';
}

/** The ids of what a run put out, the one of the latest step last. */
export function inStepOrder(outputs: readonly { readonly id: string; readonly step: number }[]): string[] {
  return [...outputs].sort((a, b) => a.step - b.step).map(({ id }) => id);
}

/** Changes when the owner of a run says something new of how it is served: its tags `bestrun.…`. */
export function servingTagsMark(tags: MlflowRun['tags']): string {
  return JSON.stringify(Object.entries(tags).filter(([key]) => key.startsWith('bestrun.')));
}

/** Flavors that can be served, as the client of MLflow 2 notes them. */
const SERVABLE_FLAVORS = ['onnx', 'tensorflow'];

/**
 * Where in a run's artifacts MLflow 2 put its model, from the tag that its client writes: of several the last one that
 * can be served, else the last.
 *
 * @returns undefined without a readable tag.
 */
export function loggedArtifactPath(tags: MlflowRun['tags']): string | undefined {
  try {
    const history: unknown = JSON.parse(tags['mlflow.log-model.history'] ?? '[]');
    const entries = Array.isArray(history) ? history.filter(isJsonObject).reverse() : [];
    const isServable = ({ flavors }: JsonObject) =>
      isJsonObject(flavors) && SERVABLE_FLAVORS.some((flavor) => Object.hasOwn(flavors, flavor));
    const path = (entries.find(isServable) ?? entries[0])?.artifact_path;
    return typeof path === 'string' ? path : undefined;
  } catch {
    return undefined;
  }
}

/** A version's source taken apart: a logged model, or a path among a run's artifacts. */
type VersionSource = { readonly modelId: string } | { readonly runId: string; readonly path: string } | undefined;

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
