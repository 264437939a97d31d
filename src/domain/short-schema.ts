import { shortExample, shortExamples } from '../lib/short-example.js';
import type { FieldSchema, RowSchema } from './signature.js';

/** A row schema with every rule, but without long examples and annotations (`x-…`): an image is 150,000 numbers. */
export function withShortRowExamples(row: RowSchema): RowSchema {
  const fields = Object.entries(row.properties).map(([name, field]) => [name, withShortExamples(field)] as const);
  return { ...row, properties: Object.fromEntries(fields) };
}

/** A field with every rule, but without long examples and annotations. The order of its keywords stays. */
export function withShortExamples(field: FieldSchema): FieldSchema {
  const entries = Object.entries(field).map(([key, value]): [string, unknown] => {
    if (key === 'examples') return [key, shortExamples(value as readonly unknown[])];
    if (key === 'items') return [key, withShortExamples(value as FieldSchema)];
    return [key, key.startsWith('x-') ? shortExample(value) : value];
  });
  return Object.fromEntries(entries) as unknown as FieldSchema;
}
