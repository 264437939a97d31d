import type { ModelCard } from '../domain/card.js';
import type { MetricPoint } from '../domain/metric-point.js';
import type { Run } from '../domain/run.js';
import type { ModelSpec } from '../domain/tensor.js';
import type { VerdictReason } from '../domain/verdict.js';

/**
 * A run as found: its content when readable, and what is wrong with it.
 *
 * Listing is cheap and opening is not: a listing reads words (parameters, metrics, signature), never weights, because
 * most runs of a store are never loaded. `open` brings the artifacts of the one run that is about to be loaded.
 */
export interface SourceRun {
  /** Where it was found, relative to the store, for people: `titanic-survival/runs/logistic`. */
  readonly location: string;
  /** Undefined when `run.json` is absent or does not follow its schema. */
  readonly run: Run | undefined;
  /** Texts of files that `encode` refers to, by path, one token per line. */
  readonly vocabularies: ReadonlyMap<string, readonly string[]>;
  readonly reasons: readonly VerdictReason[];
  /**
   * Has the artifacts on this machine's disk: at once for a run that is there already, after a download for a remote
   * one. May be called again at any time; a run that was fetched before is checked, not fetched.
   *
   * @throws RunError ARTIFACT_UNAVAILABLE when the store cannot give them now (worth another try later),
   *   ARTIFACT_TOO_LARGE, or ARTIFACT_MISSING.
   */
  readonly open: () => Promise<RunArtifacts>;
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
  /**
   * Completes a run whose store does not say how rows become tensors (MLflow): `encode`, `decode` and the digest come
   * from the model itself once it is loaded. Its examples have no outputs: those are learned from the loaded model's
   * answers. Undefined when the run says everything.
   *
   * @throws RunError SIGNATURE_MISMATCH when the run's signature cannot feed this model.
   */
  readonly complete?: (model: ModelSpec) => Run;
  /** The artifacts are not needed any more: a source that has fetched them may make room. */
  readonly close?: () => void;
}

/** A model as found: its card and its runs, or what is wrong with the card. */
export interface SourceModel {
  readonly location: string;
  readonly card: ModelCard | undefined;
  /** Problems of the card, one sentence each; empty when it is usable. */
  readonly issues: readonly string[];
  readonly runs: readonly SourceRun[];
}

/** What those above a source have in mind about the runs of a model, by run id. */
export interface ExaminationHints {
  /** To be looked at whatever their rank: they serve, are pinned, or may be rolled back to. */
  readonly mustExamine: ReadonlySet<string>;
  /** Turned out to be of no use: others are looked at in their stead. */
  readonly skip: ReadonlySet<string>;
}

/** What is in mind about the model of this name. */
export type GetExaminationHints = (model: string) => Promise<ExaminationHints>;

/** How a store was read last. */
export interface SourceStatus {
  /** As in `SOURCES`. */
  readonly source: 'directory' | 'mlflow';
  /** When this process read it whole last; undefined when it never has. */
  readonly readAt: Date | undefined;
  /**
   * Why it cannot be read now, a sentence that anybody may read: it names no path, address or content. Undefined when it
   * can.
   */
  readonly problem: string | undefined;
}

/** Where runs live: the port that every kind of store implements. Nothing above it knows where a run came from. */
export abstract class RunSource {
  /** The store's place, for people. */
  abstract readonly description: string;

  /** How the last listing went, for each store. */
  abstract readonly statuses: readonly SourceStatus[];

  /**
   * What operators should know about the last listing, one sentence each: that it is an old one because the server is
   * away, and why. Empty when all is well.
   */
  get warnings(): readonly string[] {
    return [];
  }

  /**
   * Reads the whole store. Never fails for one bad run or card: those carry their problems. Asked again, it gives the
   * same objects for runs that did not change, and leaves out new runs that are still being written. A store that has
   * been read before and cannot be now may give what it gave last, and say so in `notices`.
   *
   * @throws Error with a sentence for the operator when the store itself cannot be read.
   */
  abstract listModels(): Promise<SourceModel[]>;

  /** A source that does not look at every run asks which ones matter, at each listing. */
  useExaminationHints(_getHints: GetExaminationHints): void {
    // Most look at every run.
  }

  /**
   * Calls `onHint` when something may have changed. A source that cannot tell says nothing: hints save waiting for the
   * next look, and no change is only ever hinted at.
   *
   * @returns ends it.
   */
  watch(_onHint: () => void): () => void {
    return () => undefined;
  }

  /** Ends what is under way: nobody will ask again. */
  close(): void {
    // Files are read in no time.
  }
}
