import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';

import type { Column, EncodeSpec } from '../../domain/encode-spec.js';
import type { JsonObject } from '../../lib/json/json.js';
import type { FieldSchema, RowSchema } from '../../domain/signature.js';
import type { DType, NamedTensors } from '../../domain/tensor.js';
import type { ValidationIssue } from '../../domain/validation-issue.js';
import { compileRowEncoder } from '../encode/row-encoder.js';
import { compileRowValidator } from '../validate/row-validator.js';
import { generateRows } from './generated-rows.js';

interface Contract {
  readonly input: RowSchema;
  readonly encode: EncodeSpec;
}

type Outcome = NamedTensors | ValidationIssue[];

/** What the general way makes of rows: tensors, or the problems. */
function generalWay({ input, encode }: Contract): (values: readonly unknown[]) => Outcome {
  const validator = compileRowValidator(input);
  const encoder = compileRowEncoder(encode, input, new Map());
  return (values) => {
    const issues: ValidationIssue[] = [];
    const rows: JsonObject[] = [];
    values.forEach((value, i) => {
      const row = validator.validate(value, [i], { source: 'body', mode: 'strict' }, issues);
      if (row) rows.push(row);
    });
    if (issues.length > 0) return issues;
    const tensors = encoder.encode(rows, (i) => [i], issues);
    return issues.length > 0 ? issues : tensors;
  };
}

const general = (contract: Contract, values: readonly unknown[]) => generalWay(contract)(values);

const passengers: Contract = {
  input: {
    type: 'object',
    properties: {
      age: { type: ['number', 'null'], minimum: 0, maximum: 120 },
      sex: { type: 'string', enum: ['F', 'M'] },
      cabins: { type: 'integer', default: 1 },
    },
    required: ['sex'],
  },
  encode: {
    tensors: [
      {
        kind: 'columns',
        tensor: 'x',
        dtype: 'float32',
        columns: [
          { kind: 'number', field: 'age', missing: 'nan', subtract: 30, divide: 10 },
          { kind: 'category', field: 'sex', as: 'one-hot', values: ['F', 'M'], unknown: 'error' },
          { kind: 'number', field: 'cabins' },
        ],
      },
    ],
  },
};
const generatedOf = (contract: Contract) => generateRows(contract.input, contract.encode)!;

