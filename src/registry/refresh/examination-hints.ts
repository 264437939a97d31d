import type { RunsInMind } from '../../sources/run-source.js';
import type { RegisteredModel, RegisteredRun } from '../state/registered-run.js';

/**
 * What a source that does not look at every run of a model should know of them.
 *
 * @param model  as it is registered now; undefined before its first listing.
 * @param wanted  ids of runs that matter whatever their rank, besides the one that serves.
 */
export function runsInMind(model: RegisteredModel | undefined, wanted: Iterable<string>): RunsInMind {
  const needed = new Set(wanted);
  const { best, runs = [] } = model ?? {};
  if (best) needed.add(best.served.run.run_id);
  // What cannot be had at the moment may be had the next time; while nothing serves, it is of no use either.
  const isUseless = (registered: RegisteredRun) =>
    !registered.isUnexamined &&
    !registered.verdict.eligible &&
    (!best || registered.brokenBy?.code !== 'ARTIFACT_UNAVAILABLE');
  return { needed, useless: new Set(runs.filter(isUseless).map(({ run }) => run.run_id)) };
}
