import { shortExample, shortExamples } from '../lib/json/short-example.js';
import { mapInnerFields } from './signature.js';
import type { OutputFieldSchema, RowSchema } from './signature.js';

/** A row schema with every rule, but without long examples and annotations (`x-…`): an image is 150,000 numbers. */
export function withShortRowExamples<Field extends OutputFieldSchema>(row: RowSchema<Field>): RowSchema<Field> {
  const fields = Object.entries(row.properties).map(([name, field]) => [name, withShortExamples(field)] as const);
  return { ...row, properties: Object.fromEntries(fields) };
}

/** A field with every rule, but without long examples and annotations. The order of its keywords stays. */
export function withShortExamples<Field extends OutputFieldSchema>(field: Field): Field {
  const entries = Object.entries(field).map(([key, value]): [string, unknown] => {
    if (key === 'examples') return [key, shortExamples(value as readonly unknown[])];
    return [key, key.startsWith('x-') ? shortExample(value) : value];
  });
  return mapInnerFields(Object.fromEntries(entries) as unknown as Field, withShortExamples);
}
