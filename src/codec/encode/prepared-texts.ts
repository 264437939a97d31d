import type { PreparedText, TextStep } from '../../domain/encode-spec.js';
import type { JsonObject } from '../../lib/json/json.js';
import type { RowSchema } from '../../domain/signature.js';
import { mismatch } from './encode-scope.js';
import type { PreparedRow } from './encode-scope.js';
import { fieldOf, newRow } from '../rows.js';
import { typeOf } from '../validate/schema-check.js';
import { stripSpaces } from '../text/python-spaces.js';
import { cleanText } from '../text/text-cleaning.js';

const NOTHING: PreparedRow = Object.freeze(newRow()) as PreparedRow;

/**
 * Compiles the texts derived from input fields before encoding.
 *
 * @throws RunError `SIGNATURE_MISMATCH` when a name is taken or a field is not a text.
 */
export function compilePrepare(
  prepare: readonly PreparedText[],
  input: RowSchema,
): (rows: readonly JsonObject[]) => PreparedRow[] {
  checkPrepare(prepare, input);
  if (prepare.length === 0) return (rows) => rows.map(() => NOTHING);
  return (rows) => rows.map((row) => prepareRow(prepare, row));
}

function prepareRow(prepare: readonly PreparedText[], row: JsonObject): PreparedRow {
  const prepared = newRow();
  for (const { name, field, steps } of prepare) {
    const text = fieldOf(row, field);
    if (typeof text === 'string') prepared[name] = steps.reduce(applyStep, text);
  }
  return prepared as PreparedRow;
}

function applyStep(text: string, step: TextStep): string {
  switch (step.kind) {
    case 'lowercase':
      return text.toLowerCase();
    case 'trim':
      return stripSpaces(text);
    case 'clean':
      return cleanText(text, step);
  }
}

function checkPrepare(prepare: readonly PreparedText[], input: RowSchema): void {
  const names = new Set(Object.keys(input.properties));
  prepare.forEach(({ name, field }, i) => {
    const pointer = `/encode/prepare/${i}`;
    const schema = Object.hasOwn(input.properties, field) ? input.properties[field] : undefined;
    if (!schema) throw mismatch(pointer, `signature.input has no field "${field}"`);
    if (typeOf(schema) !== 'string') throw mismatch(pointer, `the field "${field}" is not a string`);
    if (names.has(name)) throw mismatch(pointer, `the name "${name}" is taken`);
    names.add(name);
  });
}
