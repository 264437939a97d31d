import type { ModelCard } from '../../domain/card.js';
import type { Pin } from '../../domain/model-state.js';
import { numberOrNull } from '../../domain/numeric.js';
import type { Run } from '../../domain/run.js';
import { TRIAL_CODES } from '../../domain/verdict.js';
import type { Verdict, VerdictCode, VerdictReason, Warning } from '../../domain/verdict.js';
import type { SourceRun } from '../../sources/run-source.js';
import type { ContractDifference } from '../contract/contract-diff.js';
import { metricOf, policyReasons } from '../policy/rank-runs.js';
import type { LoadedRun } from '../loading/loaded-run.js';

/** Where a run is in its life: `loaded` is in memory because it was asked by its id, `serving` answers for its model. */
export const RUN_STATES = ['checked', 'loading', 'loaded', 'serving', 'failed'] as const;
type RunState = (typeof RUN_STATES)[number];

/** First pause before a run is tried again after a transient failure, milliseconds; doubled for each further one. */
const FIRST_RETRY_MS = 1_000;
/** Longest such pause while its store cannot give the run. */
const MAX_FETCH_RETRY_MS = 30_000;
/** Longest such pause for a run that may just be too slow for this server. */
const MAX_RETRY_MS = 3_600_000;

/** Reasons of which the state of a model is the source. */
const STATE_CODES: ReadonlySet<VerdictCode> = new Set([...TRIAL_CODES, 'FAILED_IN_SERVICE']);

/** A readable run of a model, with its verdict. */
export class RegisteredRun {
  state: RunState = 'checked';
  /** 1 for the best; set when the model's runs are ranked. */
  rank = 0;
  private readonly policyReasons: readonly VerdictReason[];
  /** Reasons found by loading it or by its self-test. */
  private failures: readonly VerdictReason[] = [];
  /** When to try again what may pass; `performance.now()`. */
  private retryAtMs = Infinity;
  private transientFailures = 0;
  private rejection: VerdictReason | undefined;
  private warnings: readonly Warning[] = [];
  /** Warnings found by the rehearsal against the champion. */
  private rehearsalWarnings: readonly Warning[] = [];
  private currentRun: Run;

  /** @param staticReasons  reasons found without loading the run. */
  constructor(
    readonly card: ModelCard,
    run: Run,
    readonly sourceRun: SourceRun,
    readonly staticReasons: readonly VerdictReason[] = sourceRun.reasons,
  ) {
    this.currentRun = run;
    this.policyReasons = policyReasons(run, card.selection);
  }

  /** The same run under a card that changed. */
  withCard(card: ModelCard): RegisteredRun {
    const copy = new RegisteredRun(card, this.run, this.sourceRun, this.staticReasons);
    copy.state = this.state;
    copy.failures = this.failures;
    copy.retryAtMs = this.retryAtMs;
    copy.transientFailures = this.transientFailures;
    copy.warnings = this.warnings;
    copy.rehearsalWarnings = this.rehearsalWarnings;
    return copy;
  }

  /**
   * Why the run cannot be loaded at all, if so. A run that only the policy excludes may still be requested by its id; a
   * broken one may not.
   */
  get brokenBy(): VerdictReason | undefined {
    return this.staticReasons[0] ?? this.failures[0];
  }

  /** Whether the source did not inspect it, because there are better ones. */
  get wasSkipped(): boolean {
    return this.staticReasons[0]?.code === 'NOT_EXAMINED';
  }

  /** Whether its files are still being read, apart from everything else. */
  get isBeingChecked(): boolean {
    return this.staticReasons[0]?.code === 'BEING_CHECKED';
  }

  /** Whether nothing excludes it before it is loaded; such runs are ranked first. */
  get isCandidate(): boolean {
    return this.staticReasons.length === 0 && this.isAllowed;
  }

  /** Whether the policy says nothing against it, sound or not. */
  get isAllowed(): boolean {
    return this.policyReasons.length === 0;
  }

  /** What is known of the run; once it has been loaded, that includes what only the model could say. */
  get run(): Run {
    return this.currentRun;
  }

  /** Takes over what loading the run has completed; its id, metrics and signature stay. */
  updateFrom({ run, warnings }: Pick<LoadedRun, 'run' | 'warnings'>): void {
    this.currentRun = run;
    this.warnings = warnings;
  }

  /** Notes what is worth knowing after a rehearsal. */
  setRehearsalWarnings(warnings: readonly Warning[]): void {
    this.rehearsalWarnings = warnings;
  }

