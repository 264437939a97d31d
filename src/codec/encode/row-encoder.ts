import type { EncodeSpec, TensorEncoding } from '../../domain/encode-spec.js';
import type { JsonObject } from '../../lib/json/json.js';
import type { RowSchema } from '../../domain/signature.js';
import { allocate, sizeOf } from '../../domain/tensor.js';
import type { TensorPart } from '../../domain/tensor-rows.js';
import type { TensorSpec, NamedTensors, Tensor } from '../../domain/tensor.js';
import type { Location, ValidationIssue } from '../../domain/validation-issue.js';
import { compileArray } from './array-encoder.js';
import { compileColumns } from './columns-encoder.js';
import { EncodeScope, EncodeVisit, mismatch } from './encode-scope.js';
import type { PreparedRow, TensorEncoder } from './encode-scope.js';
import { compileOneOf } from './one-of-encoder.js';
import { compilePrepare } from './prepared-texts.js';
import { compileImage, compileTokenizer } from './preprocessed-encoder.js';
import type { PreprocessedField } from './preprocessed-encoder.js';
import { describeInputMismatch } from '../tensor-mismatch.js';
import { compileTokens } from './tokens-encoder.js';
import { commonShape, compileRowGroup } from './row-shapes.js';

/** Turns validated rows into the model's input tensors. */
export interface RowEncoder {
  /** Texts and images that a thread of its own turns into further tensors; none in most runs. */
  readonly preprocessed: readonly PreprocessedField[];
  /** Input tensors that it makes, those of `preprocessed` included. */
  readonly tensorNames: readonly string[];
  /** The prepared texts of each row, for `encode` and for the decoder's `echo`. */
  prepare(rows: readonly JsonObject[]): PreparedRow[];
  /**
   * One tensor per encoding but those that only `preprocessed` makes (zeros where it makes single rows), rows on axis 0 in the order given. Never throws on rows that the validator gave.
   *
   * @param locOf     where row `index` sits in the request.
   * @param issues  takes every value that the tensor cannot hold; the tensors must not be used then.
   * @param prepared  what `prepare` gave for the same rows, when it was called already.
   */
  encode(
    rows: readonly JsonObject[],
    locOf: (index: number) => Location,
    issues: ValidationIssue[],
    prepared?: readonly PreparedRow[],
  ): NamedTensors;
  /**
   * The same where the shape of a row may vary: rows of one shape make one part.
   *
   * @param canPad  whether rows may be filled up to one shape where the run says with what.
   */
  encodeRows(
    rows: readonly JsonObject[],
    locOf: (index: number) => Location,
    issues: ValidationIssue[],
    options: { readonly prepared: readonly PreparedRow[]; readonly canPad: boolean },
  ): EncodedRows;
  /** One sentence per way in which a model's declared inputs differ from what `encode` makes. */
  describeMismatch(inputs: readonly TensorSpec[]): string[];
}

/** The rows of a request as tensors. */
export interface EncodedRows {
  /** One part per shape of rows. */
  readonly parts: readonly TensorPart[];
  /** Place in the request of each row of the parts; undefined when they are in its order. */
  readonly order: readonly number[] | undefined;
}

/**
 * Compiles `encode` of a run, once.
 *
 * @param input  the row schema; checked by `compileRowValidator`.
 * @param files  tokens of each vocabulary file, by its path.
 * @throws RunError `SIGNATURE_MISMATCH` when encode and signature do not fit, `ARTIFACT_MISSING` without a vocabulary.
 */
