import type { ModelCard } from '../domain/card.js';
import type { Run } from '../domain/run.js';
import { RunProblem, reason } from '../domain/verdict.js';
import type { SourcedModel, SourcedRun } from '../sources/run-source.js';
import { compareRuns, policyReasons } from './rank-runs.js';
import { RegisteredRun } from './registered-run.js';
import type { RegisteredModel } from './registered-run.js';
import { compileCodec } from './run-loader.js';

/**
 * Checks and ranks the runs of one model, without loading any.
 *
 * @param takenIds  run ids met so far in the store; this model's are added. The first to claim an id keeps it.
 */
export function registerModel(card: ModelCard, model: SourcedModel, takenIds: Set<string>): RegisteredModel {
  const runs: RegisteredRun[] = [];
  const unreadable: SourcedRun[] = [];
  for (const sourced of model.runs) {
    const { run } = sourced;
    if (!run) unreadable.push(sourced);
    else if (takenIds.has(run.run_id)) unreadable.push(withDuplicateId(sourced, run.run_id));
    else {
      takenIds.add(run.run_id);
      runs.push(registerRun(card, sourced, run));
    }
  }
  const byRank = (a: RegisteredRun, b: RegisteredRun) =>
    Number(b.verdict.eligible) - Number(a.verdict.eligible) || compareRuns(a.run, b.run, card.selection);
  runs.sort(byRank).forEach((registered, i) => (registered.rank = i + 1));
  return { card, runs, unreadable, best: undefined };
}

function registerRun(card: ModelCard, sourced: SourcedRun, run: Run): RegisteredRun {
  const registered = new RegisteredRun(card, run, sourced, policyReasons(run, card.selection));
  try {
    compileCodec(run, sourced.vocabularies);
  } catch (error) {
    if (!(error instanceof RunProblem)) throw error;
    registered.reject(reason(error.code, error.message));
  }
  return registered;
}

function withDuplicateId(sourced: SourcedRun, runId: string): SourcedRun {
  const duplicate = reason('RUN_ID_DUPLICATE', `Another run of the store has the run_id "${runId}" already.`);
  return { ...sourced, run: undefined, reasons: [...sourced.reasons, duplicate] };
}
