import type { SelectionPolicy } from '../domain/card.js';
import type { RegisteredModel } from './registered-run.js';

/** Why a model is served with the run it is served with, in a sentence. */
export function whyServed({ card, best, pin, runs, refused }: RegisteredModel): string {
  if (!best) return 'No run can be served; the verdicts say why.';
  const runId = best.served.run.run_id;
  if (pin?.run_id === runId) return `It is pinned by ${pin.by}: ${pin.reason}`;
  const missing = pin ? ` The pinned run "${pin.run_id}" cannot be served.` : '';
  const { metric, goal } = card.selection;
  const figure = best.registered.value === null ? 'no number' : String(best.registered.value);
  const isThere = runs.includes(best.registered);
  const breaking = refused ? ` Run "${refused.run_id}" would break clients.` : '';
  const present = isThere ? best.registered : runs.find(({ run }) => run.run_id === runId);
  if (present && !present.isAllowed) return `No run that the policy allows can take over from it.${breaking}${missing}`;
  if (!isThere) {
    return `Its files are gone from the store or changed; it serves from memory (${metric} ${figure}).${missing}`;
  }
  const contenders = runs.filter(({ isContender }) => isContender).length;
  if (best.registered.rank === 1) {
    const highest = goal === 'maximize' ? 'highest' : 'lowest';
    return `It has the ${highest} ${metric} of ${contenders} run${contenders === 1 ? '' : 's'}: ${figure}.${missing}`;
  }
  return `It is the best of those that may serve (${metric} ${figure}).${breaking}${missing}`;
}

/** What a run would need in order to take over, in a sentence for its trainer. */
export function whatWouldWin({ card, best, pin }: RegisteredModel): string {
  const { selection, promotion = {} } = card;
  const { metric, goal } = selection;
  const { max_latency_ms: latencyMs, max_size_bytes: bytes, max_label_changes: changes } = promotion;
  const value = best?.registered.value ?? null;
  const better = goal === 'maximize' ? 'above' : 'below';
  const figure = value === null ? `any number as ${metric}` : `${metric} ${better} ${value}`;
  const parts = [
    `A FINISHED run with ${figure}${value === null ? '' : ' (or the same, and started later)'}`,
    ...conditionsOf(selection),
    latencyMs !== undefined && `at most ${latencyMs} ms for a row`,
    bytes !== undefined && `at most ${bytes} bytes of artifact`,
    changes !== undefined && `at most a share of ${changes} of the served run's examples answered otherwise`,
  ];
  const keeps = best ? ', and no change that breaks clients' : '';
  const until = pin ? ' Nothing takes over while a run is pinned.' : '';
  return `${parts.filter((part) => part !== false).join(', ')}${keeps}.${until}`;
}

function conditionsOf({ where = {}, guardrails = [] }: SelectionPolicy): string[] {
  const conditions = Object.entries(where).map(([path, wanted]) => `${path} ${JSON.stringify(wanted)}`);
  const bounds = guardrails.map(({ metric, minimum, maximum }) => {
    const ends = [minimum !== undefined && `at least ${minimum}`, maximum !== undefined && `at most ${maximum}`];
    return `${metric} ${ends.filter((end) => end !== false).join(' and ')}`;
  });
  return [...conditions, ...bounds];
}
