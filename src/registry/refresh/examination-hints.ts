import type { ExaminationHints } from '../../sources/run-source.js';
import type { RegisteredModel, RegisteredRun } from '../state/registered-run.js';

/**
 * Hints for a source that inspects only the best runs of a model.
 *
 * @param model  the registered model; undefined before its first listing.
 * @param requestedIds  ids of runs that must be inspected regardless of their rank, besides the served one.
 */
export function examinationHints(model: RegisteredModel | undefined, requestedIds: Iterable<string>): ExaminationHints {
  const mustExamine = new Set(requestedIds);
  const { best, runs = [] } = model ?? {};
  if (best) mustExamine.add(best.loaded.run.run_id);
  // What is unavailable now may be available at the next poll; while nothing serves, it is skipped too.
  const canSkip = (registered: RegisteredRun) =>
    !registered.wasSkipped &&
    !registered.verdict.eligible &&
    (!best || registered.brokenBy?.code !== 'ARTIFACT_UNAVAILABLE');
  return {
    mustExamine,
    // Only asked for by sources that inspect some of the runs, which are few.
    get skip() {
      return new Set(runs.filter(canSkip).map(({ run }) => run.run_id));
    },
  };
}
