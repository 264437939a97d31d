import type { ModelCard } from '../../domain/card.js';
import { mapYielding } from '../../lib/map-yielding.js';
import type { Run } from '../../domain/run.js';
import { reason } from '../../domain/verdict.js';
import type { SourceRun } from '../../sources/run-source.js';
import { compareRuns } from '../policy/rank-runs.js';
import { RegisteredRun } from '../state/registered-run.js';
import type { RegisteredModel } from '../state/registered-run.js';
import type { IdHolders } from './duplicate-run-ids.js';
import { reasonOfFailure } from '../loading/failure-reason.js';
import { compileCodec } from '../loading/run-codec.js';

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
  sourceRuns: readonly SourceRun[],
  holders: IdHolders,
  before?: RegisteredRuns,
): Promise<RegisteredRuns> {
  const known = new Map(before?.runs.map((registered) => [registered.sourceRun, registered]));
  const runs: RegisteredRun[] = [];
  const unreadable: SourceRun[] = [];
  await mapYielding(sourceRuns, (sourceRun) => {
    const { run } = sourceRun;
    if (!run) return unreadable.push(sourceRun);
    const holder = holders.get(run.run_id) ?? sourceRun;
    if (holder !== sourceRun) return unreadable.push(withDuplicateId(sourceRun, run.run_id, holder.location));
    const same = known.get(sourceRun);
    return runs.push(!same ? registerRun(card, sourceRun, run) : same.card === card ? same : same.withCard(card));
  });
  const isSame =
    runs.length === known.size && runs.every((registered) => known.get(registered.sourceRun) === registered);
  return { runs: isSame && before ? before.runs : rankedRuns(runs, card), unreadable };
}

/** A model as it is registered first. */
export function newModel(card: ModelCard, { runs, unreadable }: RegisteredRuns): RegisteredModel {
  return { card, runs, unreadable, best: undefined, pin: undefined, rejected: undefined };
}

function rankedRuns(runs: RegisteredRun[], card: ModelCard): readonly RegisteredRun[] {
  const byRank = (a: RegisteredRun, b: RegisteredRun) =>
    Number(b.isCandidate) - Number(a.isCandidate) || compareRuns(a.run, b.run, card.selection);
  runs.sort(byRank).forEach((registered, i) => (registered.rank = i + 1));
  return runs;
}

function registerRun(card: ModelCard, sourceRun: SourceRun, run: Run): RegisteredRun {
  // Its files are not read yet, and what is not known cannot contradict anything.
  if (sourceRun.reasons[0]?.code === 'BEING_CHECKED') return new RegisteredRun(card, run, sourceRun);
  try {
    requireCodec(run, sourceRun.vocabularies);
    return new RegisteredRun(card, run, sourceRun);
  } catch (error) {
    const { toOwnWords = (text: string) => text } = sourceRun;
    const { code, message, fix } = reasonOfFailure(error, run.run_id);
    const inOwnWords = reason(code, toOwnWords(message), toOwnWords(fix));
    return new RegisteredRun(card, run, sourceRun, [...sourceRun.reasons, inOwnWords]);
  }
}

/** Parts of runs that were found to fit together: many runs of a store share theirs. */
const fitting = new WeakMap<Run['signature'], WeakMap<Run['encode'], WeakSet<Run['decode']>>>();

/** @throws RunError when the parts of a run contradict each other. */
function requireCodec(run: Run, vocabularies: SourceRun['vocabularies']): void {
  const { signature, encode, decode } = run;
  // What a vocabulary holds is in none of the three.
  if (vocabularies.size === 0 && fitting.get(signature)?.get(encode)?.has(decode)) return;
  compileCodec(run, vocabularies);
  if (vocabularies.size > 0) return;
  const byEncode = fitting.get(signature) ?? new WeakMap<Run['encode'], WeakSet<Run['decode']>>();
  const decodeSpecs = byEncode.get(encode) ?? new WeakSet();
  decodeSpecs.add(decode);
  fitting.set(signature, byEncode.set(encode, decodeSpecs));
}

function withDuplicateId(sourceRun: SourceRun, runId: string, holder: string): SourceRun {
  const duplicate = reason('RUN_ID_DUPLICATE', `The run ${holder} has the run_id "${runId}" already.`);
  return { ...sourceRun, run: undefined, reasons: [...sourceRun.reasons, duplicate] };
}
