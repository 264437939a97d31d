import type { ModelCard } from '../../domain/card.js';
import { mapInTurns } from '../../lib/map-yielding.js';
import type { Run } from '../../domain/run.js';
import { RunProblem, reason } from '../../domain/verdict.js';
import type { SourcedRun } from '../../sources/run-source.js';
import { compareRuns } from '../policy/rank-runs.js';
import { RegisteredRun } from '../state/registered-run.js';
import type { RegisteredModel } from '../state/registered-run.js';
import type { IdHolders } from './duplicate-run-ids.js';
import { compileCodec } from '../loading/run-loader.js';

/** The runs of a model as they are registered. */
export type RegisteredRuns = Pick<RegisteredModel, 'runs' | 'unreadable'>;

/**
 * Checks and ranks the runs of one model, without loading any. Runs that did not change are not checked again, and
 * requests are answered in between, however many there are.
 *
 * @param holders  who keeps each id that several runs of the store claim; the others are not registered.
 * @param before  the same model as it was registered last.
 */
export async function registerRuns(
  card: ModelCard,
  sourcedRuns: readonly SourcedRun[],
  holders: IdHolders,
  before?: RegisteredRuns,
): Promise<RegisteredRuns> {
  const known = new Map(before?.runs.map((registered) => [registered.sourced, registered]));
  const runs: RegisteredRun[] = [];
  const unreadable: SourcedRun[] = [];
  await mapInTurns(sourcedRuns, (sourced) => {
    const { run } = sourced;
    if (!run) return unreadable.push(sourced);
    const holder = holders.get(run.run_id) ?? sourced;
    if (holder !== sourced) return unreadable.push(withDuplicateId(sourced, run.run_id, holder.place));
    const same = known.get(sourced);
    return runs.push(!same ? registerRun(card, sourced, run) : same.card === card ? same : same.under(card));
  });
  const isSame = runs.length === known.size && runs.every((registered) => known.get(registered.sourced) === registered);
  return { runs: isSame && before ? before.runs : ranked(runs, card), unreadable };
}

/** A model as it is registered first. */
export function newModel(card: ModelCard, { runs, unreadable }: RegisteredRuns): RegisteredModel {
  return { card, runs, unreadable, best: undefined, pin: undefined, refused: undefined };
}

function ranked(runs: RegisteredRun[], card: ModelCard): readonly RegisteredRun[] {
  const byRank = (a: RegisteredRun, b: RegisteredRun) =>
    Number(b.isContender) - Number(a.isContender) || compareRuns(a.run, b.run, card.selection);
  runs.sort(byRank).forEach((registered, i) => (registered.rank = i + 1));
  return runs;
}

function registerRun(card: ModelCard, sourced: SourcedRun, run: Run): RegisteredRun {
  try {
    compileCodec(run, sourced.vocabularies);
    return new RegisteredRun(card, run, sourced);
  } catch (error) {
    if (!(error instanceof RunProblem)) throw error;
    return new RegisteredRun(card, run, sourced, [...sourced.reasons, reason(error.code, error.message)]);
  }
}

function withDuplicateId(sourced: SourcedRun, runId: string, holder: string): SourcedRun {
  const duplicate = reason('RUN_ID_DUPLICATE', `The run ${holder} has the run_id "${runId}" already.`);
  return { ...sourced, run: undefined, reasons: [...sourced.reasons, duplicate] };
}
