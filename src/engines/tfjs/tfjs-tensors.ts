import * as tf from '@tensorflow/tfjs-core';

import type { DType, NumericData, Tensor } from '../../domain/tensor.js';

/** TensorFlow.js has four element types; all whole numbers travel as int32. */
const TFJS_TYPE: Record<DType, 'float32' | 'int32' | 'bool' | 'string'> = {
  float32: 'float32',
  float64: 'float32',
  int8: 'int32',
  uint8: 'int32',
  int16: 'int32',
  uint16: 'int32',
  int32: 'int32',
  uint32: 'int32',
  int64: 'int32',
  uint64: 'int32',
  bool: 'bool',
  string: 'string',
};

const DTYPE_OF_WORD: Readonly<Record<string, DType>> = {
  float32: 'float32',
  int32: 'int32',
  bool: 'bool',
  string: 'string',
  DT_FLOAT: 'float32',
  DT_DOUBLE: 'float64',
  DT_INT8: 'int8',
  DT_UINT8: 'uint8',
  DT_INT16: 'int16',
  DT_UINT16: 'uint16',
  DT_INT32: 'int32',
  DT_UINT32: 'uint32',
  DT_INT64: 'int64',
  DT_UINT64: 'uint64',
  DT_BOOL: 'bool',
  DT_STRING: 'string',
};

/** Our name of an element type from the word of TensorFlow.js (`float32`) or TensorFlow (`DT_FLOAT`); `null` if unknown. */
export function dtypeOf(word: unknown): DType | null {
  return (typeof word === 'string' && DTYPE_OF_WORD[word]) || null;
}

/** Dimensions with `null` for one that varies (-1 or null there); `null` for an unknown shape. */
export function shapeOf(dimensions: unknown): (number | null)[] | null {
  if (!Array.isArray(dimensions)) return null;
  return dimensions.map((size) => (size === null || Number(size) < 0 ? null : Number(size)));
}

/**
 * A tensor of TensorFlow.js on the present backend.
 *
 * @throws RangeError when a whole number does not fit int32: rounding it in silence would predict for another row.
 */
export function toTfjs(tensor: Tensor): tf.Tensor {
  const type = TFJS_TYPE[tensor.dtype];
  const shape = [...tensor.shape];
  if (type === 'string' || type === 'bool') return tf.tensor(tensor.data as string[] | Uint8Array, shape, type);
  const data = tensor.data as NumericData;
  const converted = type === 'float32' ? toFloat32(data) : toInt32(data);
  return tf.tensor(converted, shape, type);
}

function toFloat32(data: NumericData): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>);
}

function toInt32(data: NumericData): Int32Array {
  if (data instanceof Int32Array) return data;
  return Int32Array.from(data as ArrayLike<number | bigint>, (value) => {
    const integer = Number(value);
    if (integer !== (integer | 0)) throw new RangeError(`${value} does not fit the int32 of TensorFlow.js`);
    return integer;
  });
}

/**
 * A result of TensorFlow.js as our tensor. The data is a copy: on the CPU backend a result may share its memory with
 * the model's weights, and results are given away.
 */
export async function fromTfjs(tensor: tf.Tensor): Promise<Tensor> {
  const { shape } = tensor;
  if (tensor.dtype === 'string') return { dtype: 'string', shape, data: await tensor.data<'string'>() };
  const data: unknown = await tensor.data();
  // TensorFlow.js types the int64 results of a SavedModel as int32, although they hold 64-bit integers.
  if (data instanceof BigInt64Array) return { dtype: 'int64', shape, data: new BigInt64Array(data) };
  const values = data as ArrayLike<number>;
  if (tensor.dtype === 'float32') return { dtype: 'float32', shape, data: new Float32Array(values) };
  if (tensor.dtype === 'int32') return { dtype: 'int32', shape, data: new Int32Array(values) };
  if (tensor.dtype === 'bool') return { dtype: 'bool', shape, data: new Uint8Array(values) };
  throw new Error(`TensorFlow.js gave a tensor of ${tensor.dtype}`);
}