describe(generateRows.name, () => {
  it('writes plain rows into the tensors that the general way makes', () => {
    const rows = [{ age: 40, sex: 'F' }, { sex: 'M', cabins: 3, deck: 'B' }, { age: null, sex: 'M' }]; // prettier-ignore
    const tensors = generatedOf(passengers).encode(rows);

    expect([...tensors!.get('x')!.data]).toEqual([1, 1, 0, 1, NaN, 0, 1, 3, NaN, 0, 1, 1]);
    expect(tensors).toEqual(general(passengers, rows));
  });

  it('finds categories beyond 2^53 as the general way does', () => {
    const columns: Column[] = [
      { kind: 'category', field: 'id', as: 'index', values: [2n ** 53n + 1n, 2 ** 60, 1e300], unknown: -1 },
    ];
    const contract: Contract = {
      input: { type: 'object', properties: { id: { type: 'number' } }, required: ['id'] },
      encode: { tensors: [{ kind: 'columns', tensor: 'x', dtype: 'float32', columns }] },
    };
    const rows = [{ id: 2 ** 60 }, { id: 1e300 }, { id: 2 ** 53 }];

    expect([...generatedOf(contract).encode(rows)!.get('x')!.data]).toEqual([1, 2, -1]);
    expect(generatedOf(contract).encode(rows)).toEqual(general(contract, rows));
  });

  it('writes lists of values like the objects that they stand for', () => {
    const rows = [{ age: 40, sex: 'F', cabins: 2 }, { age: null, sex: 'M', cabins: 3 }]; // prettier-ignore
    const columns = ['cabins', 'deck', 'sex', 'age'];
    const data = [[2, 'B', 'F', 40], [3, null, 'M', null]]; // prettier-ignore

    expect(generatedOf(passengers).encodeLists(columns, data)).toEqual(general(passengers, rows));
    expect(generatedOf(passengers).encodeLists(['sex'], [['F']])).toEqual(general(passengers, [{ sex: 'F' }]));
  });

  it.each<[string, readonly string[], readonly unknown[]]>([
    ['a broken bound', ['age', 'sex'], [[121, 'F']]],
    ['a missing column', ['age'], [[40]]],
    ['a column that is there twice', ['sex', 'sex'], [['F', 'F']]],
    ['a row that is too short', ['age', 'sex'], [[40]]],
    ['a row that is too long', ['sex'], [['F', 1]]],
    ['a row that is no list', ['sex'], [{ 0: 'F', length: 1 }]],
  ])('leaves lists to the general way for %s', (_what, columns, data) => {
    expect(generatedOf(passengers).encodeLists(columns, data)).toBeUndefined();
  });

  it('leaves columns to the general way that a closed schema refuses', () => {
    const contract = { ...passengers, input: { ...passengers.input, additionalProperties: false } };
    expect(generatedOf(contract).encodeLists(['sex', 'deck'], [['F', 'B']])).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['a broken bound', { age: 121, sex: 'F' }],
    ['a number sent as text', { age: '40', sex: 'F' }],
    ['a whole number of more digits than a number holds', { age: 2n ** 60n, sex: 'F' }],
    ['a missing field', { age: 40 }],
    ['null where it is not allowed', { sex: null }],
    ['a value that is not on the list', { sex: 'f' }],
    ['no object', ['F']],
    ['a map', new Map([['sex', 'F']])],
    ['an inherited value', Object.create({ sex: 'F' }) as unknown],
  ])('leaves the whole request to the general way for %s', (_what, row) => {
    expect(generatedOf(passengers).encode([{ sex: 'F' }, row])).toBeUndefined();
  });

  it('treats the names of fields as names, whatever they are', () => {
    const names = ['__proto__', 'constructor', 'a"];throw 1;//', 'a b', '’\u2028', ''];
    const properties = Object.fromEntries(names.map((name) => [name, { type: 'number' } as const]));
    const columns = names.map((field) => ({ kind: 'number', field }) as const);
    const contract: Contract = {
      input: { type: 'object', properties, required: names, additionalProperties: false },
      encode: { tensors: [{ kind: 'columns', tensor: 'x', dtype: 'float64', columns }] },
    };
    const row = JSON.parse(`{${names.map((name, i) => `${JSON.stringify(name)}:${i}`).join()}}`) as JsonObject;

    expect([...generatedOf(contract).encode([row])!.get('x')!.data]).toEqual(names.map((_, i) => i));
    expect(generatedOf(contract).encode([{ ...row, more: 1 }])).toBeUndefined();
  });

  it('takes the members of many fields in any order, with others between them and some left out', () => {
    const names = Array.from({ length: 20 }, (_, i) => `f${i}`);
    const properties = Object.fromEntries(names.map((name) => [name, { type: 'number' } as const]));
    const columns: Column[] = names.map((field) => ({ kind: 'number', field, missing: -1 }));
    const contract: Contract = {
      input: { type: 'object', properties, required: ['f0'] },
      encode: { tensors: [{ kind: 'columns', tensor: 'x', dtype: 'float32', columns }] },
    };
    const members = names.map((name, i) => [name, i] as const);
    const rows = [
      members,
      members.toReversed(),
      [members[0]!, ...members.slice(5), ...members.slice(1, 5)],
      [['more', 'x'] as const, ...members.slice(0, 9), ['f', 7] as const, ...members.slice(12), ['last', {}] as const],
    ].map((row) => Object.fromEntries<unknown>(row));
    const tensors = generatedOf(contract).encode(rows);

    expect([...tensors!.get('x')!.data].slice(-20)).toEqual(names.map((_, i) => (i < 9 || i > 11 ? i : -1)));
    expect(tensors).toEqual(general(contract, rows));
    expect(generatedOf(contract).encode([rows[0], { ...rows[0], f19: '19' }])).toBeUndefined();
  });

  it('leaves a text that the engine would cut to the general way', () => {
    const contract: Contract = {
      input: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
      encode: {
        tensors: [{ kind: 'columns', tensor: 't', dtype: 'string', columns: [{ kind: 'string', field: 'text' }] }],
      },
    };
    const generated = generatedOf(contract);

    expect(generated.encode([{ text: 'whole' }])).toEqual(general(contract, [{ text: 'whole' }]));
    expect(generated.encode([{ text: 'one\0two' }])).toBeUndefined();
  });

  it('knows nothing of patterns, formats, prepared texts and lists of lists', () => {
    const withField = (schema: FieldSchema): Contract => ({
      ...passengers,
      input: { ...passengers.input, properties: { ...passengers.input.properties, other: schema } },
    });
    for (const schema of [
      { type: 'string', pattern: '^a' },
      { type: 'string', format: 'date' },
      { type: 'array', items: { type: 'array', items: { type: 'number' } } },
    ] as const)
      expect(generatedOf(withField(schema))).toBeUndefined();
  });

  it('is left out where Node may not generate code', () => {
    const file = join(__dirname, '..', '..', '..', 'dist', 'codec', 'generated', 'generated-rows.js');
    const program = `
      const { generateRows } = require(${JSON.stringify(file)});
      console.log(generateRows(${JSON.stringify(passengers.input)}, ${JSON.stringify(passengers.encode)}));`;
    const options = ['--disallow-code-generation-from-strings', '-e', program];

    expect(spawnSync(process.execPath, options, { encoding: 'utf8' })).toMatchObject({ stdout: 'undefined\n' });
  });

  it('agrees with the general way on any row of any contract, and takes what is plain itself', () => {
    const counts = { taken: 0, right: 0 };
    fc.assert(
      fc.property(someContract, fc.nat(), ({ contract, fields }, seed) => {
        const generated = generatedOf(contract);
        const way = generalWay(contract);
        const nextRow = randomRows(fields, seed);
        for (let i = 0; i < ROWS; i++) {
          const rows = Array.from({ length: i % 4 === 0 ? 3 : 1 }, nextRow);
          const expected = way(rows);
          const names = Object.keys(contract.input.properties);
          expectSame(generated.encode(rows) ?? way(rows), expected, rows);
          const objects = rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name]])));
          const lists = objects.map((row) => Object.values(row));
          expectSame(generated.encodeLists(names, lists) ?? way(objects), way(objects), objects);
          counts.taken += Number(generated.encode(rows) !== undefined);
          counts.right += Number(!Array.isArray(expected));
        }
      }),
      { numRuns: CONTRACTS },
    );
    expect(counts.right).toBeGreaterThan(100);
    expect(counts.taken / counts.right).toBeGreaterThan(0.5);
  });
});

