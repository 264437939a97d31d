import type { EncodeSpec, TensorEncoding } from '../../domain/encode-spec.js';
import type { TensorSpec } from '../../domain/tensor.js';
import { mismatch } from './encode-scope.js';

/**
 * Names the one tensor that a run leaves to the model.
 *
 * @param inputs  of the loaded model.
 * @returns the same spec when every tensor has its name.
 * @throws RunError `SIGNATURE_MISMATCH` when the model has several inputs.
 */
export function nameInputs(encode: EncodeSpec, inputs: readonly TensorSpec[]): EncodeSpec {
  const index = encode.tensors.findIndex((encoding) => encoding.kind !== 'tokenizer' && encoding.tensor === undefined);
  if (index === -1) return encode;
  const [only] = inputs;
  if (only && inputs.length === 1) {
    return { ...encode, tensors: [{ ...encode.tensors[index]!, tensor: only.name } as TensorEncoding] };
  }
  const names = inputs.map(({ name }) => `"${name}"`).join(', ');
  throw mismatch(`/encode/tensors/${index}`, `names no tensor, and the model has several inputs: ${names}`);
}
