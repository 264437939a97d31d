import fc from 'fast-check';

import type { FieldSchema, RowSchema } from '../domain/signature.js';
import type { JsonValue } from '../lib/json/json.js';
import { measureJson } from '../lib/json/json-size.js';
import { valueBoundsOf } from './value-bounds.js';
import type { ValueBounds } from './value-bounds.js';

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
  const boundsOf = (...inputs: readonly RowSchema[]) => valueBoundsOf(inputs, false)!;
  /** By how much a body stays below its bounds, the part aside that does not depend on the rows. */
  const spareOf = ({ marks, members }: ValueBounds, body: object, indent?: number) => {
    const size = measureJson(JSON.stringify(body, undefined, indent), ['inputs', 'data']);
    const rows = Math.max(1, size.longest.length);
    return { marks: marks.perRow * rows - size.marks, members: members.perRow * rows - size.members };
  };
  const counts = fc.integer({ min: 1, max: 60 });

  it('let every body pass whose rows have the fields of the run, as large as they may be', () => {
    fc.assert(
      fc.property(schemas, counts, fc.constantFrom(undefined, 2), (schema, count, indent) => {
        const body = { model: 'm', include: ['notes'], inputs: new Array<unknown>(count).fill(largestRow(schema)) };
        const spare = spareOf(boundsOf(schema), body, indent);

        expect(spare.marks).toBeGreaterThan(-10);
        expect(spare.members).toBeGreaterThan(-10);
      }),
    );
  });

  it('let every body pass whose rows are lists in the order of columns', () => {
    fc.assert(
      fc.property(schemas, counts, (schema, count) => {
        const row = largestRow({ ...schema, additionalProperties: false });
        const body = { columns: Object.keys(row), data: new Array<unknown>(count).fill(Object.values(row)) };

        expect(spareOf(boundsOf(schema), body).marks).toBeGreaterThan(-30);
      }),
    );
  });

  it('let every body pass for any of several runs, rows or the one bare row', () => {
    fc.assert(
      fc.property(fc.array(schemas, { minLength: 1, maxLength: 4 }), fc.nat(3), counts, (inputs, index, count) => {
        const row = largestRow(inputs[index % inputs.length]!);
        for (const body of [row, { inputs: new Array<unknown>(count).fill(row) }]) {
          const spare = spareOf(boundsOf(...inputs), body);

          expect(spare.marks).toBeGreaterThan(-10);
          expect(spare.members).toBeGreaterThan(-10);
        }
      }),
    );
  });

  it('are by the fields of the run: of members also where its lists have no end', () => {
    const number = { type: 'number' } as const;
    const fields = { a: number, b: { type: 'array', items: number, maxItems: 10 } } as const;
    const schema = { type: 'object', properties: fields, additionalProperties: false } as const;
    const endless = { ...schema, properties: { b: { type: 'array', items: number } } } as const;

    expect(boundsOf(schema)).toEqual({
      marks: { base: 100_000, perRow: 2 * (2 + 2 + 2 + 11) },
      members: { base: 50_000, perRow: 2 * 2 },
    });
    expect(boundsOf({ ...schema, additionalProperties: true })).toMatchObject({
      marks: { perRow: 34 + 1_000 },
      members: { perRow: 4 + 500 },
    });
    expect(valueBoundsOf([schema], true)).toEqual(boundsOf({ ...schema, additionalProperties: true }));
    expect(boundsOf(endless)).toMatchObject({ marks: { perRow: Infinity }, members: { perRow: 2 } });
    expect(valueBoundsOf([], true)).toBeUndefined();
  });
});
