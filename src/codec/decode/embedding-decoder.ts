import type { HeadOf } from '../../domain/decode-spec.js';
import type { NamedTensors, Tensor } from '../../domain/tensor.js';
import { RunError } from '../../domain/verdict.js';
import { perRow } from './output-decoder.js';
import type { OutputDecoder } from './output-decoder.js';
import { ONLY_OUTPUT, jsonNumber, modelError, outputOf, requireRows } from './output-table.js';

/** Least length and least number of tokens by which vectors are divided: zeros stay zeros. */
const MIN_LENGTH = 1e-12;

/** One vector per row, pooled over its tokens. */
export function compileEmbedding(decode: HeadOf<'embedding'>): OutputDecoder {
  const { tensor = ONLY_OUTPUT, pooling = 'none', mask, normalize = false, field } = decode;
  const rank = pooling === 'none' ? 1 : 2;
  return {
    fields: [field],
    tensors: [{ tensor, isTable: false, rank, doubtOf: (shape) => poolingDoubt(shape.length, rank) }],
    ...(mask !== undefined && { inputNames: [mask] }),
    decode(outputs, rows, _fieldNames, inputs) {
      const states = statesOf(outputOf(outputs, tensor), rank, rows, tensor);
      const weights = mask === undefined ? undefined : weightsOf(inputs, mask, states);
      const vectors = perRow(rows, (row) => {
        const vector = pooling === 'mean' ? meanOf(states, row, weights) : vectorAt(states, row * states.tokens);
        return (normalize ? normalized(vector) : vector).map(jsonNumber);
      });
      return new Map([[field, vectors]]);
    },
  };
}

/** Vectors of the tokens of rows; each row has one token where the tensor has no dimension of them. */
interface States {
  readonly rows: number;
  readonly tokens: number;
  readonly size: number;
  readonly data: ArrayLike<number | bigint>;
}

const POOLED = 'that is one vector per row, pooled already; leave pooling and mask out';

/** @param dimensions  of the tensor, the one of rows included. */
function poolingDoubt(dimensions: number, rank: number): string | undefined {
  if (rank === 1 && dimensions === 3) return 'that is one vector per token; say "pooling": "mean" or "cls"';
  return rank === 2 && dimensions === 2 ? POOLED : undefined;
}

/** A row that was computed alone may have no dimension of rows. */
function statesOf({ dtype, shape, data }: Tensor, rank: number, rows: number, name: string): States {
  if (dtype === 'string') throw modelError(`The output "${name}" holds texts where numbers are decoded.`);
  // Of one row [tokens, size] may be meant, of several not: found when the run is loaded, by two rows together.
  if (rows > 1 && rank === 2 && shape.length === 2 && shape[0] === rows)
    throw new RunError('SIGNATURE_MISMATCH', `The output "${name}" has shape [rows, ${shape[1]}]: ${POOLED}.`, {
      fix: 'Leave pooling and mask out of decode.',
    });
  const inner = rows === 1 && shape.length === rank ? shape : shape.slice(1);
  if (inner.length !== rank) throw modelError(`The output "${name}" has shape [${shape.join(', ')}] for ${rows} rows.`);
  if (inner !== shape) requireRows({ dtype, shape, data }, rows, name);
  const [tokens, size] = rank === 1 ? [1, inner[0]!] : [inner[0]!, inner[1]!];
  if (tokens === 0) throw modelError(`The output "${name}" has no tokens.`);
  return { rows, tokens, size, data: data as ArrayLike<number | bigint> };
}

function weightsOf(
  inputs: NamedTensors | undefined,
  mask: string,
  { rows, tokens }: States,
): ArrayLike<number | bigint> {
  const weights = inputs?.get(mask);
  if (weights?.data.length === rows * tokens) return weights.data as ArrayLike<number | bigint>;
  const shape = weights ? `has shape [${weights.shape.join(', ')}]` : 'is not there';
  throw modelError(`The mask "${mask}" ${shape} for ${rows} rows of ${tokens} tokens.`);
}

function vectorAt({ size, data }: States, token: number): number[] {
  return Array.from({ length: size }, (_, i) => Number(data[token * size + i]));
}

function meanOf(states: States, row: number, weights: ArrayLike<number | bigint> | undefined): number[] {
  const { tokens, size, data } = states;
  const sums = new Array<number>(size).fill(0);
  let total = 0;
  for (let token = row * tokens; token < (row + 1) * tokens; token++) {
    const weight = weights ? Number(weights[token]) : 1;
    // What does not count may be NaN.
    if (weight === 0) continue;
    total += weight;
    for (let i = 0; i < size; i++) sums[i]! += weight * Number(data[token * size + i]);
  }
  return sums.map((sum) => sum / Math.max(total, MIN_LENGTH));
}

function normalized(vector: readonly number[]): number[] {
  const length = Math.max(Math.hypot(...vector), MIN_LENGTH);
  return vector.map((value) => value / length);
}
