import type { Columns } from '../../codec/column-rows.js';
import type { AnswerShape } from '../../codec/decode/row-decoder.js';
import type { ValidateOptions } from '../../codec/validate/row-validator.js';
import type { PredictionTiming } from '../../domain/prediction-timing.js';
import type { RowNote } from '../../domain/input/row-note.js';
import type { Location } from '../../domain/validation-issue.js';
import type { RemoteRows } from '../../row-reading/remote-rows.js';

/** Rows of a request: as they were sent, or of a large body, which another thread has. */
export type Rows = readonly unknown[] | RemoteRows;

/** How a list of rows is to be predicted. */
export interface PredictOptions extends ValidateOptions {
  /** Where row `index` sits in the request. */
  readonly locOf: (index: number) => Location;
  /** Names of the values where rows are lists of them. */
  readonly columns?: Columns | undefined;
  /** On-request output fields the caller asked for. */
  readonly include: ReadonlySet<string>;
  /** How the text of an answer is written; rows of named values unless set. */
  readonly shape?: AnswerShape | undefined;
  /** Milliseconds, waiting included. */
  readonly timeoutMs: number;
  /** `performance.now()` from which `timeoutMs` counts; now unless given. */
  readonly sinceMs?: number;
  /** Whether each row is computed in a call of its own; as the run is served unless set. */
  readonly rowByRow?: boolean;
  /** Computes the rows in a call of their own, of which a failure is no event. */
  readonly isolated?: boolean;
  /** Whether a failure is told as a problem of the rows that cause it, where some do. */
  readonly mayRejectRows?: boolean;
  /** Aborted when the caller has gone. */
  readonly signal?: AbortSignal;
  /** Filled in on the way. */
  readonly timing?: PredictionTiming;
  /** Takes what is worth knowing of each row, in order; nothing is looked for unless set. */
  readonly notes?: RowNote[];
}
