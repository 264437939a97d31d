import { compileRowDecoder } from '../../codec/decode/row-decoder.js';
import type { RowDecoder } from '../../codec/decode/row-decoder.js';
import { compileRowEncoder } from '../../codec/encode/row-encoder.js';
import type { RowEncoder } from '../../codec/encode/row-encoder.js';
import { generateRows } from '../../codec/generated/generated-rows.js';
import type { GeneratedRows } from '../../codec/generated/generated-rows.js';
import { requireSmallContract } from '../../codec/require-small-contract.js';
import { compileOutputChecker } from '../../codec/validate/output-check.js';
import type { OutputChecker } from '../../codec/validate/output-check.js';
import { compileRowNotes } from '../../codec/validate/row-notes.js';
import type { DescribeRow } from '../../codec/validate/row-notes.js';
import { compileRowValidator } from '../../codec/validate/row-validator.js';
import type { RowValidator } from '../../codec/validate/row-validator.js';
import type { Run } from '../../domain/run.js';
import { RunError } from '../../domain/verdict.js';
import type { RowCodecSpec } from '../../row-reading/reading-messages.js';
import type { SourceRun } from '../../sources/run-source.js';

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

/** Compiles a run's contract: no I/O, no engine. @throws RunError when its parts contradict each other. */
export function compileCodec(run: Run, vocabularies: SourceRun['vocabularies']): Codec {
  requireSmallContract(run);
  const encoder = compileRowEncoder(run.encode, run.signature.input, vocabularies);
  const decoder = compileRowDecoder(run.decode, run.signature, run.encode.prepare);
  const unknown = decoder.inputNames.find((name) => !encoder.tensorNames.includes(name));
  if (unknown !== undefined)
    throw new RunError('SIGNATURE_MISMATCH', `/decode: the mask "${unknown}" is no tensor that encode makes.`);
  return {
    rows: { input: run.signature.input, encode: run.encode, vocabularies },
    validator: compileRowValidator(run.signature.input),
    describeRow: compileRowNotes(run.signature.input),
    encoder,
    decoder,
    outputs: compileOutputChecker(run.signature.output),
  };
}

/**
 * The function that reads plain rows of a run. An answer that repeats fields of the row needs the clean row, which no generated
 * function makes.
 */
export function generatedFor({ signature, encode, decode }: Run): Codec['generated'] {
  return decode.echo ? undefined : generateRows(signature.input, encode);
}
