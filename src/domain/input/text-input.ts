import type { RowSchema } from '../signature.js';

/** The field that makes a model one for texts; those have short routes of their own (`POST /predict`). */
export const TEXT_FIELD = 'text';

/** Whether a row of only `{text}` can satisfy the contract. */
export function acceptsTexts({ properties, required = [] }: RowSchema): boolean {
  const type = Object.hasOwn(properties, TEXT_FIELD) ? [properties[TEXT_FIELD]!.type].flat() : [];
  return type.includes('string') && required.every((name) => name === TEXT_FIELD);
}
