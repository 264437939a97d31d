/** Element types a tensor may have; the names are ONNX's, and the same in code, run files and docs. */
export const DTYPES = [
  'float32',
  'float64',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
  'string',
] as const;

export type DType = (typeof DTYPES)[number];

/** Typed array that holds a tensor's elements; `bool` uses bytes 0 and 1. */
export type NumericData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export type TensorData = NumericData | string[];

/** Elements in row-major order. `shape[0]` is the number of rows in everything that predicts. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Tensors by the model's own input or output name; such names need not be identifiers. */
export type NamedTensors = ReadonlyMap<string, Tensor>;

const ARRAY_OF = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

/** Zeroed storage for `length` elements; empty strings for `string`. */
export function allocate(dtype: DType, length: number): TensorData {
  return dtype === 'string' ? new Array<string>(length).fill('') : new ARRAY_OF[dtype](length);
}

/** Number of elements a shape holds; 1 for the empty shape of a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Rows of a batch: the first dimension of a tensor, 1 for a scalar. */
export function rowsOf(tensor: Tensor): number {
  return tensor.shape[0] ?? 1;
}

/** An input or output as a model itself declares it. Parts the model does not say are `null`. */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: DType | null;
  /** Dimensions; `null` for one that varies. The whole is `null` when the model does not say. */
  readonly shape: readonly (number | null)[] | null;
  /** What its columns stand for, where the model says: the classes of probabilities. */
  readonly labels?: readonly (string | bigint)[];
}

/** An output that cannot be read, such as a list of maps. It is no reason to reject a run that does not read it. */
export interface UnreadableOutput {
  readonly name: string;
  /** A sentence: what it is, and what to do. */
  readonly message: string;
}

/** What a loaded model says of itself. */
export interface ModelSpec {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Outputs that are no tensors, or of element types that are not carried; none unless said. */
  readonly unreadableOutputs?: readonly UnreadableOutput[];
}