/** `npm run test:soak` asks for 100,000 rows of each contract. */
const CONTRACTS = Number(process.env['PROPERTY_RUNS'] ?? 60);
const ROWS = Number(process.env['PROPERTY_ROWS'] ?? 50);

/** To the byte; Jest's own comparison takes longer than everything else together. */
function expectSame(outcome: Outcome, expected: Outcome, rows: readonly unknown[]): void {
  if (!isDeepStrictEqual(outcome, expected)) expect({ rows, outcome }).toEqual({ rows, outcome: expected });
}

// --- random contracts --------------------------------------------------------------------------------------------

const NUMBERS = [0, -0, 1, -1, 2.5, 7, 120, 127, 128, 255, 256, 1e10, -3e38, 3.5e38, 2 ** 53, 1e300, 1e-7];
const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(...NUMBERS, null, undefined, true, false, '', 'a', 'bc', '7', '😀', 2n ** 62n, [], {}),
  fc.array(fc.constantFrom(...NUMBERS), { maxLength: 3 }),
);
const sometimes = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });

/** A field with a column of it, and values that are right more often than not. */
interface AnyField {
  readonly schema: FieldSchema;
  readonly column: Omit<Column, 'field'>;
  readonly dtype: DType;
  readonly values: readonly unknown[];
  readonly isRequired: boolean;
}

const optional = fc.record({ isRequired: fc.boolean(), isNullable: fc.boolean(), hasDefault: fc.boolean() });
const typed = (type: FieldSchema['type'], isNullable: boolean) =>
  (isNullable ? [type, 'null'] : type) as FieldSchema['type'];
const defined = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

const numberField: fc.Arbitrary<AnyField> = fc
  .record({
    base: fc.constantFrom('number' as const, 'integer' as const),
    bounds: fc.record({
      minimum: sometimes(fc.constantFrom(0, -5, 1.5)),
      exclusiveMaximum: sometimes(fc.constantFrom(200, 300.5)),
      multipleOf: sometimes(fc.constantFrom(1, 0.5)),
    }),
    scaling: fc.record({ subtract: sometimes(fc.constantFrom(1, 2.5)), divide: sometimes(fc.constantFrom(2, -3)) }),
    missing: fc.constantFrom<(number | 'nan')[]>(0, 3, 'nan'),
    dtype: fc.constantFrom<DType[]>('float32', 'float64', 'int8', 'uint8', 'int32', 'int64', 'uint64', 'bool'),
    rules: optional,
  })
  .map(({ base, bounds, scaling, missing, dtype, rules }) => {
    const isFloat = dtype.startsWith('float');
    const schema = { type: typed(base, rules.isNullable), ...bounds, ...(rules.hasDefault && { default: 100 }) };
    const column = { kind: 'number', ...(isFloat ? scaling : {}), missing: isFloat ? missing : 1 } as const;
    return { schema: defined(schema), column: defined(column), dtype, values: [1, 2, 100, 7], ...rules };
  });

const TYPE_OF: Readonly<Record<string, string>> = { string: 'string', number: 'integer', boolean: 'boolean' };