export function compileRowEncoder(
  encode: EncodeSpec,
  input: RowSchema,
  files: ReadonlyMap<string, readonly string[]>,
): RowEncoder {
  const prepare = compilePrepare(encode.prepare ?? [], input);
  const scope = new EncodeScope(input, new Map(encode.prepare?.map((text) => [text.name, text])), files);
  const parts = encode.tensors.map((encoding, i) => compilePart(encoding, scope, `/encode/tensors/${i}`));
  requireDistinct(parts.map(({ made }) => made.map(({ tensor }) => tensor)));
  const compiled = parts.flatMap(({ encoder }) => encoder ?? []);
  const preprocessed = parts.flatMap((part) => part.preprocessed);
  const made = parts.flatMap((part) => part.made);

  const encodeTogether: RowEncoder['encode'] = (rows, locOf, issues, prepared = prepare(rows)) => {
    const visit = new EncodeVisit(locOf, issues);
    const tensors = new Map<string, Tensor>();
    for (const encoder of compiled) tensors.set(encoder.tensor, encodeTensor(encoder, rows, prepared, visit));
    return tensors;
  };
  const groupRows = compileRowGroup(compiled);

  return {
    preprocessed,
    tensorNames: made.map(({ tensor }) => tensor),
    prepare,
    encode: encodeTogether,
    encodeRows(rows, locOf, issues, { prepared, canPad }) {
      const groups = groupRows?.(rows, prepared, canPad);
      if (!groups || groups.length <= 1)
        return {
          parts: [{ rows: rows.length, tensors: encodeTogether(rows, locOf, issues, prepared) }],
          order: undefined,
        };
      const parts = groups.map((indexes): TensorPart => {
        const own = indexes.map((index) => rows[index]!);
        const ownPrepared = indexes.map((index) => prepared[index]!);
        const tensors = encodeTogether(own, (i) => locOf(indexes[i]!), issues, ownPrepared);
        return { rows: own.length, tensors };
      });
      return { parts, order: groups.flat() };
    },
    describeMismatch: (inputs) => describeInputMismatch(made, inputs),
  };
}

function encodeTensor(
  encoder: TensorEncoder,
  rows: readonly JsonObject[],
  prepared: readonly PreparedRow[],
  visit: EncodeVisit,
): Tensor {
  const { dtype } = encoder;
  const rowShape = commonShape(encoder, rows, prepared);
  const size = sizeOf(rowShape);
  const data = allocate(dtype, rows.length * size);
  if (encoder.varying?.pad !== undefined) (data as Float32Array).fill(encoder.varying.pad as never);
  for (let i = 0; i < rows.length; i++) {
    visit.row = rows[i]!;
    visit.prepared = prepared[i]!;
    visit.index = i;
    encoder.writeRow(visit, data, i * size, rowShape);
  }
  return { dtype, shape: [rows.length, ...rowShape], data };
}

/** What one encoding comes to: the tensors that are made, here or by a thread of its own, or both for some rows each. */
interface Part {
  readonly made: PreprocessedField['tensors'];
  readonly encoder?: TensorEncoder;
  readonly preprocessed: readonly PreprocessedField[];
}

function compilePart(encoding: TensorEncoding, scope: EncodeScope, pointer: string): Part {
  switch (encoding.kind) {
    case 'columns':
      return encodedHere(compileColumns(encoding, scope, pointer));
    case 'tokens':
      return encodedHere(compileTokens(encoding, scope, pointer));
    case 'array':
      return encodedHere(compileArray(encoding, scope, pointer));
    case 'image':
      return encodedElsewhere(compileImage(encoding, scope, pointer));
    case 'tokenizer':
      return encodedElsewhere(compileTokenizer(encoding, scope, pointer));
    case 'one-of': {
      const { encoder, preprocessed } = compileOneOf(encoding, scope, pointer);
      return { ...encodedHere(encoder), preprocessed };
    }
  }
}

function encodedHere(encoder: TensorEncoder): Part {
  return { made: [encoder], encoder, preprocessed: [] };
}

function encodedElsewhere(field: PreprocessedField): Part {
  return { made: field.tensors, preprocessed: [field] };
}

/** @param made  names of the tensors that each encoding makes. */
function requireDistinct(made: readonly (readonly string[])[]): void {
  const seen = new Set<string>();
  for (const [i, names] of made.entries()) {
    for (const tensor of names) {
      if (tensor === '' && made.length > 1) {
        throw mismatch(`/encode/tensors/${i}`, 'needs the name of its tensor, because there are several');
      }
      if (seen.has(tensor)) throw mismatch(`/encode/tensors/${i}`, `the tensor "${tensor}" is made twice`);
      seen.add(tensor);
    }
  }
}
