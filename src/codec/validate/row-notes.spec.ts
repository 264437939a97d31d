import type { FieldSchema } from '../../domain/signature.js';
import { compileRowNotes } from './row-notes.js';

const noteOf = (field: FieldSchema, value: unknown) =>
  compileRowNotes({ type: 'object', properties: { x: field } })({ x: value }, { x: value } as never).outside_training;
const integer: FieldSchema = { type: 'integer' };

describe('notes about a row', () => {
  it('compare int64 with what was seen, digit by digit', () => {
    const field = { ...integer, 'x-observed': { values: [1, 9007199254740993n] } };

    expect(noteOf(field, 9007199254740993n)).toEqual([]);
    expect(noteOf(field, 9007199254740994n)).toEqual(['x']);
    expect(noteOf({ ...integer, 'x-observed': { maximum: 5 } }, 9007199254740993n)).toEqual(['x']);
  });

  it('take what was seen of the items of a list, too', () => {
    const items = { ...integer, 'x-observed': { minimum: 0 } };

    expect(noteOf({ type: 'array', items }, [1, -1])).toEqual(['x']);
    expect(noteOf({ type: 'array', items }, [1, 2])).toEqual([]);
  });

  it('say nothing of what nobody saw', () => {
    expect(noteOf(integer, 1)).toEqual([]);
    expect(noteOf({ ...integer, 'x-observed': { mean: 3 } }, 1e9)).toEqual([]);
    expect(noteOf({ ...integer, 'x-observed': { missing: 0.5 } }, null)).toEqual([]);
  });

  it('name at most 100 unknown fields', () => {
    const given = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`f${i}`, 1]));

    expect(compileRowNotes({ type: 'object', properties: {} })(given, {}).unknown_fields).toHaveLength(100);
  });
});
