import type { ModelCard } from '../domain/card.js';
import type { Run } from '../domain/run.js';
import type { Verdict, VerdictReason } from '../domain/verdict.js';
import type { SourcedRun } from '../sources/run-source.js';
import { metricOf } from './rank-runs.js';
import type { ServedRun } from './served-run.js';

/** Where a run is in its life (design: discovered → checked → … → serving). */
export type RunState = 'checked' | 'loading' | 'serving' | 'failed';

/** A readable run of a model, with its verdict and, once loaded, the run in memory. */
export class RegisteredRun {
  state: RunState = 'checked';
  /** 1 for the best; set when the model's runs are ranked. */
  rank = 0;
  private readonly reasons: VerdictReason[];
  private currentRun: Run;

  constructor(
    readonly card: ModelCard,
    run: Run,
    readonly sourced: SourcedRun,
    /** Reasons that speak against choosing the run. */
    policyReasons: readonly VerdictReason[],
  ) {
    this.currentRun = run;
    this.reasons = [...sourced.reasons, ...policyReasons];
    this.brokenBy = sourced.reasons[0];
  }

  /**
   * What makes the run impossible to load at all, if anything. A run that only the policy speaks against may still be
   * asked by its id; a broken one may not.
   */
  brokenBy: VerdictReason | undefined;

  /** What is known of the run; once it has been loaded, that includes what only the model could say. */
  get run(): Run {
    return this.currentRun;
  }

  /** Takes over what loading the run has completed; its id, metrics and signature stay. */
  learn(loaded: Run): void {
    this.currentRun = loaded;
  }

  get verdict(): Verdict {
    return { eligible: this.reasons.length === 0, reasons: this.reasons };
  }

  /** The policy's metric of this run; null when it has no number. */
  get value(): number | null {
    const value = metricOf(this.run, this.card.selection);
    return Number.isFinite(value) ? value : null;
  }

  /** Notes why the run cannot be used after all. */
  reject(problem: VerdictReason): void {
    this.reasons.push(problem);
    this.brokenBy ??= problem;
    this.state = 'failed';
  }
}

/** A model of the store: its card, its runs (best first) and the one that is served. */
export interface RegisteredModel {
  readonly card: ModelCard;
  /** Ranked: eligible runs first, best first; then the others in the same order. */
  readonly runs: readonly RegisteredRun[];
  /** Run folders that could not even be read as a run. */
  readonly unreadable: readonly SourcedRun[];
  /** Undefined when no run could be served. */
  best: { readonly registered: RegisteredRun; readonly served: ServedRun } | undefined;
}
