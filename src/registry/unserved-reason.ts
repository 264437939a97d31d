import { isLoadingRun } from './state/registered-run.js';
import type { RegisteredModel } from './state/registered-run.js';

/** Why a model has no run that serves, a sentence that anybody may read: the verdict on its best run, with its code. */
export function unservedReason(model: RegisteredModel): string {
  if (isLoadingRun(model)) return 'a run is being loaded.';
  const { runs, unreadable } = model;
  const first = runs[0]?.verdict.reasons[0] ?? unreadable[0]?.reasons[0];
  return first ? `${first.code}: ${first.message}` : 'it has no runs.';
}
