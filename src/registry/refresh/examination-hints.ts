import type { ExaminationHints } from '../../sources/run-source.js';
import type { RegisteredModel, RegisteredRun } from '../state/registered-run.js';

/**
 * What a source that does not look at every run of a model should know of them.
 *
 * @param model  as it is registered now; undefined before its first listing.
 * @param wanted  ids of runs that matter whatever their rank, besides the one that serves.
 */
export function examinationHints(model: RegisteredModel | undefined, requestedIds: Iterable<string>): ExaminationHints {
  const mustExamine = new Set(requestedIds);
  const { best, runs = [] } = model ?? {};
  if (best) mustExamine.add(best.loaded.run.run_id);
  // What cannot be had at the moment may be had the next time; while nothing serves, it is of no use either.
  const canSkip = (registered: RegisteredRun) =>
    !registered.wasSkipped &&
    !registered.verdict.eligible &&
    (!best || registered.brokenBy?.code !== 'ARTIFACT_UNAVAILABLE');
  return { mustExamine, skip: new Set(runs.filter(canSkip).map(({ run }) => run.run_id)) };
}