const categoryField: fc.Arbitrary<AnyField> = fc
  .record({
    values: fc.constantFrom<(string | number | boolean)[][]>(['a', 'bc', ''], [1, 2, 7], [true, false]),
    as: fc.constantFrom('one-hot' as const, 'index' as const),
    unknown: fc.constantFrom<('error' | 'zeros' | 'nan' | 0 | 1 | -1)[]>('error', 'zeros', 'nan', 0, 1, -1),
    missing: fc.constantFrom<('nan' | 'unknown' | -1 | 0)[]>('nan', 'unknown', -1, 0),
    hasEnum: fc.boolean(),
    rules: optional,
  })
  .map(({ values, as, unknown, missing, hasEnum, rules }) => {
    const type = TYPE_OF[typeof values[0]] as FieldSchema['type'];
    const members = hasEnum ? { enum: rules.isNullable ? [...values, null] : values } : {};
    const schema = {
      type: typed(type, rules.isNullable),
      ...members,
      ...(rules.hasDefault && { default: values[1]! }),
    };
    const column = { kind: 'category', as, values, unknown, missing: missing === 0 ? values[0]! : missing } as const;
    return { schema, column, dtype: 'float32', values, ...rules };
  });

const booleanField: fc.Arbitrary<AnyField> = optional.map((rules) => ({
  schema: { type: typed('boolean', rules.isNullable), ...(rules.hasDefault && { default: true }) },
  column: { kind: 'boolean', missing: 0 } as const,
  dtype: 'float32',
  values: [true, false],
  ...rules,
}));

const textField: fc.Arbitrary<AnyField> = fc
  .record({ minLength: sometimes(fc.constantFrom(1, 2)), maxLength: sometimes(fc.constantFrom(1, 2)), rules: optional })
  .map(({ minLength, maxLength, rules }) => ({
    schema: defined({ type: typed('string', rules.isNullable), minLength, maxLength: minLength === 2 ? 2 : maxLength }),
    column: { kind: 'string', missing: 'none' } as const,
    dtype: 'string',
    values: ['bc', 'ab', 'a', '😀'],
    ...rules,
  }));

const listField: fc.Arbitrary<AnyField> = fc
  .record({ base: fc.constantFrom('number' as const, 'integer' as const), divide: sometimes(fc.constantFrom(2)) })
  .map(({ base, divide }) => ({
    schema: { type: 'array', items: { type: base, minimum: -5 }, minItems: 2, maxItems: 2 },
    column: defined({ kind: 'list', size: 2, divide } as const),
    dtype: 'float32',
    values: [[1, 2], [-0, 7], [2.5, 3]], // prettier-ignore
    isRequired: true,
  }));

const someContract = fc
  .record({
    fields: fc.array(fc.oneof(numberField, categoryField, booleanField, textField, listField), {
      minLength: 1,
      maxLength: 5,
    }),
    copies: fc.constantFrom(1, 1, 10),
    isClosed: fc.boolean(),
  })
  .map(({ fields, copies, isClosed }) => {
    // Fields that are alike share their code.
    const all = Array.from({ length: copies }, () => fields).flat();
    const named = all.map((field, i) => [`f${i}`, field] as const);
    return { contract: contractOf(named, isClosed), fields: named };
  })
  .filter(({ contract }) => isSound(contract));

/** Rows of values that are right more often than not, and of fields that nobody knows now and then. */
function randomRows(fields: readonly (readonly [string, AnyField])[], seed: number): () => Record<string, unknown> {
  const odd = fc.sample(anyValue, { numRuns: 200, seed });
  let state = seed;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  // Of many fields each has to be right more often for a row to be.
  const oddity = 12 * fields.length;
  return () => {
    const row: Record<string, unknown> = {};
    for (const [name, { values, isRequired }] of fields) {
      const draw = below(oddity);
      if (draw === 0 || (!isRequired && draw % 5 === 1)) continue;
      row[name] = draw === 2 ? odd[below(odd.length)] : values[below(values.length)];
    }
    if (below(40) === 0) row['other'] = 1;
    return row;
  };
}

function contractOf(fields: readonly (readonly [string, AnyField])[], isClosed: boolean): Contract {
  return {
    input: {
      type: 'object',
      properties: Object.fromEntries(fields.map(([name, { schema }]) => [name, schema])),
      required: fields.filter(([, { isRequired }]) => isRequired).map(([name]) => name),
      ...(isClosed && { additionalProperties: false }),
    },
    encode: {
      tensors: fields.map(([field, { column, dtype }]) => {
        const columns: Column[] = [{ ...column, field } as Column];
        return { kind: 'columns', tensor: `t-${field}`, dtype, columns };
      }),
    },
  };
}

/** Whether a run could say it: what contradicts itself is refused when it is read. */
function isSound(contract: Contract): boolean {
  try {
    general(contract, []);
    return true;
  } catch {
    return false;
  }
}
