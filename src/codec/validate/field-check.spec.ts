import { BODY, QUERY, validate } from '../../../test/support/codec-calls.js';
import type { FieldSchema, RowSchema } from '../../domain/signature.js';
import { MAX_PROBLEMS } from './row-validator.js';

/** What one required field makes of a value: the clean value, or the problem without its place. */
function ask(field: FieldSchema, value: unknown, options = BODY): unknown {
  const schema: RowSchema = { type: 'object', properties: { x: field }, required: ['x'] };
  const { row, issues } = validate(schema, { x: value }, options);
  if (row) return row['x'];
  expect(issues).toHaveLength(1);
  expect(issues[0]!.loc).toEqual(['body', 'inputs', 0, 'x']);
  const { msg, type, ctx } = issues[0]!;
  return ctx ? [msg, type, ctx] : [msg, type];
}

const NOT_INTEGER = ['value is not a valid integer', 'type_error.integer'];
const NOT_FLOAT = ['value is not a valid float', 'type_error.float'];
const NOT_BOOL = ['value could not be parsed to a boolean', 'type_error.bool'];
const NOT_STRING = ['str type expected', 'type_error.str'];
const NOT_LIST = ['value is not a valid list', 'type_error.list'];
const NONE = ['none is not an allowed value', 'type_error.none.not_allowed'];

describe('a field check for an integer', () => {
  it.each([
    [9, 9],
    [9.0, 9],
    [-0, 0],
    ['9', 9],
    [' 10 ', 10],
    ['0010', 10],
    ['+9', 9],
    ['-9', -9],
    ['1_0', 10],
    ['\t9\n', 9],
    [5n, 5],
    [9007199254740993n, 9007199254740993n],
    ['9007199254740993', 9007199254740993n],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    [`${'0'.repeat(100)}9`, 9],
    [1e17, 100000000000000000n],
  ])('takes %p as %p', (value, expected) => {
    expect(ask({ type: 'integer' }, value)).toBe(expected);
  });

  it.each([
    9.5,
    true,
    false,
    NaN,
    Infinity,
    [],
    {},
    '',
    ' ',
    '9.0',
    '1e1',
    '0x10',
    'true',
    'null',
    '1__0',
    '_1',
    '1_',
    '+-1',
    '- 1',
    '٣',
    '９',
    'abc',
    9223372036854775808n,
    '9223372036854775808',
    1e19,
    -1e300,
    '9'.repeat(100_000),
    ' '.repeat(100_000),
    `${'1_'.repeat(50_000)}x`,
  ])('refuses %p', (value) => {
    expect(ask({ type: 'integer' }, value)).toEqual(NOT_INTEGER);
  });

  it('asks for a value', () => {
    expect(ask({ type: 'integer' }, null)).toEqual(NONE);
    expect(ask({ type: 'integer' }, undefined)).toEqual(['field required', 'value_error.missing']);
  });

  it('follows the same rules in a query', () => {
    for (const text of ['', ' ', '9.5', '1e1', 'true', 'null'])
      expect(ask({ type: 'integer' }, text, QUERY)).toEqual(NOT_INTEGER);
    for (const text of [' 10 ', '0010', '+10', '1_0']) expect(ask({ type: 'integer' }, text, QUERY)).toBe(10);
  });
});

describe('a field check for a number', () => {
  it.each([
    [9.5, 9.5],
    [-1e300, -1e300],
    ['9', 9],
    ['9.5', 9.5],
    ['-.5', -0.5],
    ['5.', 5],
    [' 1_000.25 ', 1000.25],
    ['1e-7', 1e-7],
    ['1E-05', 1e-5],
    ['1e+21', 1e21],
    ['1e16', 1e16],
    [9007199254740993n, 9007199254740993n],
    [10n ** 20n, 1e20],
    ['9'.repeat(25), 1e25],
  ])('takes %p as %p', (value, expected) => {
    expect(ask({ type: 'number' }, value)).toBe(expected);
  });

  it.each([
    true,
    NaN,
    Infinity,
    -Infinity,
    '',
    '.',
    '1e1',
    '1.5e3',
    '0e0',
    '1e400',
    '1e-400',
    'inf',
    'nan',
    'Infinity',
    'NaN',
    '0x10',
    '1,5',
    '1._5',
    '1_.5',
    10n ** 400n,
    '9'.repeat(400),
    [1],
    `${'1'.repeat(100_000)}x`,
  ])('refuses %p', (value) => {
    expect(ask({ type: 'number' }, value)).toEqual(NOT_FLOAT);
  });
});

describe('a field check for a boolean', () => {
  it('takes the words of the dialect in any case, and 0 and 1', () => {
    for (const value of [true, 1, 1n, 'true', '1', 'ON', 'Yes', 't', 'Y'])
      expect(ask({ type: 'boolean' }, value)).toBe(true);
    for (const value of [false, 0, 'False', '0', 'off', 'NO', 'f', 'n'])
      expect(ask({ type: 'boolean' }, value)).toBe(false);
  });

  it.each(['', ' true', '2', 'enable', 2, 0.5, [], {}, NaN])('refuses %p', (value) => {
    expect(ask({ type: 'boolean' }, value)).toEqual(NOT_BOOL);
  });
});

