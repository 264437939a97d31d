import type { SelectionPolicy } from '../../../domain/card.js';
import { mapYielding } from '../../../lib/map-yielding.js';
import { compareMetric } from '../../../domain/metric.js';
import { RunError, reason } from '../../../domain/verdict.js';
import type { VerdictReason } from '../../../domain/verdict.js';
import { mapWithConcurrency } from '../../../lib/map-with-concurrency.js';
import type { ExaminationHints, SourceRun } from '../../run-source.js';
import type { ReadRunFile } from '../contract/find-contract.js';
import type { Candidate } from './candidates.js';
import { readLoggedModel, servableRun, rejectedRun } from '../mapping/logged-run.js';
import type { ReadModel } from '../mapping/logged-run.js';
import type { LoggedModel } from '../store/mlflow-store.js';

/** Runs of one model are inspected, best first, until this many can be served. */
const ENOUGH_SERVABLE = 20;

/** Maximum number of inspected runs of one model. */
const INSPECT_LIMIT = 500;

/** Maximum number of models of one run that are inspected until one can be served. */
const MOST_MODELS = 20;

/** Runs that are read at the same time. */
const READ_CONCURRENCY = 8;

interface CacheEntry {
  readonly fingerprint: string;
  readonly sourceRun: SourceRun;
}

/**
 * Turns candidates into runs with verdicts. Inspecting a model takes requests, so only finished runs with the metric
 * are inspected, best first, until enough can be served, plus those that must be. Nothing is read twice, because a
 * logged model does not change. An unchanged run is the same object as in the last listing.
 */
export class RunInspector {
  private readonly modelsByMark = new Map<string, ReadModel | VerdictReason>();
  private runsByLocation: ReadonlyMap<string, CacheEntry> = new Map();
  private nextRunsByLocation = new Map<string, CacheEntry>();

  /** Forgets runs that did not occur since the last call. */
  endListing(): void {
    const marks = new Set([...this.nextRunsByLocation.keys()]);
    this.runsByLocation = this.nextRunsByLocation;
    this.nextRunsByLocation = new Map();
    for (const mark of this.modelsByMark.keys()) if (!marks.has(locationOfMark(mark))) this.modelsByMark.delete(mark);
  }

  /** @throws StoreUnavailableError. */
  async inspect(
    candidates: readonly Candidate[],
    policy: SelectionPolicy | undefined,
    { mustExamine, skip }: ExaminationHints,
  ): Promise<SourceRun[]> {
    const candidatesByRank = candidates.filter((candidate) => maySelect(candidate, policy)).sort(byPolicy(policy));
    const results = new Map<Candidate, SourceRun>();
    const required = candidates.filter(
      (candidate) => isFinished(candidate) && mustExamine.has(candidate.details.run_id),
    );
    await mapWithConcurrency(required, READ_CONCURRENCY, async (candidate) => {
      results.set(candidate, await this.sourceOf(candidate));
    });
    let servable = 0;
    for (
      let at = 0;
      at < Math.min(candidatesByRank.length, INSPECT_LIMIT) && servable < ENOUGH_SERVABLE;
      at += READ_CONCURRENCY
    ) {
      const some = candidatesByRank.slice(at, at + READ_CONCURRENCY);
      const runs = await Promise.all(
        some.map((candidate) => Promise.resolve(results.get(candidate) ?? this.sourceOf(candidate))),
      );
      some.forEach((candidate, i) => results.set(candidate, runs[i]!));
      servable += some.filter(({ details }, i) => runs[i]!.reasons.length === 0 && !skip.has(details.run_id)).length;
    }
    return mapYielding(candidates, (candidate) => results.get(candidate) ?? this.skippedRun(candidate));
  }

  private async sourceOf(candidate: Candidate): Promise<SourceRun> {
    const { location } = candidate;
    const found = await this.modelOf(candidate);
    const mark = 'code' in found ? found.code + found.message : found.logged.key;
    const details = 'code' in found ? candidate.details : candidate.detailsWith(found.logged);
    return this.sameAsBefore(location, `${mark}\n${JSON.stringify(details)}`, () =>
      'code' in found ? rejectedRun({ ...candidate, details }, found) : servableRun({ ...candidate, details }, found),
    );
  }

  private async modelOf({
    location,
    modelMark,
    findModels,
    readRunFile,
  }: Candidate): Promise<ReadModel | VerdictReason> {
    const mark = `${location}\n${modelMark}`;
    const known = this.modelsByMark.get(mark);
    if (known) return known;
    try {
      const read = await readFirstServable(await findModels(), readRunFile);
      this.modelsByMark.set(mark, read);
      return read;
    } catch (error) {
      // Not cached: the files of one run may be available next time.
      if (error instanceof RunError) return reason(error.code, error.message, error.fix);
      throw error;
    }
  }

  private skippedRun(candidate: Candidate): SourceRun {
    const message = `Only finished runs that the policy may choose are inspected, best first, until ${ENOUGH_SERVABLE} can be served.`;
    return this.sameAsBefore(candidate.location, `-\n${JSON.stringify(candidate.details)}`, () =>
      rejectedRun(candidate, reason('NOT_EXAMINED', message)),
    );
  }

  private sameAsBefore(location: string, fingerprint: string, make: () => SourceRun): SourceRun {
    const before = this.runsByLocation.get(location);
    const now = before?.fingerprint === fingerprint ? before : { fingerprint, sourceRun: make() };
    this.nextRunsByLocation.set(location, now);
    return now.sourceRun;
  }
}

/** A run may hold a pickle and its export to ONNX: the first servable model is taken. */
async function readFirstServable(
  models: readonly LoggedModel[],
  readRunFile: ReadRunFile,
): Promise<ReadModel | VerdictReason> {
  let first: VerdictReason | undefined;
  for (const model of models.slice(0, MOST_MODELS)) {
    const read = await readLoggedModel(model, readRunFile);
    if (!('code' in read)) return read;
    first ??= read;
  }
  return first ?? reason('MODEL_MISSING', 'The run has no logged model.');
}

function locationOfMark(mark: string): string {
  return mark.slice(0, mark.lastIndexOf('\n'));
}

function maySelect(candidate: Candidate, policy: SelectionPolicy | undefined): boolean {
  const { details, isRequested } = candidate;
  return isRequested && isFinished(candidate) && (!policy || Object.hasOwn(details.metrics, policy.metric));
}

function isFinished({ details }: Candidate): boolean {
  return details.status === 'FINISHED';
}

/** Best first, newest of equals; newest first without a policy. */
function byPolicy(policy: SelectionPolicy | undefined) {
  const latestFirst = (a: Candidate, b: Candidate) => (a.details.started_at < b.details.started_at ? 1 : -1);
  if (!policy) return latestFirst;
  const { metric, goal } = policy;
  return (a: Candidate, b: Candidate): number =>
    compareMetric(a.details.metrics[metric]!, b.details.metrics[metric]!, goal) || latestFirst(a, b);
}
