import type { SelectionPolicy } from '../../domain/card.js';
import { mapInTurns } from '../../domain/map-in-turns.js';
import { compareMetric } from '../../domain/metric.js';
import { RunProblem, reason } from '../../domain/verdict.js';
import type { VerdictReason } from '../../domain/verdict.js';
import type { SourcedRun } from '../run-source.js';
import { readLoggedModel, servableRun, unservableRun } from './logged-run.js';
import type { ReadModel } from './logged-run.js';
import type { LoggedModel } from './mlflow-store.js';
import type { RunFacts } from './to-run.js';

/** Runs of one model, best first, that are looked at until this many can be served. */
export const ENOUGH_SERVABLE = 20;

/** Most runs of one model that are looked at, whatever is found. */
export const MOST_EXAMINED = 500;

/** Runs whose words are read at the same time. */
const PARALLEL_READS = 8;

/** A run with the way to its model, which is walked only when the run is worth it. */
export interface Candidate {
  readonly place: string;
  readonly facts: RunFacts;
  /** Changes when the run may have put out another model. */
  readonly modelMark: string;
  /** Whether the policy's conditions hold that the source itself set (an alias). */
  readonly isWanted: boolean;
  readonly findModel: () => Promise<LoggedModel | undefined>;
}

interface Remembered {
  readonly fingerprint: string;
  readonly sourced: SourcedRun;
}

/**
 * Turns candidates into runs with verdicts. Reading a model's words takes requests, so only finished runs with the
 * metric are looked at, best first, until enough can be served; and nothing is read twice, because a logged model does
 * not change. A run that has not changed since the last listing is the very same object.
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
  async examine(candidates: readonly Candidate[], policy: SelectionPolicy | undefined): Promise<SourcedRun[]> {
    const promising = candidates.filter((candidate) => isPromising(candidate, policy)).sort(byPolicy(policy));
    const examined = new Map<Candidate, SourcedRun>();
    let servable = 0;
    for (
      let at = 0;
      at < Math.min(promising.length, MOST_EXAMINED) && servable < ENOUGH_SERVABLE;
      at += PARALLEL_READS
    ) {
      const some = promising.slice(at, at + PARALLEL_READS);
      const runs = await Promise.all(some.map((candidate) => this.sourceOf(candidate)));
      some.forEach((candidate, i) => examined.set(candidate, runs[i]!));
      servable += runs.filter(({ reasons }) => reasons.length === 0).length;
    }
    return mapInTurns(candidates, (candidate) => examined.get(candidate) ?? this.unexamined(candidate));
  }

  private async sourceOf(candidate: Candidate): Promise<SourcedRun> {
    const { place, facts } = candidate;
    const found = await this.modelOf(candidate);
    const mark = 'code' in found ? found.code + found.message : found.logged.key;
    return this.sameAsBefore(place, `${mark}\n${JSON.stringify(facts)}`, () =>
      'code' in found ? unservableRun(place, facts, found) : servableRun(place, facts, found),
    );
  }

  private async modelOf({ place, modelMark, findModel }: Candidate): Promise<ReadModel | VerdictReason> {
    const mark = `${place}\n${modelMark}`;
    const known = this.modelsByMark.get(mark);
    if (known) return known;
    try {
      const logged = await findModel();
      const read = logged ? await readLoggedModel(logged) : reason('MODEL_MISSING', 'The run has no logged model.');
      this.modelsByMark.set(mark, read);
      return read;
    } catch (error) {
      // Not remembered: the files of one run may be there again next time.
      if (error instanceof RunProblem) return reason(error.code, error.message);
      throw error;
    }
  }

  private unexamined({ place, facts }: Candidate): SourcedRun {
    const message = `Only finished runs that the policy may choose are looked at, best first, until ${ENOUGH_SERVABLE} can be served.`;
    return this.sameAsBefore(place, `-\n${JSON.stringify(facts)}`, () =>
      unservableRun(place, facts, reason('NOT_EXAMINED', message)),
    );
  }

  private sameAsBefore(place: string, fingerprint: string, make: () => SourcedRun): SourcedRun {
    const before = this.runsByPlace.get(place);
    const now = before?.fingerprint === fingerprint ? before : { fingerprint, sourced: make() };
    this.nextRunsByPlace.set(place, now);
    return now.sourced;
  }
}

function placeOfMark(mark: string): string {
  return mark.slice(0, mark.lastIndexOf('\n'));
}

function isPromising({ facts, isWanted }: Candidate, policy: SelectionPolicy | undefined): boolean {
  return isWanted && facts.status === 'FINISHED' && (!policy || Object.hasOwn(facts.metrics, policy.metric));
}

/** Best first, newest of equals; newest first without a policy. */
function byPolicy(policy: SelectionPolicy | undefined) {
  const newest = (a: Candidate, b: Candidate) => (a.facts.started_at < b.facts.started_at ? 1 : -1);
  if (!policy) return newest;
  const { metric, goal } = policy;
  return (a: Candidate, b: Candidate): number =>
    compareMetric(a.facts.metrics[metric]!, b.facts.metrics[metric]!, goal) || newest(a, b);
}
