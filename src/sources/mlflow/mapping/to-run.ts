import type { Run } from '../../../domain/run.js';
import { VERSION_METRIC, aliasTag } from './model-card.js';
import type { MlflowRun, MlflowVersion } from '../store/mlflow-store.js';

/** A `Run` without what its model decides. */
export type RunDetails = Omit<Run, 'signature' | 'model' | 'encode' | 'decode' | 'examples'>;

/** Longest tag that is kept, characters; MLflow's own records of sources and datasets go on for pages. */
const MAX_TAG = 500;

/** The details of an MLflow run. Parameters are texts, as MLflow keeps them. */
export function toRun(run: MlflowRun): RunDetails {
  const { id, name, status, startedAtMs, endedAtMs, metrics, params, tags } = run;
  const note = tags['mlflow.note.content'];
  const finite = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
  return {
    run_id: id,
    name: name || id,
    ...(note !== undefined && { description: note }),
    status,
    started_at: isoTime(startedAtMs),
    ended_at: endedAtMs === undefined ? null : isoTime(endedAtMs),
    params: { ...params },
    metrics,
    performance: { overall: Object.fromEntries(finite) },
    tags: Object.fromEntries(Object.entries(tags).filter(([, value]) => value.length <= MAX_TAG)),
  };
}

/**
 * The details of a version of a registered model: those of the run it came from, with its own number as a metric and its
 * aliases as tags.
 *
 * @param model  the model's name here, which the version's run id begins with.
 * @param run    undefined when the version has none, or none any more.
 */
export function versionToRun(model: string, version: MlflowVersion, run: MlflowRun | undefined): RunDetails {
  const time = isoTime(version.createdAtMs);
  const none = { params: {}, metrics: {}, performance: { overall: {} }, tags: {}, started_at: time, ended_at: time };
  const details = run ? toRun(run) : none;
  const aliases = Object.fromEntries(version.aliases.map((alias) => [aliasTag(alias), 'true']));
  const isFinished = version.isReady && (run === undefined || run.status === 'FINISHED');
  return {
    ...details,
    run_id: `${model}-v${version.version}`,
    name: `version ${version.version}`,
    ...(version.description !== '' && { description: version.description }),
    status: isFinished ? 'FINISHED' : version.isReady ? run!.status : 'RUNNING',
    metrics: { ...details.metrics, [VERSION_METRIC]: version.version },
    tags: { ...details.tags, ...version.tags, ...aliases, ...(version.runId && { 'mlflow.runId': version.runId }) },
  };
}

/** A time in milliseconds as ISO 8601. A clock gone wrong gives one that no date holds; 1970 then. */
export function isoTime(ms: number): string {
  return new Date(Math.abs(ms) <= 8.64e15 ? ms : 0).toISOString();
}
