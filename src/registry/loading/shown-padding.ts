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
 * Inputs of examples with other numbers in the lists that the run fills up, negative where they are positive: a maximum that
 * zeros do not change among positive numbers is another one among negative ones. Empty where nothing is filled up.
 */
export function withOtherNumbers({ tensors }: EncodeSpec, examples: Run['examples']): JsonObject[] {
  const fields = tensors.flatMap((one) => (one.kind === 'array' && one.pad !== undefined ? [one.field] : []));
  if (fields.length === 0) return [];
  return examples.map(({ input }) => {
    const lists = fields.map((field) => [field, changed(fieldOf(input, field) ?? null)]);
    return { ...input, ...(Object.fromEntries(lists) as JsonObject) };
  });
}

/** Zero changes, too: a list of zeros, or one whose sum is zero, shows little. */
function changed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(changed);
  if (typeof value === 'bigint') return -value - 1n;
  return typeof value === 'number' ? -value - 1 : value;
}

/** How many items lists have, by the first of each level. */
function sizesOf(value: JsonValue | undefined, levels: number): number[] {
  if (!Array.isArray(value) || levels === 0) return [];
  return [value.length, ...sizesOf(value[0], levels - 1)];
}
