import type { FieldSchema } from '../../domain/signature.js';
import { describeField, inputSchema, outputSchema, querySchema } from './row-schemas.js';

const rowOf = (properties: Record<string, FieldSchema>, required: string[] = []) =>
  ({ type: 'object', properties, required }) as const;

describe('the schema of an input row', () => {
  it('says unit, range and default in words too', () => {
    const age: FieldSchema = {
      type: 'number',
      description: 'Age.',
      unit: 'years',
      minimum: 0,
      maximum: 150,
      default: 30,
    };

    expect(describeField(age)).toBe('Age. Unit: years. Range: 0 to 150. Default: 30.');
    expect(describeField({ type: 'number', exclusiveMinimum: 0 })).toBe('Range: more than 0.');
    expect(describeField({ type: 'number' })).toBeUndefined();
  });

  it('says a default in words alone: a generator of TypeScript types makes a field that has one required', () => {
    const rooms: FieldSchema = { type: 'integer', minimum: 1, default: 3 };

    const { properties } = inputSchema(rowOf({ rooms })) as { properties: object };

    expect(properties).toEqual({
      rooms: { type: 'integer', minimum: 1, description: 'Range: at least 1. Default: 3.' },
    });
  });

  it('keeps a field named __proto__, and fields named like keywords', () => {
    const fields = Object.fromEntries(
      ['__proto__', '$ref', 'properties', 'default'].map((name) => [name, { type: 'number' }]),
    );

    const { properties } = inputSchema(rowOf(fields as never)) as { properties: object };

    expect(Object.keys(properties)).toEqual(['__proto__', '$ref', 'properties', 'default']);
  });

  it('drops keywords that point into the run’s own document, but not data that looks like them', () => {
    const field = { type: 'string', $ref: '#/$defs/x', examples: [{ $ref: 'kept' }] } as unknown as FieldSchema;

    expect(inputSchema(rowOf({ a: field }))).toMatchObject({
      properties: { a: { type: 'string', examples: [{ $ref: 'kept' }] } },
    });
    expect(JSON.stringify(inputSchema(rowOf({ a: field })))).not.toContain('$defs');
  });
});

describe('the schema of an output row', () => {
  it('requires every field except those given on request', () => {
    const schema = outputSchema(rowOf({ tags: { type: 'array' }, probabilities: { type: 'array' } }), [
      'probabilities',
    ]);

    expect(schema.required).toEqual(['tags']);
    expect(schema.properties).toMatchObject({
      probabilities: { description: 'Only when `include` names `probabilities`.' },
    });
  });
});

describe('a field as a query parameter', () => {
  it('cannot be null and fills in no default', () => {
    expect(querySchema({ type: ['integer', 'null'], enum: [1, null], default: 1 })).toEqual({
      type: 'integer',
      enum: [1],
    });
  });

  it('is JSON text for a list', () => {
    expect(querySchema({ type: 'array', items: { type: 'number' } })).toEqual({
      type: 'string',
      contentMediaType: 'application/json',
      contentSchema: { type: 'array', items: { type: 'number' } },
    });
  });
});
