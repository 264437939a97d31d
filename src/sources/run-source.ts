import type { ModelCard } from '../domain/card.js';
import type { FileReference } from '../domain/encode-spec.js';
import type { MetricPoint } from '../domain/metric-point.js';
import type { Run } from '../domain/run.js';
import type { ModelSpec } from '../domain/tensor.js';
import type { VerdictReason, Warning } from '../domain/verdict.js';

/**
 * A run as found: its content when readable, and its issues.
 *
 * Listing is cheap and opening is not: a listing reads metadata (parameters, metrics, signature), never weights,
 * because most runs of a store are never loaded. `open` provides the artifacts of the one run that is about to be
 * loaded.
 */
export interface SourceRun {
  /** Where it was found, relative to the store, for people: `titanic-survival/runs/logistic`. */
  readonly location: string;
  /** Absolute folder on this machine's disk, links resolved, where the listing knows one. */
  readonly folder?: string;
  /** Undefined when `run.json` is absent or does not follow its schema. */
  readonly run: Run | undefined;
  /** Texts of files that `encode` refers to, by path, one token per line. */
  readonly vocabularies: ReadonlyMap<string, readonly string[]>;
  readonly reasons: readonly VerdictReason[];
  /** What the listing shows that is worth knowing, though the run may be served. */
  readonly warnings?: readonly Warning[];
  /**
   * Provides the artifacts on this machine's disk: at once for a local run, after a download for a remote one. May be
   * called again at any time; a run that was fetched before is checked, not fetched.
   *
   * @throws RunError ARTIFACT_UNAVAILABLE when the store cannot provide them now (retry later), ARTIFACT_TOO_LARGE, or
   *   ARTIFACT_MISSING.
   */
  readonly open: () => Promise<RunArtifacts>;
  /**
   * A message or an advice about signature, encode and decode in the words of the run's owner, who may have written none of them.
   * Undefined when they are the words of `run.json`.
   */
  readonly toOwnWords?: (message: string) => string;
  /**
   * Every value of one metric over the training, in the order of the steps. Undefined for a store that keeps last
   * values only.
   *
   * @throws AppError STORE_NOT_READABLE.
   */
  readonly readMetricHistory?: ((metric: string) => Promise<readonly MetricPoint[]>) | undefined;
}

/** A run whose artifacts are on this machine's disk. */
export interface RunArtifacts {
  /** Absolute folder that holds the artifacts. */
  readonly folder: string;
  /** Further files of the model and their digests, where the run itself does not list them; as `run.model.files`. */
  readonly files?: readonly FileReference[];
  /**
   * Completes a run whose store does not say how rows become tensors (MLflow): `encode`, `decode` and the digest come
   * from the model itself once it is loaded. Examples without recorded outputs get the loaded model's answers.
   * Undefined when the run is complete.
   *
   * @throws RunError SIGNATURE_MISMATCH when the run's signature cannot feed this model.
   */
  readonly complete?: (model: ModelSpec) => Run;
  /** Releases the artifacts: a source that has fetched them may delete them. */
  readonly close?: () => void;
}

/** A model as found: its card and its runs, or what is wrong with the card. */
export interface SourceModel {
  readonly location: string;
  readonly card: ModelCard | undefined;
  /** Issues of the card, one sentence each; empty when it is usable. */
  readonly issues: readonly string[];
  readonly runs: readonly SourceRun[];
}

/** The check of a run that takes so long that no listing waits for it. */
export interface RunCheck {
  /** As `SourceRun.location`. */
  readonly location: string;
  readonly startedAt: Date;
  /** Read so far. */
  readonly bytes: number;
  /** 0 while it is not known. */
  readonly totalBytes: number;
}

/** Hints for sources that inspect only the best runs, by run id. */
export interface ExaminationHints {
  /** Inspected regardless of their rank: they serve, are pinned, or are rollback targets. */
  readonly mustExamine: ReadonlySet<string>;
  /** Already found unusable: others are inspected in their place. */
  readonly skip: ReadonlySet<string>;
}

/** Gives the hints for the model of this name. */
export type GetExaminationHints = (model: string) => Promise<ExaminationHints>;

/** How thoroughly a store is looked at. */
export interface ListingOptions {
  /** Whether the source may leave some of very many runs, which probably have not changed, for one of the next listings. */
  readonly mayTakeTurns?: boolean;
}

/** How a store was read last. */
export interface SourceStatus {
  /** As in `SOURCES`. */
  readonly source: 'directory' | 'mlflow';
  /** When this process read it whole last; undefined when it never has. */
  readonly readAt: Date | undefined;
  /**
   * Why it cannot be read now, a sentence that is safe to publish: it names no path, address or content. Undefined when
   * it can.
   */
  readonly problem: string | undefined;
}

/**
 * Where runs are stored: the port that every kind of store implements. Code above it does not know where a run came
 * from.
 */
export abstract class RunSource {
  /** The store's place, for people. */
  abstract readonly description: string;

  /** How the last listing went, for each store. */
  abstract readonly statuses: readonly SourceStatus[];

  /**
   * Warnings about the last listing, one sentence each: that it is an old one because the server is unavailable, and
   * why. Empty without any.
   */
  get warnings(): readonly string[] {
    return [];
  }

  /**
   * Reads the whole store. Never fails for one bad run or card: those carry their issues. Later listings return the
   * same objects for unchanged runs (and for models in which nothing has changed) and leave out new runs that are still being written. A store that was read before
   * and cannot be read now may return its last listing, with a warning.
   *
   * @throws Error with a sentence for the operator when the store itself cannot be read.
   */
  abstract listModels(options?: ListingOptions): Promise<SourceModel[]>;

  /** Runs that are being checked now, which the listing has with the reason BEING_CHECKED, or as they were before. */
  get checks(): readonly RunCheck[] {
    return [];
  }

  /** Resolves when a check has ended, so that the next listing says more; at once when none is running. */
  nextChecked(): Promise<void> {
    return Promise.resolve();
  }

  /** Gives the hints to a source that inspects only some runs; it calls `getHints` at each listing. */
  useExaminationHints(_getHints: GetExaminationHints): void {
    // Most sources inspect every run.
  }

  /**
   * Calls `onHint` when something may have changed. A source without watching never calls it: hints only save waiting
   * for the next poll, which finds every change.
   *
   * @returns a function that ends it.
   */
  watch(_onHint: () => void): () => void {
    return () => undefined;
  }

  /** Aborts running requests and checks: there will be no further calls. */
  close(): void {
    // Nothing to abort.
  }
}