  get verdict(): Verdict {
    const { staticReasons, failures, rejection } = this;
    const reasons = [...staticReasons, ...this.policyReasons, ...failures, ...(rejection ? [rejection] : [])];
    // Its fix, that nothing need be done, is not true beside any other.
    const real = reasons.filter(({ code }) => code !== 'NOT_EXAMINED');
    const warnings = [...this.warnings, ...this.rehearsalWarnings];
    return { eligible: reasons.length === 0, reasons: real.length > 0 ? real : reasons, warnings };
  }

  /** The policy's metric of this run; null when it has no number. */
  get value(): number | null {
    return numberOrNull(metricOf(this.run, this.card.selection));
  }

  /**
   * Notes why the run cannot be used after all.
   *
   * @param isTransient  whether the server was to blame, so that it may be otherwise the next time; so it may be when
   *   the store could not give the run, or there was no memory for it.
   */
  reject(problem: VerdictReason, { isTransient = false } = {}): void {
    this.failures = [problem];
    const mayRetry = isTransient || problem.code === 'ARTIFACT_UNAVAILABLE' || problem.code === 'MEMORY_EXCEEDED';
    const longestMs = problem.code === 'ARTIFACT_UNAVAILABLE' ? MAX_FETCH_RETRY_MS : MAX_RETRY_MS;
    this.retryAtMs = mayRetry
      ? performance.now() + Math.min(FIRST_RETRY_MS * 2 ** this.transientFailures, longestMs)
      : Infinity;
    this.transientFailures = mayRetry ? this.transientFailures + 1 : 0;
    this.state = 'failed';
  }

  /** Whether it is rejected because of what the state of its model remembers: how its trial ended, or that it hung in service. */
  get isRejectedByState(): boolean {
    const [failure] = this.failures;
    return failure !== undefined && this.retryAtMs === Infinity && STATE_CODES.has(failure.code);
  }

  /** What the state of its model remembered is forgotten: it may be tried again. */
  clearFailures(): void {
    this.failures = [];
    this.rejection = undefined;
    this.state = 'checked';
  }

  /** It could be loaded: what failed before was the moment's fault. */
  markLoaded(): void {
    this.failures = [];
    this.transientFailures = 0;
  }

  /**
   * Gives another chance, some time later, to a run that failed for a reason that may pass; at once when a person asks.
   */
  clearTransientFailure({ isManual }: { readonly isManual: boolean }): void {
    if (this.retryAtMs === Infinity) return;
    if (isManual || performance.now() > this.retryAtMs) this.failures = [];
  }

  /** Notes why the run may not take over from the one that serves, or that nothing speaks against it any more. */
  setRejection(rejection: VerdictReason | undefined): void {
    this.rejection = rejection;
  }
}

/** A run that answers: what is known of it, and the run in memory. */
export interface Best {
  readonly registered: RegisteredRun;
  readonly loaded: LoadedRun;
}

/** A better run that was not promoted because it would break clients. */
interface Rejection {
  readonly run_id: string;
  readonly differences: readonly ContractDifference[];
}

/**
 * A model of the store: its card, its runs (best first) and the one that is served. The same object for as long as the
 * model is in the store, so that routes can hold on to it; what it says changes in single synchronous steps.
 */
export interface RegisteredModel {
  card: ModelCard;
  /** Ranked: candidates first, best first; then the others in the same order. */
  runs: readonly RegisteredRun[];
  /** Run folders that could not even be read as a run. */
  unreadable: readonly SourceRun[];
  /** Undefined when no run could be served, and once the model is gone from the store. */
  best: Best | undefined;
  /** A person's choice that overrides the policy. */
  pin: Pin | undefined;
  /** Whether it is decided now which run serves, which may take loading one (`isLoadingRun`). */
  isUpdating?: boolean;
  /** The best run that would break clients, if it would be better than the served one. */
  rejected: Rejection | undefined;
}

/**
 * Whether a model that does not serve yet may do so in a moment: it is being reconciled, and a run is left that nothing
 * is known against. Every look at the store reconciles the models that have none too; what is known of them stays said.
 */
export function isLoadingRun({ isUpdating, best, runs, pin }: RegisteredModel): boolean {
  const mayServe = (registered: RegisteredRun) =>
    !registered.brokenBy && (registered.isAllowed || registered.run.run_id === pin?.run_id);
  return isUpdating === true && !best && runs.some(mayServe);
}
