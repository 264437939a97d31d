import { AppError } from '../../../domain/app-error.js';
import type { SelectionPolicy } from '../../../domain/card.js';
import { mapYielding } from '../../../lib/map-yielding.js';
import { RunError } from '../../../domain/verdict.js';
import { mapWithConcurrency } from '../../../lib/map-with-concurrency.js';
import { VersionSources } from './version-sources.js';
import { CheckpointReader, withCheckpointMetrics, sortCheckpoints } from './checkpoints.js';
import type { ReadRunFile } from '../contract/find-contract.js';
import type { RunRecord } from '../mapping/logged-run.js';
import { StoreUnavailableError, parseVersionSource, servingTagsMark } from '../store/mlflow-store.js';
import type { Checkpoint, LoggedModel, MlflowRun, MlflowStore, MlflowVersion } from '../store/mlflow-store.js';
import { aliasTag } from '../mapping/model-card.js';
import type { MlflowCard } from '../mapping/model-card.js';
import { toRun, versionToRun } from '../mapping/to-run.js';
import type { RunDetails } from '../mapping/to-run.js';

const READ_CONCURRENCY = 8;

/**
 * A run with functions that find its models, which are called only when the run may be selected. Its details are those
 * it has when served with its preferred model.
 */
export interface Candidate extends RunRecord {
  /** As served with this one of its models. */
  readonly detailsWith: (model: LoggedModel) => RunDetails;
  readonly readRunFile: ReadRunFile;
  /** Changes when the run may have put out other models. */
  readonly modelMark: string;
  /** Whether the policy's conditions hold that the source itself set (an alias). */
  readonly isRequested: boolean;
  /**
   * The run's models, in order of preference.
   *
   * @throws StoreUnavailableError; RunError when they are unavailable now.
   */
  readonly findModels: () => Promise<readonly LoggedModel[]>;
}

/** Makes candidates from MLflow's records: the runs of an experiment, or the versions of a registered model. */
export class CandidateReader {
  private readonly checkpoints: CheckpointReader;

  constructor(private readonly store: MlflowStore) {
    this.checkpoints = new CheckpointReader(store);
  }

  /** @throws StoreUnavailableError. */
  async ofRuns(
    { name, card }: MlflowCard,
    experimentId: string,
    runs: readonly MlflowRun[],
  ): Promise<readonly Candidate[]> {
    const checkpoints = await this.checkpoints.readAll(experimentId, runs);
    return mapYielding(runs, (run) => this.ofRun(name, run, checkpoints.get(run.id) ?? [], card?.selection));
  }

  /**
   * @param requestedAlias  only versions that carry it may be chosen; `latest` and undefined stand for all.
   * @throws StoreUnavailableError.
   */
  ofVersions(
    { name }: MlflowCard,
    requestedAlias: string | undefined,
    versions: readonly MlflowVersion[],
  ): Promise<readonly Candidate[]> {
    const versionSources = new VersionSources(this.store);
    return mapWithConcurrency(versions, READ_CONCURRENCY, (version) =>
      this.ofVersion(name, requestedAlias, version, versionSources),
    );
  }

  /** @param runCheckpoints  its models when it has several, in the order of their steps. */
  private ofRun(
    model: string,
    run: MlflowRun,
    runCheckpoints: readonly Checkpoint[],
    policy: SelectionPolicy | undefined,
  ): Candidate {
    const { id, endedAtMs, modelIds, tags } = run;
    const sortedCheckpoints = sortCheckpoints(runCheckpoints, policy);
    const detailsFor = (checkpoint: Checkpoint | undefined) =>
      toRun(checkpoint ? withCheckpointMetrics(run, checkpoint) : run);
    return {
      location: `${model}/runs/${id}`,
      details: detailsFor(sortedCheckpoints[0]),
      detailsWith: ({ key }) => detailsFor(sortedCheckpoints.find(({ files }) => files?.key === key)),
      readMetricHistory: this.historyOf(run),
      readRunFile: (path) => this.store.readRunFile(run, path),
      modelMark: JSON.stringify([
        endedAtMs,
        modelIds,
        tags['mlflow.log-model.history'],
        servingTagsMark(tags),
        sortedCheckpoints.map((one) => one.id),
      ]),
      isRequested: true,
      findModels: () =>
        sortedCheckpoints.length > 0 ? Promise.resolve(sortedCheckpoints.flatMap(filesOf)) : this.modelsOf(run),
    };
  }

  private async ofVersion(
    model: string,
    requestedAlias: string | undefined,
    version: MlflowVersion,
    versionSources: VersionSources,
  ): Promise<Candidate> {
    const run = version.runId ? await this.store.findRun(version.runId) : undefined;
    const source = parseVersionSource(await versionSources.originalOf(version), run);
    const checkpoint = source && 'modelId' in source ? await this.store.findCheckpoint(source.modelId, run) : undefined;
    const details = versionToRun(model, version, run && checkpoint ? withCheckpointMetrics(run, checkpoint) : run);
    return {
      location: `${model}/versions/${version.version}`,
      details,
      detailsWith: () => details,
      readMetricHistory: run && this.historyOf(run),
      readRunFile: (path) => (run ? this.store.readRunFile(run, path) : Promise.resolve(undefined)),
      modelMark: `${version.source} ${servingTagsMark(details.tags)}`,
      isRequested:
        requestedAlias === undefined ||
        requestedAlias === 'latest' ||
        details.tags[aliasTag(requestedAlias)] === 'true',
      findModels: async () => {
        if (!source) return [];
        if ('modelId' in source) return filesOf(checkpoint);
        const found = await this.store.findModelAt(source.runId, source.path, run);
        return found ? [found] : [];
      },
    };
  }

  private async modelsOf(run: MlflowRun): Promise<readonly LoggedModel[]> {
    const id = run.modelIds.at(-1);
    if (id !== undefined) return filesOf(await this.store.findCheckpoint(id, run));
    const found = await this.store.findModelOfRun(run);
    return found ? [found] : [];
  }

  private historyOf(run: MlflowRun): Candidate['readMetricHistory'] {
    return async (metric) => {
      try {
        return await this.store.readMetricHistory(run, metric);
      } catch (error) {
        if (error instanceof StoreUnavailableError) throw new AppError('STORE_NOT_READABLE', {}, { cause: error });
        throw error;
      }
    };
  }
}

/** @throws RunError MODEL_MISSING when not all of its files have arrived; not cached, because they may arrive later. */
function filesOf(checkpoint: Checkpoint | undefined): readonly LoggedModel[] {
  if (!checkpoint) return [];
  if (checkpoint.isReady) return checkpoint.files ? [checkpoint.files] : [];
  throw new RunError('MODEL_MISSING', 'Not all files of the logged model have arrived: MLflow does not call it ready.');
}
