import type { Run } from '../../domain/run.js';
import type { RegisteredModel } from '../state/registered-run.js';

/**
 * The run that a newcomer has to beat by the policy's order to take over.
 *
 * @returns undefined when nothing serves, or what serves is to go as soon as any run that the policy allows can take
 *   over: because the policy does not allow it any more, or because its folder holds another run of its id by now.
 */
export function championOf({ best, runs, card }: RegisteredModel): Run | undefined {
  if (!best) return undefined;
  const { registered, loaded } = best;
  if (runs.includes(registered)) return registered.isCandidate ? registered.run : undefined;
  // Its folder is gone or holds something else now: what is in memory serves until something better comes, or until what
  // its folder holds now can take over. A run that is there and not allowed any more serves no longer than it has to: its
  // alias points elsewhere, say.
  const replacement = runs.find(({ run }) => run.run_id === loaded.run.run_id);
  if (replacement && (!replacement.brokenBy || !replacement.isAllowed)) return undefined;
  return registered.withCard(card).isCandidate ? loaded.run : undefined;
}
