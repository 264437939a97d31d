import type { DecodeSpec, HeadDecode } from '../../domain/decode-spec.js';
import type { TensorSpec } from '../../domain/tensor.js';
import { mismatch } from '../encode/encode-scope.js';

/**
 * `decode` with the name of the model's one output where the run leaves it out.
 *
 * @throws RunError `SIGNATURE_MISMATCH` when the model has several.
 */
export function nameOnlyOutput(decode: DecodeSpec, outputs: readonly TensorSpec[]): DecodeSpec {
  const name = <T extends HeadDecode>(head: T, pointer: string): T =>
    lacksTensor(head) ? { ...head, tensor: onlyName(outputs, pointer) } : head;
  if (decode.kind !== 'heads') return name(decode, '/decode');
  return { ...decode, heads: decode.heads.map((head, i) => name(head, `/decode/heads/${i}`)) };
}

function lacksTensor(head: HeadDecode): boolean {
  if (head.kind === 'tensors' || head.tensor !== undefined) return false;
  // An interval may name a tensor for each of its numbers.
  return head.kind !== 'interval' || [head.low, head.high, head.value].some((source) => typeof source === 'number');
}

function onlyName(outputs: readonly TensorSpec[], pointer: string): string {
  const [only, second] = outputs;
  if (only && !second) return only.name;
  if (!only) throw mismatch(`${pointer}/tensor`, 'the model has no output that can be read');
  const names = outputs.map(({ name }) => `"${name}"`).join(', ');
  throw mismatch(`${pointer}/tensor`, `is needed, because the model has not one output: its outputs are ${names}`);
}