describe('a field check for a text', () => {
  it('takes texts only', () => {
    for (const value of [1, true, ['F'], {}]) expect(ask({ type: 'string' }, value)).toEqual(NOT_STRING);
    expect(ask({ type: 'string' }, '', QUERY)).toBe('');
  });

  it('counts code points, lone surrogates included', () => {
    expect(ask({ type: 'string', minLength: 2, maxLength: 2 }, '🙂🙂')).toBe('🙂🙂');
    expect(ask({ type: 'string', maxLength: 2 }, '\ud83d\ud83d')).toBe('\ud83d\ud83d');
    expect(ask({ type: 'string', minLength: 1 }, '')).toEqual([
      'ensure this value has at least 1 characters',
      'value_error.any_str.min_length',
      { limit_value: 1 },
    ]);
    expect(ask({ type: 'string', minLength: 2 }, '🙂')).toEqual(
      expect.arrayContaining(['value_error.any_str.min_length']),
    );
    expect(ask({ type: 'string', maxLength: 2 }, '🙂🙂🙂')).toEqual([
      'ensure this value has at most 2 characters',
      'value_error.any_str.max_length',
      { limit_value: 2 },
    ]);
  });

  it('finds a pattern anywhere, by code points', () => {
    expect(ask({ type: 'string', pattern: '^.$' }, '🙂')).toBe('🙂');
    expect(ask({ type: 'string', pattern: 'b' }, 'abc')).toBe('abc');
    expect(ask({ type: 'string', pattern: '^[A-Z]{2}$' }, 'abc')).toEqual([
      'string does not match regex "^[A-Z]{2}$"',
      'value_error.str.regex',
      { pattern: '^[A-Z]{2}$' },
    ]);
    expect(ask({ type: 'string', pattern: '^\\w\\-\\w$' }, 'a-b')).toBe('a-b');
  });

  it.each([
    ['date', '2024-02-29'],
    ['date-time', '2021-03-01T12:30:00Z'],
    ['date-time', '2021-03-01 12:30'],
    ['date-time', '2021-03-01T12:30:00.123456+05:30'],
    ['uuid', '8c9a17f4-6d5e-4c3b-9a1f-0123456789AB'],
    ['image', 'iVBORw0KGgoAAAANSUhEUg=='],
    ['image', 'data:image/jpeg;base64,/9j/4AAQSkZJRg=='],
    ['image', 'data:image/png;charset=utf-8;name="a, b.png";base64,iVBORw0KGgo='],
    ['image', 'data:;base64,iVBORw0KGgo='],
  ] as const)('takes the %s %s', (format, text) => {
    expect(ask({ type: 'string', format }, text)).toBe(text);
  });

  it.each([
    ['date', '2023-02-29', 'invalid date format', 'value_error.date'],
    ['date', '2023-2-9', 'invalid date format', 'value_error.date'],
    ['date', '0000-01-01', 'invalid date format', 'value_error.date'],
    ['date-time', '2021-03-01', 'invalid datetime format', 'value_error.datetime'],
    ['date-time', '2021-03-01T24:00:00Z', 'invalid datetime format', 'value_error.datetime'],
    ['date-time', '2021-03-01T12:30:60Z', 'invalid datetime format', 'value_error.datetime'],
    ['uuid', '8c9a17f46d5e4c3b9a1f0123456789ab', 'value is not a valid uuid', 'type_error.uuid'],
    ['image', 'R0lGODlhAQABAAAAACw=', 'value is not a PNG or JPEG image in base64', 'value_error.image'],
    ['image', 'data:image/gif;base64,/9j/', 'value is not a PNG or JPEG image in base64', 'value_error.image'],
  ] as const)('refuses the %s %s', (format, text, msg, type) => {
    expect(ask({ type: 'string', format }, text)).toEqual([msg, type]);
  });

  it.each([QUERY, { ...QUERY, mode: 'types-only' as const }])('takes no image from an address: %j', (options) => {
    const { issues } = validate(
      { type: 'object', properties: { x: { type: 'string', format: 'image' } } },
      { x: 'iVBORw0KGgoAAAANSUhEUg==' },
      options,
    );

    expect(issues).toMatchObject([{ type: 'value_error.image.query' }]);
  });
});

