import type { ModelCard } from '../domain/card.js';
import type { Pin } from '../domain/model-state.js';
import { numberOrNull } from '../domain/numerics.js';
import type { Run } from '../domain/run.js';
import type { Verdict, VerdictReason, Warning } from '../domain/verdict.js';
import type { SourcedRun } from '../sources/run-source.js';
import type { ContractDifference } from './contract-diff.js';
import { metricOf, policyReasons } from './rank-runs.js';
import type { ServedRun } from './served-run.js';

/** Where a run is in its life (design: discovered → checked → … → serving). */
export type RunState = 'checked' | 'loading' | 'serving' | 'failed';

/** How long after a store could not give a run it is asked again, milliseconds. */
const RETRY_MS = 30_000;

/** A readable run of a model, with its verdict. */
export class RegisteredRun {
  state: RunState = 'checked';
  /** 1 for the best; set when the model's runs are ranked. */
  rank = 0;
  private readonly policyReasons: readonly VerdictReason[];
  /** What loading it, or its own examples, brought to light. */
  private failures: readonly VerdictReason[] = [];
  private failedAtMs = 0;
  private heldBackBy: VerdictReason | undefined;
  private warnings: readonly Warning[] = [];
  /** What the rehearsal against the served run brought to light. */
  private rehearsalWarnings: readonly Warning[] = [];
  private currentRun: Run;

  /**
   * @param soundness  what is wrong with the run by itself, before it is loaded.
   */
  constructor(
    readonly card: ModelCard,
    run: Run,
    readonly sourced: SourcedRun,
    private readonly soundness: readonly VerdictReason[] = sourced.reasons,
  ) {
    this.currentRun = run;
    this.policyReasons = policyReasons(run, card.selection);
  }

  /** The same run under a card that changed. */
  under(card: ModelCard): RegisteredRun {
    const renewed = new RegisteredRun(card, this.run, this.sourced, this.soundness);
    renewed.state = this.state;
    renewed.failures = this.failures;
    renewed.warnings = this.warnings;
    renewed.rehearsalWarnings = this.rehearsalWarnings;
    return renewed;
  }

  /**
   * What makes the run impossible to load at all, if anything. A run that only the policy speaks against may still be
   * asked by its id; a broken one may not.
   */
  get brokenBy(): VerdictReason | undefined {
    return this.soundness[0] ?? this.failures[0];
  }

  /** Whether nothing is known against choosing it before it is loaded; such runs are ranked first. */
  get isContender(): boolean {
    return this.soundness.length === 0 && this.policyReasons.length === 0;
  }

  /** What is known of the run; once it has been loaded, that includes what only the model could say. */
  get run(): Run {
    return this.currentRun;
  }

  /** Takes over what loading the run has completed; its id, metrics and signature stay. */
  learn({ run, warnings }: Pick<ServedRun, 'run' | 'warnings'>): void {
    this.currentRun = run;
    this.warnings = warnings;
  }

  /** Notes what is worth knowing after a rehearsal. */
  noteRehearsal(warnings: readonly Warning[]): void {
    this.rehearsalWarnings = warnings;
  }

  get verdict(): Verdict {
    const { soundness, failures, heldBackBy } = this;
    const reasons = [...soundness, ...this.policyReasons, ...failures, ...(heldBackBy ? [heldBackBy] : [])];
    const warnings = [...this.warnings, ...this.rehearsalWarnings];
    return { eligible: reasons.length === 0, reasons, warnings };
  }

  /** The policy's metric of this run; null when it has no number. */
  get value(): number | null {
    return numberOrNull(metricOf(this.run, this.card.selection));
  }

  /** Notes why the run cannot be used after all. */
  reject(problem: VerdictReason): void {
    this.failures = [problem];
    this.failedAtMs = performance.now();
    this.state = 'failed';
  }

  /** It could be loaded: what failed before was the moment's fault. */
  noteLoaded(): void {
    this.failures = [];
  }

  /** Gives another chance to a run that its store could not give, some time after it could not. */
  forgetPassingFailure(): void {
    const isPassing = this.failures[0]?.code === 'ARTIFACT_UNAVAILABLE';
    if (isPassing && performance.now() - this.failedAtMs > RETRY_MS) this.failures = [];
  }

  /** Notes why the run may not take over from the one that serves, or that nothing speaks against it any more. */
  holdBack(why: VerdictReason | undefined): void {
    this.heldBackBy = why;
  }
}

/** A run that answers: what is known of it, and the run in memory. */
export interface Best {
  readonly registered: RegisteredRun;
  readonly served: ServedRun;
}

/** A better run that was not promoted because it would break clients. */
export interface Refusal {
  readonly run_id: string;
  readonly differences: readonly ContractDifference[];
}

/**
 * A model of the store: its card, its runs (best first) and the one that is served. The same object for as long as the
 * model is in the store, so that routes can hold on to it; what it says changes in single synchronous steps.
 */
export interface RegisteredModel {
  card: ModelCard;
  /** Ranked: contenders first, best first; then the others in the same order. */
  runs: readonly RegisteredRun[];
  /** Run folders that could not even be read as a run. */
  unreadable: readonly SourcedRun[];
  /** Undefined when no run could be served, and once the model is gone from the store. */
  best: Best | undefined;
  /** A person's choice that overrides the policy. */
  pin: Pin | undefined;
  /** The best run that would break clients, if it would be better than the served one. */
  refused: Refusal | undefined;
}
