import { Tensor as OrtTensor } from 'onnxruntime-node';

import { DTYPES } from '../../domain/tensor.js';
import type { DType, Tensor } from '../../domain/tensor.js';

const KNOWN: ReadonlySet<string> = new Set(DTYPES);

/** Our name of an ONNX element type (they are the same words), `null` for one we do not carry, e.g. `float16`. */
export function dtypeOf(onnxType: string): DType | null {
  return KNOWN.has(onnxType) ? (onnxType as DType) : null;
}

/** A tensor as ONNX Runtime takes it; the data is shared, not copied. */
export function toOrt(tensor: Tensor): OrtTensor {
  return new OrtTensor(tensor.dtype, tensor.data, tensor.shape);
}

/**
 * A result of ONNX Runtime as our tensor; the data is shared, not copied.
 *
 * @throws Error when the element type is none of ours.
 */
export function fromOrt(tensor: OrtTensor): Tensor {
  const dtype = dtypeOf(tensor.type);
  if (!dtype) throw new Error(`ONNX Runtime gave a tensor of ${tensor.type}`);
  return { dtype, shape: tensor.dims, data: tensor.data };
}
