import type { SelectionPolicy } from '../../../domain/card.js';
import { mapInTurns } from '../../../lib/map-yielding.js';
import { compareMetric } from '../../../domain/metric.js';
import { RunError, reason } from '../../../domain/verdict.js';
import type { VerdictReason } from '../../../domain/verdict.js';
import { mapInParallel } from '../../../lib/map-with-concurrency.js';
import type { ExaminationHints, SourceRun } from '../../run-source.js';
import type { Candidate } from './candidates.js';
import { readLoggedModel, servableRun, unservableRun } from '../mapping/logged-run.js';
import type { ReadModel } from '../mapping/logged-run.js';
import type { LoggedModel } from '../store/mlflow-store.js';

/** Runs of one model, best first, that are looked at until this many can be served. */
export const ENOUGH_SERVABLE = 20;

/** Most runs of one model that are looked at, whatever is found. */
export const MOST_EXAMINED = 500;

/** Models of one run that are looked at until one can be served. */
const MOST_MODELS = 20;

/** Runs whose words are read at the same time. */
const PARALLEL_READS = 8;

interface Remembered {
  readonly fingerprint: string;
  readonly sourceRun: SourceRun;
}

/**
 * Turns candidates into runs with verdicts. Reading a model's words takes requests, so only finished runs with the
 * metric are looked at, best first, until enough can be served, and whatever somebody needs; and nothing is read twice,
 * because a logged model does not change. A run that has not changed since the last listing is the very same object.
 */
export class RunExaminer {
  private readonly modelsByMark = new Map<string, ReadModel | VerdictReason>();
  private runsByPlace: ReadonlyMap<string, Remembered> = new Map();
  private nextRunsByPlace = new Map<string, Remembered>();

  /** Forgets runs that were not met since the last call. */
  endListing(): void {
    const marks = new Set([...this.nextRunsByPlace.keys()]);
    this.runsByPlace = this.nextRunsByPlace;
    this.nextRunsByPlace = new Map();
    for (const mark of this.modelsByMark.keys()) if (!marks.has(placeOfMark(mark))) this.modelsByMark.delete(mark);
  }

  /** @throws StoreUnavailable. */
  async examine(
    candidates: readonly Candidate[],
    policy: SelectionPolicy | undefined,
    { mustExamine, skip }: ExaminationHints,
  ): Promise<SourceRun[]> {
    const promising = candidates.filter((candidate) => isPromising(candidate, policy)).sort(byPolicy(policy));
    const examined = new Map<Candidate, SourceRun>();
    const wanted = candidates.filter((candidate) => isFinished(candidate) && mustExamine.has(candidate.facts.run_id));
    await mapInParallel(wanted, PARALLEL_READS, async (candidate) => {
      examined.set(candidate, await this.sourceOf(candidate));
    });
    let servable = 0;
    for (
      let at = 0;
      at < Math.min(promising.length, MOST_EXAMINED) && servable < ENOUGH_SERVABLE;
      at += PARALLEL_READS
    ) {
      const some = promising.slice(at, at + PARALLEL_READS);
      const runs = await Promise.all(
        some.map((candidate) => Promise.resolve(examined.get(candidate) ?? this.sourceOf(candidate))),
      );
      some.forEach((candidate, i) => examined.set(candidate, runs[i]!));
      servable += some.filter(({ facts }, i) => runs[i]!.reasons.length === 0 && !skip.has(facts.run_id)).length;
    }
    return mapInTurns(candidates, (candidate) => examined.get(candidate) ?? this.unexamined(candidate));
  }

  private async sourceOf(candidate: Candidate): Promise<SourceRun> {
    const { location } = candidate;
    const found = await this.modelOf(candidate);
    const mark = 'code' in found ? found.code + found.message : found.logged.key;
    const facts = 'code' in found ? candidate.facts : candidate.factsWith(found.logged);
    return this.sameAsBefore(location, `${mark}\n${JSON.stringify(facts)}`, () =>
      'code' in found ? unservableRun({ ...candidate, facts }, found) : servableRun({ ...candidate, facts }, found),
    );
  }

  private async modelOf({ location, modelMark, findModels }: Candidate): Promise<ReadModel | VerdictReason> {
    const mark = `${location}\n${modelMark}`;
    const known = this.modelsByMark.get(mark);
    if (known) return known;
    try {
      const read = await readFirstServable(await findModels());
      this.modelsByMark.set(mark, read);
      return read;
    } catch (error) {
      // Not remembered: the files of one run may be there again next time.
      if (error instanceof RunError) return reason(error.code, error.message);
      throw error;
    }
  }

  private unexamined(candidate: Candidate): SourceRun {
    const message = `Only finished runs that the policy may choose are looked at, best first, until ${ENOUGH_SERVABLE} can be served.`;
    return this.sameAsBefore(candidate.location, `-\n${JSON.stringify(candidate.facts)}`, () =>
      unservableRun(candidate, reason('NOT_EXAMINED', message)),
    );
  }

  private sameAsBefore(location: string, fingerprint: string, make: () => SourceRun): SourceRun {
    const before = this.runsByPlace.get(location);
    const now = before?.fingerprint === fingerprint ? before : { fingerprint, sourceRun: make() };
    this.nextRunsByPlace.set(location, now);
    return now.sourceRun;
  }
}

/** A run may hold a pickle and its export to ONNX: what can be served counts before what is wanted first. */
async function readFirstServable(models: readonly LoggedModel[]): Promise<ReadModel | VerdictReason> {
  let first: VerdictReason | undefined;
  for (const model of models.slice(0, MOST_MODELS)) {
    const read = await readLoggedModel(model);
    if (!('code' in read)) return read;
    first ??= read;
  }
  return first ?? reason('MODEL_MISSING', 'The run has no logged model.');
}

function placeOfMark(mark: string): string {
  return mark.slice(0, mark.lastIndexOf('\n'));
}

function isPromising(candidate: Candidate, policy: SelectionPolicy | undefined): boolean {
  const { facts, isWanted } = candidate;
  return isWanted && isFinished(candidate) && (!policy || Object.hasOwn(facts.metrics, policy.metric));
}

function isFinished({ facts }: Candidate): boolean {
  return facts.status === 'FINISHED';
}

/** Best first, newest of equals; newest first without a policy. */
function byPolicy(policy: SelectionPolicy | undefined) {
  const newest = (a: Candidate, b: Candidate) => (a.facts.started_at < b.facts.started_at ? 1 : -1);
  if (!policy) return newest;
  const { metric, goal } = policy;
  return (a: Candidate, b: Candidate): number =>
    compareMetric(a.facts.metrics[metric]!, b.facts.metrics[metric]!, goal) || newest(a, b);
}
