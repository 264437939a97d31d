import type { PreprocessedEncoding } from '../domain/encode-spec.js';
import type { Tensor } from '../domain/tensor.js';
import type { ValidationIssue } from '../domain/validation-issue.js';
import type { VerdictCode } from '../domain/verdict.js';

/** One encoding of a run, and where it stands in `run.json`. */
export interface PreprocessStep {
  readonly encoding: PreprocessedEncoding;
  readonly pointer: string;
}

/** What one encoding makes of the texts of several rows. */
export interface PreprocessResult {
  /** By the model's name, one row for each text. Meaningless when there are issues. */
  readonly tensors: readonly (readonly [string, Tensor])[];
  /** Of rows that were filled up to the longest of them. */
  readonly filled?: FilledRows;
  readonly issues: readonly { readonly row: number; readonly issue: Omit<ValidationIssue, 'loc'> }[];
}

/** How much of each row of [rows, length] is its own. */
export interface FilledRows {
  readonly lengths: readonly number[];
  /** Whether the beginning is filled, not the end. */
  readonly isLeft: boolean;
}

/** From the main thread, one at a time. `run` numbers an opened run; each message but `release` is answered by one. */
export type PreprocessRequest =
  | {
      readonly kind: 'open';
      readonly run: number;
      readonly folder: string;
      readonly steps: readonly PreprocessStep[];
    }
  | {
      readonly kind: 'run';
      readonly run: number;
      /** One list for each step, with one text for each row. */
      readonly texts: readonly (readonly string[])[];
      /** Its first element is no longer 0 when nobody waits for the results any more. */
      readonly abandoned: Int32Array;
    };

/** Forgets an opened run; is not answered. */
export interface PreprocessRelease {
  readonly kind: 'release';
  readonly run: number;
}

/** To the main thread. */
export type PreprocessReply =
  | { readonly kind: 'done'; readonly results: readonly PreprocessResult[] }
  | { readonly kind: 'problem'; readonly code: VerdictCode; readonly message: string }
  | { readonly kind: 'failed'; readonly cause: string };
