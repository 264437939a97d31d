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

/** From the main thread. `run` numbers an opened run; each message is answered by one with its `id`. */
export type PreprocessRequest =
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly run: number;
      readonly folder: string;
      readonly steps: readonly PreprocessStep[];
    }
  /** `texts` has one list for each step, with one text for each row. */
  | { readonly kind: 'run'; readonly id: number; readonly run: number; readonly texts: readonly (readonly string[])[] }
  | { readonly kind: 'release'; readonly id: number; readonly run: number };

/** To the main thread. */
export type PreprocessReply =
  | { readonly kind: 'done'; readonly id: number; readonly results: readonly PreprocessResult[] }
  | { readonly kind: 'problem'; readonly id: number; readonly code: VerdictCode; readonly message: string }
  | { readonly kind: 'failed'; readonly id: number; readonly cause: string };
