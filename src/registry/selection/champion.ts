import type { Run } from '../../domain/run.js';
import type { RegisteredModel } from '../state/registered-run.js';

/**
 * The run that a challenger must beat by the policy's order to take over.
 *
 * @returns undefined when nothing serves, or when any run that the policy allows may replace the champion: the policy
 *   no longer allows it, or its folder holds another run of its id.
 */
export function championOf({ best, runs, card }: RegisteredModel): Run | undefined {
  if (!best) return undefined;
  const { registered, loaded } = best;
  if (runs.includes(registered)) return registered.isCandidate ? registered.run : undefined;
  // The served run's files are gone or replaced. If its folder now holds another usable run, that one takes over;
  // otherwise keep serving from memory until a better run appears. A run that is there but no longer allowed (its alias
  // moved) is replaced as soon as possible.
  const replacement = runs.find(({ run }) => run.run_id === loaded.run.run_id);
  if (replacement && (!replacement.brokenBy || !replacement.isAllowed)) return undefined;
  return registered.withCard(card).isCandidate ? loaded.run : undefined;
}
