import type { ModelCard } from '../domain/card.js';
import type { Run } from '../domain/run.js';
import type { VerdictReason } from '../domain/verdict.js';

/** A run as found: its content when readable, and what is wrong with it. */
export interface SourcedRun {
  /** Where it was found, relative to the store, for people: `titanic-survival/runs/logistic`. */
  readonly place: string;
  /** Absolute folder that holds the artifacts. */
  readonly folder: string;
  /** Undefined when `run.json` is absent or does not follow its schema. */
  readonly run: Run | undefined;
  /** Texts of files that `encode` refers to, by path, one token per line. */
  readonly vocabularies: ReadonlyMap<string, readonly string[]>;
  readonly reasons: readonly VerdictReason[];
}

/** A model as found: its card and its runs, or what is wrong with the card. */
export interface SourcedModel {
  readonly place: string;
  readonly card: ModelCard | undefined;
  /** Problems of the card, one sentence each; empty when it is usable. */
  readonly problems: readonly string[];
  readonly runs: readonly SourcedRun[];
}

/** Where runs live: the port that every kind of store implements. Nothing above it knows where a run came from. */
export abstract class RunSource {
  /** The store's place, for people. */
  abstract readonly description: string;

  /**
   * Reads the whole store. Never fails for one bad run or card: those carry their problems. Asked again, it gives the
   * same objects for cards and runs that did not change, and leaves out new runs that are still being written.
   *
   * @throws Error with a sentence for the operator when the store itself cannot be read.
   */
  abstract listModels(): Promise<SourcedModel[]>;

  /**
   * Calls `onHint` when something may have changed. A source that cannot tell says nothing: hints save waiting for the
   * next look, and no change is only ever hinted at.
   *
   * @returns ends it.
   */
  watch(_onHint: () => void): () => void {
    return () => undefined;
  }
}
