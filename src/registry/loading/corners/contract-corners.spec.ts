import { sumRun } from '../../../../test/support/stores/build-store.js';
import type { Run } from '../../../domain/run.js';
import type { FieldSchema } from '../../../domain/signature.js';
import type { JsonObject } from '../../../lib/json/json.js';
import { cornersOf } from './contract-corners.js';

const runOf = (properties: Record<string, FieldSchema>, input: JsonObject, required: string[] = []): Run => ({
  ...sumRun('adder-1', '0'.repeat(64)),
  signature: {
    input: { type: 'object', properties, required },
    output: { type: 'object', properties: { sum: { type: 'number' } } },
  },
  examples: [{ input, output: { sum: 1 } }],
});
/** The claims of the corners of one required field, and its value in each. */
const cornersOfField = (schema: FieldSchema, value: JsonObject['x'], hasLargeNumbers = true) =>
  cornersOf(runOf({ x: schema }, { x: value! }, ['x']), hasLargeNumbers).map(({ claim, row }) => [claim, row.x]);

describe(cornersOf.name, () => {
  it('are large numbers where a number has no limit', () => {
    expect(cornersOfField({ type: 'integer' }, 3)).toEqual([
      ['"x" is open above', 2147483647],
      ['"x" is open below', -2147483648],
    ]);
    expect(cornersOfField({ type: 'integer', multipleOf: 10 }, 10)).toEqual([
      ['"x" is open above', 2147483640],
      ['"x" is open below', -2147483640],
    ]);
  });

  it('are the limits of a number', () => {
    expect(cornersOfField({ type: 'number', minimum: -1, maximum: 8 }, 2.5)).toEqual([
      ['"x" may be 8', 8],
      ['"x" may be -1', -1],
    ]);
    expect(cornersOfField({ type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 5 }, 2)).toEqual([
      ['"x" may be 4', 4],
      ['"x" may be 1', 1],
    ]);
    expect(cornersOfField({ type: 'integer', minimum: 1, maximum: 2 }, 2)).toEqual([['"x" may be 1', 1]]);
  });

  it('are no large numbers where those would have the model compute more', () => {
    expect(cornersOfField({ type: 'integer', minimum: 0 }, 3, false)).toEqual([['"x" may be 0', 0]]);
    expect(cornersOfField({ type: 'integer', minimum: 0, maximum: 1_000_000 }, 3, false)).toEqual([
      ['"x" may be 0', 0],
    ]);
  });

  it('are limits of the first number of a list, in lists too', () => {
    const items: FieldSchema = { type: 'array', items: { type: 'integer', minimum: 0, maximum: 99 } };
    expect(cornersOfField({ type: 'array', items }, [[5, 6], [7]])).toEqual([
      ['A number of "x" may be 99', [[99, 6], [7]]],
      ['A number of "x" may be 0', [[0, 6], [7]]],
    ]);
    expect(cornersOfField({ type: 'array', items }, [])).toEqual([]);
  });

  it('leave the choice between alternatives as the example has it', () => {
    const text: FieldSchema = { type: 'string' };
    const run = runOf({ text, other: text, x: { type: 'boolean' } }, { text: 'A', x: true }, ['x']);
    const { input } = run.signature;
    const oneOf = [{ required: ['text'] }, { required: ['other'] }];

    const corners = cornersOf({ ...run, signature: { ...run.signature, input: { ...input, oneOf } } }, true);

    expect(corners.map(({ row }) => Object.keys(row))).toEqual([['text', 'x']]);
  });

  it('are null, and a row without the field, where the contract allows them', () => {
    const input = { a: 'A', b: 'B' };
    const schema: FieldSchema = { type: ['string', 'null'], enum: ['A', 'B', null] };
    const corners = cornersOf(runOf({ a: schema, b: { type: 'string', enum: ['A', 'B'] } }, input, ['a']), true);

    expect(corners.map(({ claim, row }) => [claim, row])).toEqual([
      ['"a" may be null', { a: null, b: 'B' }],
      ['"b" may be left out', { a: 'A' }],
    ]);
  });

  it('are texts that were never seen, as long as they may be', () => {
    expect(cornersOfField({ type: 'string', maxLength: 6 }, 'A')).toEqual([
      ['"x" may be any text, also one that was never seen', 'a text'],
    ]);
    for (const rule of [{ enum: ['A'] }, { pattern: '^A$' }, { format: 'date' as const }]) {
      expect(cornersOfField({ type: 'string', ...rule }, 'A')).toEqual([]);
    }
  });

  it('are none without an example, and at most 128', () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`x${i}`, { type: 'number' } as const]));
    const row = Object.fromEntries(Object.keys(many).map((name) => [name, 1]));

    expect(cornersOf({ ...runOf({}, {}), examples: [] }, true)).toEqual([]);
    expect(cornersOf(runOf(many, row), true)).toHaveLength(128);
  });
});
