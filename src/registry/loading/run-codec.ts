import type { RowDecoder } from '../../codec/decode/row-decoder.js';
import type { RowEncoder } from '../../codec/encode/row-encoder.js';
import type { GeneratedRows } from '../../codec/generated/generated-rows.js';
import type { OutputChecker } from '../../codec/validate/output-check.js';
import type { DescribeRow } from '../../codec/validate/row-notes.js';
import type { RowValidator } from '../../codec/validate/row-validator.js';
import type { RowCodecSpec } from '../../row-reading/reading-messages.js';

/** The compiled halves of a run's contract. */
export interface Codec {
  /** What it was compiled from, for the threads that read large bodies. */
  readonly rows: RowCodecSpec;
  readonly validator: RowValidator;
  readonly describeRow: DescribeRow;
  readonly encoder: RowEncoder;
  /** Does the work of validator and encoder for rows that are plainly right; undefined where it cannot. */
  readonly generated?: GeneratedRows | undefined;
  readonly decoder: RowDecoder;
  /** Whether answers keep the contract; asked before a run serves, not for each answer. */
  readonly outputs: OutputChecker;
}
