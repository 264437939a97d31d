import type { FieldSchema, RowSchema } from '../signature.js';
import { acceptsTexts } from './text-input.js';

/**
 * Which of several inputs a bare row is meant for, by the names of its fields: those that hold all of them, and most of
 * whose required ones are given. Names that none knows do not count (unknown fields are ignored everywhere). Where names
 * alone do not decide, inputs are left out that take a text (they have `POST /predict`) or lists and images (no bare row
 * is written by hand for those).
 *
 * @param names  fields of the row.
 * @returns one where it is clear.
 */
export function inputsMeantBy(inputs: readonly RowSchema[], names: readonly string[]): RowSchema[] {
  const known = names.filter((name) => inputs.some(({ properties }) => Object.hasOwn(properties, name)));
  const fitting = inputs.filter(({ properties }) => known.every((name) => Object.hasOwn(properties, name)));
  const given = ({ required = [] }: RowSchema) => required.filter((name) => known.includes(name)).length;
  const most = Math.max(0, ...fitting.map(given));
  const best = fitting.filter((input) => given(input) === most);
  return best.length > 1 ? best.filter(takesScalars) : best;
}

/** Whether a row, unless it is but a text, has values as people type them. */
function takesScalars(input: RowSchema): boolean {
  const isTyped = ({ type, format }: FieldSchema) => ![type].flat().includes('array') && format !== 'image';
  return !acceptsTexts(input) && Object.values(input.properties).some(isTyped);
}
