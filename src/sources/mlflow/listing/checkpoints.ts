import type { SelectionPolicy } from '../../../domain/card.js';
import { compareMetric } from '../../../domain/metric.js';
import { mapWithConcurrency } from '../../../lib/map-with-concurrency.js';
import type { Checkpoint, MlflowRun, MlflowStore } from '../store/mlflow-store.js';

/** Tag that names the logged model that a run or version is served with. */
const MODEL_ID_TAG = 'mlflow.modelId';

const READ_CONCURRENCY = 8;

interface CacheEntry {
  readonly mark: string;
  readonly checkpoints: readonly Checkpoint[];
}

/**
 * Reads the models of runs that logged several (MLflow 3): the selected one decides the metrics of the run, so it must
 * be known before runs are ranked. The models of a finished run are read once.
 */
export class CheckpointReader {
  private readonly byExperiment = new Map<string, ReadonlyMap<string, CacheEntry>>();

  constructor(private readonly store: MlflowStore) {}

  /**
   * @param runs  those of one experiment.
   * @returns the checkpoints whose files have arrived, in the order of their steps, by run id; nothing for runs with one
   *   model or none.
   * @throws StoreUnavailableError.
   */
  async readAll(experimentId: string, runs: readonly MlflowRun[]): Promise<ReadonlyMap<string, readonly Checkpoint[]>> {
    const before = this.byExperiment.get(experimentId);
    const withModels = runs.filter(({ status, modelIds }) => status === 'FINISHED' && modelIds.length > 1);
    const read = await mapWithConcurrency(withModels, READ_CONCURRENCY, async (run) => {
      const mark = JSON.stringify([run.endedAtMs, run.modelIds, run.metrics]);
      const known = before?.get(run.id);
      return [run.id, known?.mark === mark ? known : { mark, checkpoints: await this.read(run) }] as const;
    });
    // One whose files have not arrived is read again.
    const complete = read.filter(([, { checkpoints }]) => checkpoints.every(({ isReady }) => isReady));
    this.byExperiment.set(experimentId, new Map(complete));
    return new Map(read.map(([id, { checkpoints }]) => [id, checkpoints.filter(({ isReady }) => isReady)]));
  }

  private async read(run: MlflowRun): Promise<Checkpoint[]> {
    const found: Checkpoint[] = [];
    for (const id of run.modelIds) {
      const checkpoint = await this.store.findCheckpoint(id, run);
      if (checkpoint) found.push(checkpoint);
    }
    return found;
  }
}

/**
 * Checkpoints in order of preference: by the policy's metric, then those without it; later ones before earlier ones.
 *
 * @param checkpoints  in the order of their steps.
 */
export function sortCheckpoints(
  checkpoints: readonly Checkpoint[],
  policy: SelectionPolicy | undefined,
): readonly Checkpoint[] {
  const latestFirst = [...checkpoints].reverse();
  if (!policy) return latestFirst;
  const { metric, goal } = policy;
  const hasMetric = ({ metrics }: Checkpoint) => Object.hasOwn(metrics, metric);
  const withMetric = latestFirst.filter(hasMetric);
  const withoutMetric = latestFirst.filter((checkpoint) => !hasMetric(checkpoint));
  return [...withMetric.sort((a, b) => compareMetric(a.metrics[metric]!, b.metrics[metric]!, goal)), ...withoutMetric];
}

/** The run with the metrics of this model: those logged for the model override those of the run. */
export function withCheckpointMetrics(run: MlflowRun, { id, metrics }: Checkpoint): MlflowRun {
  return { ...run, metrics: { ...run.metrics, ...metrics }, tags: { ...run.tags, [MODEL_ID_TAG]: id } };
}
