import type { SelectionPolicy } from '../../domain/card.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import { compareMetric } from '../../domain/metric.js';
import type { Run } from '../../domain/run.js';
import { championOf } from './champion.js';
import { metricOf } from '../policy/rank-runs.js';
import type { Best, RegisteredModel } from '../state/registered-run.js';

/** Why a model is served with the run it is served with, in a sentence. */
export function whyServed(model: RegisteredModel): string {
  const { best, pin } = model;
  if (!best) return `No run can be served; the verdicts say why.`;
  if (isPinServed(model)) return `It is pinned by ${pin!.by}: ${pin!.reason}`;
  return `${describeBest(model, best)}${pin ? ` The pinned run "${pin.run_id}" cannot be served.` : ''}`;
}

/** What a run would need in order to take over, in a sentence for its trainer. */
export function howToWin(model: RegisteredModel): string {
  const { card, best } = model;
  const { max_latency_ms: latencyMs, max_size_bytes: bytes, max_label_changes: changes } = card.promotion ?? {};
  const parts = [
    metricNeeded(model),
    ...conditionsOf(card.selection),
    latencyMs !== undefined && `at most ${latencyMs} ms for a row`,
    bytes !== undefined && `at most ${bytes} bytes of artifact`,
    changes !== undefined && `at most a share of ${changes} of the served run's examples answered otherwise`,
  ];
  const condition = best ? ', and no change that breaks clients' : '';
  return `${parts.filter((part) => part !== false).join(', ')}${condition}.${tieRule(model)}${pinRule(model)}`;
}

function describeBest(model: RegisteredModel, best: Best): string {
  const { card, runs, rejected: refused } = model;
  const { registered } = best;
  const figure = figureOf(registered.run, card.selection);
  const incompatible = refused ? ` Run "${refused.run_id}" would break clients.` : '';
  const present = runs.includes(registered) ? registered : runs.find(({ run }) => run.run_id === registered.run.run_id);
  if (present && !present.isAllowed)
    return `${notAllowed(present.verdict.reasons[0]?.code)}: ${figure}.${incompatible}`;
  if (present !== registered) {
    const inMemory = `Its files are gone from the store or changed; it serves from memory (${figure}).`;
    const { isCandidate, verdict } = registered.withCard(card);
    return isCandidate ? inMemory : `${inMemory} ${notAllowed(verdict.reasons[0]?.code)}.`;
  }
  if (hasFailed(model)) return `It failed in service, but no other run can take over: ${figure}.`;
  if (registered.rank === 1) return describeFirst(model, registered.run, figure);
  return `It is the best of those that may serve (${figure}).${incompatible}`;
}

function notAllowed(code: string | undefined): string {
  return `The policy does not allow it (${code}), but no run that it allows can take over`;
}

function describeFirst(model: RegisteredModel, run: Run, figure: string): string {
  const { runs } = model;
  const { selection } = model.card;
  const { metric, goal } = selection;
  const candidates = countCandidates(runs);
  if (candidates === 1) return `It is the only run that the policy allows: ${figure}.`;
  const value = metricOf(run, selection);
  const count = `${candidates} runs`;
  const first = Number.isNaN(value)
    ? `None of the ${count} that the policy allows has a number as ${metric}.`
    : `It has the ${goal === 'maximize' ? 'highest' : 'lowest'} ${metric} of ${count}: ${value}.`;
  const equals = equalRuns(model, run);
  if (equals.length === 0) return first;
  const rule = equals.some((other) => hasSameStart(run, other))
    ? 'Of those with the same that started last, its run_id comes first.'
    : 'Of those with the same, it started last.';
  return `${first} ${rule}`;
}

function metricNeeded(model: RegisteredModel): string {
  const { selection } = model.card;
  const { metric, goal } = selection;
  const champion = hasFailed(model) ? undefined : championOf(model);
  if (!champion) return `Any FINISHED run with ${metric}`;
  const value = metricOf(champion, selection);
  if (Number.isNaN(value)) return `A FINISHED run with any number as ${metric} (or none either, and started later)`;
  const better = goal === 'maximize' ? 'above' : 'below';
  return `A FINISHED run with ${metric} ${better} ${value} (or the same, and started later)`;
}

/** Named only where it has decided before: a tie of the start as well is rare. */
function tieRule(model: RegisteredModel): string {
  const champion = championOf(model);
  const hasTie = champion && equalRuns(model, champion).some((run) => hasSameStart(run, champion));
  return hasTie ? ' Of runs that started at the same time too, the first by run_id counts.' : '';
}

function pinRule(model: RegisteredModel): string {
  const { pin, best, runs, card } = model;
  if (!pin) return '';
  if (!isPinServed(model)) return ` The pinned run "${pin.run_id}" takes over as soon as it can be served.`;
  const next = runs.find((registered) => registered.isCandidate && registered.verdict.eligible);
  const rule = ' Nothing takes over while a run is pinned.';
  if (!next || next === best?.registered) return rule;
  return `${rule} After that, run "${next.run.run_id}" (${figureOf(next.run, card.selection)}) is tried first.`;
}

function isPinServed({ pin, best }: RegisteredModel): boolean {
  return pin !== undefined && pin.run_id === best?.loaded.run.run_id;
}

function hasFailed({ best }: RegisteredModel): boolean {
  return best?.registered.verdict.reasons.some(({ code }) => code === 'FAILED_IN_SERVICE') ?? false;
}

/** Runs with a rank: those that may compete come first. */
function countCandidates(runs: RegisteredModel['runs']): number {
  const others = runs.findIndex(({ isCandidate }) => !isCandidate);
  return others < 0 ? runs.length : others;
}

/** Other candidates with the same metric as a run. In the ranking they lie beside it, and there may be very many runs. */
function equalRuns({ runs, card: { selection } }: RegisteredModel, run: Run): Run[] {
  const candidates = runs.slice(0, countCandidates(runs));
  const isEqual = (other: Run) => other.run_id !== run.run_id && isTie(other, run, selection);
  const at = candidates.findIndex((registered) => registered.run.run_id === run.run_id);
  if (at < 0) return candidates.map((registered) => registered.run).filter(isEqual);
  const equal: Run[] = [];
  for (const step of [-1, 1]) {
    for (let i = at + step; candidates[i] && isEqual(candidates[i]!.run); i += step) equal.push(candidates[i]!.run);
  }
  return equal;
}

function isTie(a: Run, b: Run, policy: SelectionPolicy): boolean {
  return compareMetric(metricOf(a, policy), metricOf(b, policy), policy.goal) === 0;
}

function hasSameStart(a: Run, b: Run): boolean {
  return Date.parse(a.started_at) === Date.parse(b.started_at);
}

function figureOf(run: Run, policy: SelectionPolicy): string {
  const value = metricOf(run, policy);
  return Number.isNaN(value) ? `no number as ${policy.metric}` : `${policy.metric} ${value}`;
}

function conditionsOf({ where = {}, guardrails = [] }: SelectionPolicy): string[] {
  const conditions = Object.entries(where).map(([path, expected]) => {
    const allowed = Array.isArray(expected) ? expected : [expected];
    return `${path} ${allowed.map((value) => stringifyJson(value)).join(' or ')}`;
  });
  const bounds = guardrails.map(({ metric, minimum, maximum }) => {
    const ends = [minimum !== undefined && `at least ${minimum}`, maximum !== undefined && `at most ${maximum}`];
    return `${metric} ${ends.filter((end) => end !== false).join(' and ')}`;
  });
  return [...conditions, ...bounds];
}
