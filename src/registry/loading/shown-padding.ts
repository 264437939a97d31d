import { fieldOf } from '../../codec/rows.js';
import type { EncodeSpec } from '../../domain/encode-spec.js';
import type { Run } from '../../domain/run.js';
import type { JsonValue } from '../../lib/json/json.js';

/**
 * Whether examples have lists of several lengths wherever the run fills them up: only then the check that rows may share a
 * call tells whether filling changes an answer.
 */
export function showsPadding({ tensors }: EncodeSpec, examples: Run['examples']): boolean {
  return tensors.every((tensor) => {
    if (tensor.kind !== 'array' || tensor.pad === undefined || !tensor.shape.includes(null)) return true;
    const sizes = examples.map(({ input }) => sizesOf(fieldOf(input, tensor.field), tensor.shape.length).join());
    return new Set(sizes).size > 1;
  });
}

/** How many items lists have, by the first of each level. */
function sizesOf(value: JsonValue | undefined, levels: number): number[] {
  if (!Array.isArray(value) || levels === 0) return [];
  return [value.length, ...sizesOf(value[0], levels - 1)];
}
