import type { RunsInMind } from '../sources/run-source.js';
import type { RegisteredModel, RegisteredRun } from './registered-run.js';

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
  // While nothing serves, what cannot be had at the moment is of no use either.
  const isOut = (registered: RegisteredRun) =>
    registered.isUseless || (!best && !registered.isUnexamined && registered.brokenBy !== undefined);
  return { needed, useless: new Set(runs.filter(isOut).map(({ run }) => run.run_id)) };
}
