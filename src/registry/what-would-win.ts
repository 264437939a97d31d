import type { ModelCard, SelectionPolicy } from '../domain/card.js';

/**
 * What a run would need in order to take over, in a sentence for its trainer.
 *
 * @param value  the metric of the run that serves; null when there is none, or it has no number.
 * @param hasBest  whether any run serves.
 */
export function whatWouldWin({ selection, promotion }: ModelCard, value: number | null, hasBest: boolean): string {
  const { metric, goal } = selection;
  const better = goal === 'maximize' ? 'above' : 'below';
  const figure = value === null ? `any number as ${metric}` : `${metric} ${better} ${value}`;
  const limits = [
    promotion?.max_latency_ms !== undefined && `takes at most ${promotion.max_latency_ms} ms for a row`,
    promotion?.max_size_bytes !== undefined && `is at most ${promotion.max_size_bytes} bytes large`,
    promotion?.max_label_changes !== undefined &&
      `changes at most a share of ${promotion.max_label_changes} of the served run's answers`,
  ].filter((limit) => limit !== false);
  const tie = hasBest && value !== null ? ' (or the same, and started later)' : '';
  const keeps = hasBest ? ' that breaks no client of the present contract' : '';
  return [`A FINISHED run with ${figure}${tie}${conditionsOf(selection)}${keeps}`, ...limits].join(', ') + '.';
}

function conditionsOf({ where = {}, guardrails = [] }: SelectionPolicy): string {
  const conditions = Object.entries(where).map(([path, wanted]) => `${path} ${JSON.stringify(wanted)}`);
  const bounds = guardrails.map(({ metric, minimum, maximum }) => {
    const ends = [minimum !== undefined && `at least ${minimum}`, maximum !== undefined && `at most ${maximum}`];
    return `${metric} ${ends.filter(Boolean).join(' and ')}`;
  });
  return [...conditions, ...bounds].map((text) => `, ${text}`).join('');
}
