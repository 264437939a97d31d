import type { Run } from '../../domain/run.js';
import type { RegisteredModel } from '../state/registered-run.js';

/**
 * The run that a newcomer has to beat by the policy's order to take over.
 *
 * @returns undefined when nothing serves, or what serves is to go as soon as any run that the policy allows can take
 *   over: because the policy does not allow it any more, or because its folder holds another run of its id by now.
 */
export function incumbentOf({ best, runs, card }: RegisteredModel): Run | undefined {
  if (!best) return undefined;
  const { registered, served } = best;
  if (runs.includes(registered)) return registered.isContender ? registered.run : undefined;
  // Its folder is gone or holds something else now: what is in memory serves until something better comes, or until what
  // its folder holds now can take over. A run that is there and not allowed any more serves no longer than it has to: its
  // alias points elsewhere, say.
  const successor = runs.find(({ run }) => run.run_id === served.run.run_id);
  if (successor && (!successor.brokenBy || !successor.isAllowed)) return undefined;
  return registered.under(card).isContender ? served.run : undefined;
}