describe('a field check for bounds and members', () => {
  it.each([
    [{ minimum: 1 }, 0, 'ensure this value is greater than or equal to 1', 'not_ge', { limit_value: 1 }],
    [{ maximum: 0.5 }, 1, 'ensure this value is less than or equal to 0.5', 'not_le', { limit_value: 0.5 }],
    [{ exclusiveMinimum: 0 }, 0, 'ensure this value is greater than 0', 'not_gt', { limit_value: 0 }],
    [{ exclusiveMaximum: 1 }, 1, 'ensure this value is less than 1', 'not_lt', { limit_value: 1 }],
    [{ multipleOf: 5 }, 7, 'ensure this value is a multiple of 5', 'not_multiple', { multiple_of: 5 }],
    [{ multipleOf: 5 }, 9007199254740993n, 'ensure this value is a multiple of 5', 'not_multiple', { multiple_of: 5 }],
  ])('names the limit of %p', (rule, value, msg, type, ctx) => {
    expect(ask({ type: 'number', ...rule }, value)).toEqual([msg, `value_error.number.${type}`, ctx]);
  });

  it('takes multiples of a fraction in spite of rounding', () => {
    expect(ask({ type: 'number', multipleOf: 0.1 }, 0.3)).toBe(0.3);
    expect(ask({ type: 'number', multipleOf: 0.1 }, -0.7)).toBe(-0.7);
  });

  it('compares members by value', () => {
    expect(ask({ type: 'number', enum: [9, 0.5] }, '9.0')).toBe(9);
    expect(ask({ type: 'integer', enum: [9007199254740993n] }, '9007199254740993')).toBe(9007199254740993n);
    expect(ask({ type: 'string', enum: ['F', 'M'] }, 'f')).toEqual([
      "value is not a valid enumeration member; permitted: 'F', 'M'",
      'type_error.enum',
      { enum_values: ['F', 'M'] },
    ]);
    expect(ask({ type: 'string', enum: ["it's", 'a\\b'] }, 'x')).toEqual(
      expect.arrayContaining(["value is not a valid enumeration member; permitted: \"it's\", 'a\\\\b'"]),
    );
    expect(ask({ type: 'boolean', enum: [true] }, false)).toEqual(
      expect.arrayContaining(['value is not a valid enumeration member; permitted: True']),
    );
  });

  it('cuts a long list of members', () => {
    const field: FieldSchema = { type: 'integer', enum: Array.from({ length: 5000 }, (_, i) => i) };

    const [msg, , ctx] = ask(field, -1) as [string, string, { enum_values: unknown[] }];

    expect(msg).toMatch(/98, 99, … \(4900 more\)$/);
    expect(ctx.enum_values).toHaveLength(100);
  });
});

describe('a field check for a list', () => {
  const matrix: FieldSchema = {
    type: 'array',
    items: { type: 'array', items: { type: 'number', maximum: 9 }, maxItems: 3 },
    minItems: 1,
  };

  it('checks the number of items before the items', () => {
    expect(ask(matrix, [])).toEqual([
      'ensure this value has at least 1 items',
      'value_error.list.min_items',
      { limit_value: 1 },
    ]);
    expect(ask(matrix, 'abc')).toEqual(NOT_LIST);
    expect(ask(matrix, { 0: [1] })).toEqual(NOT_LIST);
  });

  it('reports every bad item with its indexes', () => {
    const schema: RowSchema = { type: 'object', properties: { m: matrix } };

    const { issues } = validate(schema, { m: [[1, 'x'], 5, [1, 2, 3, 4], [10, null]] });

    expect(issues.map(({ loc, type }) => [loc.slice(3).join('.'), type])).toEqual([
      ['m.0.1', 'type_error.float'],
      ['m.1', 'type_error.list'],
      ['m.2', 'value_error.list.max_items'],
      ['m.3.0', 'value_error.number.not_le'],
      ['m.3.1', 'type_error.none.not_allowed'],
    ]);
  });

  it('converts items without changing the list given', () => {
    const given = [[1, '2'], [3]];

    expect(ask(matrix, given)).toEqual([[1, 2], [3]]);
    expect(given).toEqual([[1, '2'], [3]]);
  });

  it('gives the list itself when nothing changes', () => {
    const given = [[1, 2], [3]];

    expect(ask(matrix, given)).toBe(given);
  });

  it('stops at MAX_PROBLEMS however long the list is', () => {
    const { issues } = validate({ type: 'object', properties: { m: matrix } }, { m: new Array(1e6).fill('x') });

    expect(issues).toHaveLength(MAX_PROBLEMS);
  });

  it('does not follow input that nests deeper than the schema', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];

    expect(validate({ type: 'object', properties: { m: matrix } }, { m: deep }).issues[0]!.loc).toHaveLength(6);
  });

  it('reads JSON text in a query', () => {
    expect(ask(matrix, '[[1, 2], [3]]', QUERY)).toEqual([[1, 2], [3]]);
    for (const text of ['', '1,2', '{"0":1}', '[1', '"[]"', '['.repeat(100_000)]) {
      expect(validate({ type: 'object', properties: { x: matrix } }, { x: text }, QUERY).issues[0]).toMatchObject({
        type: 'type_error.list',
      });
    }
    expect(ask(matrix, '[[1]]')).toEqual(NOT_LIST);
  });
});
