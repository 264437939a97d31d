import fc from 'fast-check';

import type { FieldSchema, RowSchema } from '../domain/signature.js';
import type { JsonValue } from '../lib/json.js';
import { measureJson } from '../lib/json-size.js';
import { valueBoundsOf } from './value-bounds.js';

const scalar = fc.constantFrom<FieldSchema>(
  { type: 'string' },
  { type: ['number', 'null'] },
  { type: 'integer' },
  { type: 'boolean' },
);
const { field } = fc.letrec<{ field: FieldSchema }>((tie) => ({
  field: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.record({
      type: fc.constantFrom<FieldSchema['type']>('array', ['array', 'null']),
      items: tie('field'),
      maxItems: fc.nat(6),
    }),
  ),
}));
const schemas = fc.record<RowSchema>({
  type: fc.constant('object' as const),
  properties: fc.dictionary(fc.string({ maxLength: 8 }), field, { maxKeys: 8 }),
  additionalProperties: fc.boolean(),
});

/** The largest value that a field takes: lists as long as they may be, texts full of what counts outside of them. */
function largestOf({ type, items, maxItems = 0 }: FieldSchema): JsonValue {
  if ([type].flat().includes('array')) return Array.from({ length: maxItems }, () => largestOf(items!));
  return [type].flat().includes('string') ? '[{"a":1},\\' : 12;
}

function largestRow({ properties, additionalProperties }: RowSchema): Record<string, JsonValue> {
  const row = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, largestOf(schema)]));
  const others = Array.from({ length: 500 }, (_, i): [string, JsonValue] => [`other ${i}`, i]);
  return additionalProperties ? { ...Object.fromEntries(others), ...row } : row;
}

describe(valueBoundsOf.name, () => {
  /** By how much the marks of a body stay below its bound, the part aside that does not depend on the rows. */
  const spareMarks = (schema: RowSchema, body: object, indent: number | undefined) => {
    const { marks, longest } = measureJson(JSON.stringify(body, undefined, indent), ['inputs', 'data']);
    return valueBoundsOf(schema)!.perRow * longest.length - marks;
  };

  it('let every body pass whose rows have the fields of the run, as large as they may be', () => {
    fc.assert(
      fc.property(schemas, fc.integer({ min: 1, max: 60 }), fc.constantFrom(undefined, 2), (schema, count, indent) => {
        const body = { model: 'm', include: ['notes'], inputs: new Array<unknown>(count).fill(largestRow(schema)) };

        expect(spareMarks(schema, body, indent)).toBeGreaterThan(-10);
      }),
    );
  });

  it('let every body pass whose rows are lists in the order of columns', () => {
    fc.assert(
      fc.property(schemas, fc.integer({ min: 1, max: 60 }), (schema, count) => {
        const row = largestRow({ ...schema, additionalProperties: false });
        const body = { columns: Object.keys(row), data: new Array<unknown>(count).fill(Object.values(row)) };

        expect(spareMarks(schema, body, undefined)).toBeGreaterThan(-30);
      }),
    );
  });

  it('are by the fields of the run, and none where its lists have no end', () => {
    const number = { type: 'number' } as const;
    const fields = { a: number, b: { type: 'array', items: number, maxItems: 10 } } as const;
    const schema = { type: 'object', properties: fields, additionalProperties: false } as const;

    expect(valueBoundsOf(schema)).toEqual({ base: 100_000, perRow: 2 * (2 + 2 + 2 + 11) });
    expect(valueBoundsOf({ ...schema, additionalProperties: true })!.perRow).toBe(34 + 1_000);
    expect(valueBoundsOf({ ...schema, properties: { b: { type: 'array', items: number } } })).toBeUndefined();
  });
});
