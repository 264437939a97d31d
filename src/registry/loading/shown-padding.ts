import { fieldOf } from '../../codec/rows.js';
import type { EncodeSpec } from '../../domain/encode-spec.js';
import type { Run } from '../../domain/run.js';
import type { JsonObject, JsonValue } from '../../lib/json/json.js';

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

/**
 * Inputs of examples with the numbers of the lists that the run fills up negated: a maximum that zeros do not change among
 * positive numbers is another one among negative ones. Empty where nothing is filled up.
 */
export function withNegatedLists({ tensors }: EncodeSpec, examples: Run['examples']): JsonObject[] {
  const fields = tensors.flatMap((one) => (one.kind === 'array' && one.pad !== undefined ? [one.field] : []));
  if (fields.length === 0) return [];
  return examples.map(({ input }) => {
    const lists = fields.map((field) => [field, negated(fieldOf(input, field) ?? null)]);
    return { ...input, ...(Object.fromEntries(lists) as JsonObject) };
  });
}

function negated(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(negated);
  return typeof value === 'number' || typeof value === 'bigint' ? -value : value;
}

/** How many items lists have, by the first of each level. */
function sizesOf(value: JsonValue | undefined, levels: number): number[] {
  if (!Array.isArray(value) || levels === 0) return [];
  return [value.length, ...sizesOf(value[0], levels - 1)];
}
