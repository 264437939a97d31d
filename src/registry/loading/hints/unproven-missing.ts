import { fieldOf } from '../../../codec/rows.js';
import type { EncodeSpec } from '../../../domain/encode-spec.js';
import type { Run } from '../../../domain/run.js';

/**
 * Fields that rows may leave out, of which `encode` says what stands in their place, and which every example has: nothing
 * shows that it is what training had there.
 *
 * @param encode  as the owner of the run wrote it.
 */
export function unprovenMissing({ signature, examples }: Run, encode: EncodeSpec): string[] {
  const { properties, required = [] } = signature.input;
  const parts = encode.tensors.flatMap((tensor): readonly object[] =>
    tensor.kind === 'columns' ? tensor.columns : [tensor],
  );
  const fields = parts.flatMap((part) =>
    'missing' in part && part.missing !== undefined && 'field' in part ? [String(part.field)] : [],
  );
  return [...new Set(fields)].filter((name) => {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const mayBeMissing = !required.includes(name) || [schema?.type].flat().includes('null');
    if (!schema || !mayBeMissing || (schema.default ?? null) !== null) return false;
    return examples.every(({ input }) => (fieldOf(input, name) ?? null) !== null);
  });
}
