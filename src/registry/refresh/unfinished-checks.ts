import { compareRuns } from '../policy/rank-runs.js';
import { isLoadingRun } from '../state/registered-run.js';
import type { RegisteredModel } from '../state/registered-run.js';

/** Whether a run that is still being checked may turn out to be better than those that are not. */
export function waitsForCheck({ card, runs, unreadable }: RegisteredModel): boolean {
  // Nothing is known yet of those that cannot be read.
  if (unreadable.some(({ reasons }) => reasons[0]?.code === 'BEING_CHECKED')) return true;
  const [best] = runs.filter(({ isCandidate }) => isCandidate);
  return runs.some(
    (registered) =>
      registered.isBeingChecked &&
      registered.isAllowed &&
      (!best || compareRuns(registered.run, best.run, card.selection) < 0),
  );
}

/** Whether nothing serves the model yet, and something still may. */
export function isUnfinished(model: RegisteredModel): boolean {
  return !model.best && (isLoadingRun(model) || waitsForCheck(model));
}
