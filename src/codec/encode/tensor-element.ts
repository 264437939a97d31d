import { allocate } from '../../domain/tensor.js';
import type { DType, TensorData } from '../../domain/tensor.js';
import { NOT_INTEGER, notAtLeast, notAtMost } from '../validate/issues.js';
import type { Issue } from '../validate/issues.js';

export type NumericDType = Exclude<DType, 'string'>;

/** Writes numbers into a tensor of one dtype, after `(value - subtract) / divide`. */
export interface TensorElement {
  /** Whether the dtype can hold the value; what was written is meaningless when it cannot. NaN fits float dtypes. */
  write(data: TensorData, index: number, value: number | bigint): boolean;
  /** Why a value was not written, in terms of the value the client sent. */
  issueFor(value: number | bigint): Issue;
  /** Whether the dtype can hold the value. */
  inRange(value: number | bigint): boolean;
}

export interface Scaling {
  /** Default 0. */
  readonly subtract?: number;
  /** Default 1. */
  readonly divide?: number;
}

type Write = TensorElement['write'];

const MAX_FLOAT32 = 3.4028234663852886e38;
const RANGE_OF: Readonly<Record<NumericDType, readonly [number | bigint, number | bigint]>> = {
  float32: [-MAX_FLOAT32, MAX_FLOAT32],
  float64: [-Number.MAX_VALUE, Number.MAX_VALUE],
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  bool: [0, 1],
};

/** The writer for a dtype; integers keep all digits unless scaled. */
export function tensorElement(dtype: NumericDType, { subtract = 0, divide = 1 }: Scaling = {}): TensorElement {
  const plain = writerOf(dtype);
  const hasScale = subtract !== 0 || divide !== 1;
  const scale = (value: number | bigint): number => (Number(value) - subtract) / divide;
  const write: Write = hasScale ? (data, index, value) => plain(data, index, scale(value)) : plain;
  const buffer = allocate(dtype, 1);
  return {
    write,
    inRange: (value) => write(buffer, 0, value),
    issueFor(value) {
      const [least, most] = RANGE_OF[dtype];
      const written = hasScale ? scale(value) : value;
      if (written >= least && written <= most) return NOT_INTEGER;
      const bound = written > most ? most : least;
      const limit = hasScale ? reverseScale(bound, subtract, divide) : bound;
      return written > most === divide > 0 ? notAtMost(limit) : notAtLeast(limit);
    },
  };
}

function reverseScale(bound: number | bigint, subtract: number, divide: number): number {
  const value = Number(bound) * divide + subtract;
  return Number.isFinite(value) ? value : Math.sign(value) * Number.MAX_VALUE;
}

function writerOf(dtype: NumericDType): Write {
  switch (dtype) {
    case 'float32':
    case 'float64':
      return writeFloat;
    case 'int64':
    case 'uint64':
      return bigWriter(RANGE_OF[dtype] as readonly [bigint, bigint]);
    case 'bool':
      return (data, index, value) => writeInteger(data, index, value) && Number(value) <= 1;
    default:
      return writeInteger;
  }
}

/** What was written is read back: a number too large for the dtype has become infinite. */
function writeFloat(data: TensorData, index: number, value: number | bigint): boolean {
  const array = data as Float32Array;
  array[index] = Number(value);
  const written = array[index];
  return written !== Infinity && written !== -Infinity;
}

/** What was written is read back: a fraction or a number out of range has become another. */
function writeInteger(data: TensorData, index: number, value: number | bigint): boolean {
  const array = data as Int32Array;
  const number = Number(value);
  array[index] = number;
  return array[index] === number;
}

function bigWriter([least, most]: readonly [bigint, bigint]): Write {
  return (data, index, value) => {
    if (typeof value === 'number' && !Number.isInteger(value)) return false;
    const big = BigInt(value);
    if (big < least || big > most) return false;
    (data as BigInt64Array)[index] = big;
    return true;
  };
}
