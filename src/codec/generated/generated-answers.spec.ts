import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import fc from 'fast-check';

import type { AppError } from '../../domain/app-error.js';
import type { Activation, DecodeSpec, HeadDecode } from '../../domain/decode-spec.js';
import type { OutputFieldSchema, OutputRowSchema } from '../../domain/signature.js';
import type { DType, NamedTensors, Tensor } from '../../domain/tensor.js';
import type { JsonObject } from '../../lib/json/json.js';
import { compileRowDecoder } from '../decode/row-decoder.js';
import type { AnswerShape } from '../decode/row-decoder.js';
import { generateAnswers, withGeneratedAnswers } from './generated-answers.js';

interface Contract {
  readonly decode: DecodeSpec;
  readonly output: OutputRowSchema;
}

const NOTHING: ReadonlySet<string> = new Set();
const number: OutputFieldSchema = { type: ['number', 'null'] };
const anything: OutputFieldSchema = {};
const rowOf = (properties: OutputRowSchema['properties']): OutputRowSchema => ({ type: 'object', properties });

const survival: Contract = {
  decode: { kind: 'binary', tensor: 'y', labels: [0, 'yes'], field: 'survived', probability_field: 'probability' },
  output: rowOf({ probability: number, survived: anything }),
};
const floats = (shape: readonly number[], ...values: number[]): NamedTensors =>
  new Map([['y', { dtype: 'float32', shape, data: Float32Array.from(values) }]]);

/** What the general way writes, or why it cannot. */
function general(
  { decode, output }: Contract,
  outputs: NamedTensors,
  rows: number,
  generated = false,
  shape: AnswerShape = 'rows',
): string {
  const decoder = compileRowDecoder(decode, { input: rowOf({}) as never, output });
  const writer = generated ? withGeneratedAnswers(decoder, decode, output) : decoder;
  try {
    return writer.write(outputs, contextOf(rows), NOTHING, shape);
  } catch (error) {
    return `fails: ${String((error as AppError).cause)}`;
  }
}

const contextOf = (rows: number) => ({
  rows: Array.from({ length: rows }, (): JsonObject => ({})),
  prepared: Array.from({ length: rows }, () => ({})),
});

/** The values of each row, in the order of the signature. */
const valuesOf = (text: string, { output }: Contract) =>
  (JSON.parse(text) as Record<string, unknown>[]).map((row) => Object.keys(output.properties).map((name) => row[name]));

describe(generateAnswers.name, () => {
  it('writes what the general way writes, fields in the order of the signature', () => {
    const outputs = floats([3, 2], 0.75, 0.25, 0.5, 0.5, 0, NaN);
    const text = generateAnswers(survival.decode, survival.output)!(outputs, 3);

    expect(text).toBe(
      '[{"probability":0.25,"survived":0},{"probability":0.5,"survived":"yes"},{"probability":null,"survived":null}]',
    );
    expect(text).toBe(general(survival, outputs, 3));
  });

  it.each<[string, NamedTensors, number]>([
    ['no tensor', new Map(), 1],
    ['other rows', floats([2, 1], 0, 1), 3],
    ['no dimension of rows', floats([2], 0, 1), 1],
    ['three dimensions', floats([1, 1, 2], 0, 1), 1],
    ['texts', new Map([['y', { dtype: 'string', shape: [1, 1], data: ['a'] }]]), 1],
    ['integers of 64 bits', new Map([['y', { dtype: 'int64', shape: [1, 1], data: BigInt64Array.of(1n) }]]), 1],
  ])('leaves the answer to the general way for %s', (_what, outputs, rows) => {
    expect(generateAnswers(survival.decode, survival.output)!(outputs, rows)).toBeUndefined();
  });

  it('knows nothing of repeated fields, the highest labels, embeddings, and lists of lists', () => {
    const labels = ['a', 'b'];
    for (const [decode, schema] of [
      [{ ...survival.decode, echo: { text: 'text' } }, anything],
      [{ kind: 'top-k', tensor: 'y', labels, k: 1, field: 'v' }, anything],
      [{ kind: 'embedding', tensor: 'y', field: 'v' }, anything],
      [
        { kind: 'tensors', fields: { v: 'y' } },
        { type: 'array', items: { type: 'array', items: number } },
      ],
      [{ kind: 'tensors', fields: { v: 'y' } }, anything],
    ] as readonly (readonly [DecodeSpec, OutputFieldSchema])[])
      expect(generateAnswers(decode, rowOf({ v: schema }))).toBeUndefined();
  });

  it('leaves fields on request to the general way', () => {
    const decode = {
      kind: 'multi-class',
      tensor: 'y',
      labels: ['10', '9'],
      field: 'l',
      probabilities_field: 'p',
      on_request: ['p'],
    } as const;
    const output = rowOf({ l: anything, p: anything });
    const decoder = withGeneratedAnswers(
      compileRowDecoder(decode, { input: rowOf({}) as never, output }),
      decode,
      output,
    );

    expect(decoder.write(floats([1, 2], 1, 0), contextOf(1), NOTHING)).toBe('[{"l":"10"}]');
    expect(decoder.write(floats([1, 2], 1, 0), contextOf(1), new Set(['p']))).toBe('[{"l":"10","p":{"9":0,"10":1}}]');
  });

  it('treats names and labels as texts, whatever they are', () => {
    const names = ['__proto__', 'a"];throw 1;//', '\u2028\\', ''];
    const decode: DecodeSpec = {
      kind: 'multi-class',
      tensor: 'y',
      labels: [...names, '`${rows}`'],
      field: names[1]!,
      probabilities_field: names[0]!,
    };
    const contract = { decode, output: rowOf({ [names[1]!]: anything, ['__proto__']: anything }) };
    const outputs = floats([2, 5], 1, 0, 0, 0, 0, 0, 0, 0, 0, 2);

    expect(generateAnswers(decode, contract.output)!(outputs, 2)).toBe(general(contract, outputs, 2));
  });

  it('is left out where Node may not generate code', () => {
    const file = join(__dirname, '..', '..', '..', 'dist', 'codec', 'generated', 'generated-answers.js');
    const program = `
      const { generateAnswers } = require(${JSON.stringify(file)});
      console.log(generateAnswers(${JSON.stringify(survival.decode)}, ${JSON.stringify(survival.output)}));`;
    const options = ['--disallow-code-generation-from-strings', '-e', program];

    expect(spawnSync(process.execPath, options, { encoding: 'utf8' })).toMatchObject({ stdout: 'undefined\n' });
  });

  it('agrees with the general way on any outputs of any contract, and writes what is plain itself', () => {
    let [written, right] = [0, 0];
    fc.assert(
      fc.property(contractWithOutputs, ({ contract, outputs, rows }) => {
        const expected = general(contract, outputs, rows);
        expect(general(contract, outputs, rows, true)).toBe(expected);
        const lists = general(contract, outputs, rows, false, 'columns');
        expect(general(contract, outputs, rows, true, 'columns')).toBe(lists);
        if (!lists.startsWith('fails')) expect(JSON.parse(lists)).toEqual(valuesOf(expected, contract));
        const text = generateAnswers(contract.decode, contract.output)!(outputs, rows);
        if (text !== undefined) expect(text).toBe(expected);
        written += Number(text !== undefined);
        right += Number(!expected.startsWith('fails'));
      }),
      { numRuns: Number(process.env['PROPERTY_ROWS'] ?? 300) },
    );
    expect(right).toBeGreaterThan(100);
    expect(written / right).toBeGreaterThan(0.3);
  });
});

// --- random contracts --------------------------------------------------------------------------------------------

const NUMBERS = [0, -0, 1, 0.5, -1, 0.1, 0.9, 1e-7, -3e38, 1e21, NaN, Infinity, -Infinity];
const LABELS = ['a', '10', 'b"', '9', '\u2028', '__proto__'];
const activation = fc.constantFrom<(Activation | undefined)[]>(undefined, 'none', 'sigmoid', 'softmax');
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const defined = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

/** A head that reads tensors of a name of its own, and the schemas of its fields, which begin with that name. */
interface AnyHead {
  readonly head: HeadDecode;
  readonly fields: OutputRowSchema['properties'];
  readonly width: number;
  readonly dtypes: readonly DType[];
}

const CLASS_DTYPES: readonly DType[] = ['float32', 'float64', 'int32', 'int64'];

const binaryHead = (tensor: string): fc.Arbitrary<AnyHead> =>
  fc
    .record({
      activation,
      positive: optional(fc.constantFrom(0, 1)),
      threshold: optional(fc.constantFrom(0, 0.1, 0.3, 0.9, 1)),
      labels: fc.constantFrom<[never, never][]>([0, 1] as never, ['no', 'yes'] as never, [null, { a: 1 }] as never),
      hasProbability: fc.boolean(),
    })
    .map(({ hasProbability, ...rest }) => ({
      head: defined({
        kind: 'binary' as const,
        tensor,
        ...rest,
        field: `${tensor}-l`,
        probability_field: hasProbability ? `${tensor}-p` : undefined,
      }) as unknown as HeadDecode,
      fields: { [`${tensor}-l`]: anything, ...(hasProbability && { [`${tensor}-p`]: number }) },
      width: 2,
      dtypes: CLASS_DTYPES,
    }));

const classHead = (tensor: string): fc.Arbitrary<AnyHead> =>
  fc
    .record({
      activation,
      labels: fc.shuffledSubarray(LABELS, { minLength: 1 }),
      hasProbability: fc.boolean(),
      hasProbabilities: fc.boolean(),
      threshold: optional(fc.constantFrom(0, 0.4)),
    })
    .map(({ hasProbability, hasProbabilities, threshold, ...rest }): AnyHead => {
      const isMulti = threshold !== undefined;
      return {
        head: defined({
          kind: isMulti ? 'multi-label' : 'multi-class',
          tensor,
          ...rest,
          threshold: threshold === 0 ? rest.labels.map((_, i) => i / 3) : threshold,
          field: `${tensor}-l`,
          probability_field: hasProbability && !isMulti ? `${tensor}-p` : undefined,
          probabilities_field: hasProbabilities ? `${tensor}-q` : undefined,
        }) as HeadDecode,
        fields: {
          [`${tensor}-l`]: anything,
          ...(hasProbability && !isMulti && { [`${tensor}-p`]: number }),
          ...(hasProbabilities && { [`${tensor}-q`]: anything }),
        },
        width: rest.labels.length,
        dtypes: CLASS_DTYPES,
      };
    });

const scaling = fc.record({
  multiply: optional(fc.constantFrom(2, -0.5)),
  add: optional(fc.constantFrom(1, 0)),
});

const regressionHead = (tensor: string): fc.Arbitrary<AnyHead> =>
  fc.record({ scaling, width: fc.integer({ min: 1, max: 3 }) }).map(({ scaling, width }) => {
    const names = Array.from({ length: width }, (_, i) => `${tensor}-${i}`);
    return {
      head: defined({ kind: 'regression' as const, tensor, fields: names, ...scaling }),
      fields: Object.fromEntries(names.map((name) => [name, number])),
      width,
      dtypes: [...CLASS_DTYPES, 'uint64', 'bool'],
    };
  });

const intervalHead = (tensor: string): fc.Arbitrary<AnyHead> =>
  fc.record({ scaling, hasValue: fc.boolean() }).map(({ scaling, hasValue }) => ({
    head: defined({
      kind: 'interval' as const,
      tensor,
      low: 0,
      high: 1,
      field: `${tensor}-i`,
      ...(hasValue && { value: 1, value_field: `${tensor}-v` }),
      ...scaling,
    }),
    fields: { [`${tensor}-i`]: anything, ...(hasValue && { [`${tensor}-v`]: number }) },
    width: 2,
    dtypes: CLASS_DTYPES,
  }));

const tensorsHead = (tensor: string): fc.Arbitrary<AnyHead> =>
  fc
    .record({
      isSingle: fc.boolean(),
      schema: fc.constantFrom<OutputFieldSchema[]>(anything, number, { type: 'integer' }, { type: 'string' }),
    })
    .map(({ isSingle, schema }) => ({
      head: { kind: 'tensors', fields: { [`${tensor}-v`]: tensor }, single: isSingle ? [`${tensor}-v`] : [] },
      fields: { [`${tensor}-v`]: isSingle ? schema : { type: 'array', items: number } },
      width: isSingle ? 1 : 3,
      dtypes: [...CLASS_DTYPES, 'string', 'bool'],
    }));

/** Right shapes more often than not. */
const tensorOf = (rows: number, { width, dtypes }: AnyHead): fc.Arbitrary<Tensor> =>
  fc
    .record({
      dtype: fc.constantFrom(...dtypes),
      shape: fc.oneof(
        { weight: 8, arbitrary: fc.constant(width === 1 && rows > 1 ? [rows] : [rows, width]) },
        fc.constantFrom([rows, width + 1], [rows], [rows, width, 1], [rows + 1, width], [width]),
      ),
    })
    .chain(({ dtype, shape }) => {
      const length = shape.reduce((product, one) => product * one, 1);
      return fc
        .array(fc.oneof(fc.constantFrom(...NUMBERS), fc.float()), { minLength: length, maxLength: length })
        .map((values) => ({ dtype, shape, data: dataOf(dtype, values) }));
    });

function dataOf(dtype: DType, values: readonly number[]): Tensor['data'] {
  const whole = values.map((value) =>
    Number.isFinite(value) ? BigInt(Math.trunc(value % 1000)) * 9007199254740n : 7n,
  );
  switch (dtype) {
    case 'string':
      return values.map((value) => (value > 0 ? String(value) : '"\u2028'));
    case 'bool':
      return Uint8Array.from(values, (value) => Number(value > 0));
    case 'float64':
      return Float64Array.from(values);
    case 'int32':
      return Int32Array.from(values);
    case 'int64':
      return BigInt64Array.from(whole);
    case 'uint64':
      return BigUint64Array.from(whole, (value) => BigInt.asUintN(64, value));
    default:
      return Float32Array.from(values);
  }
}

const headOf = (tensor: string) =>
  fc.oneof(binaryHead(tensor), classHead(tensor), regressionHead(tensor), intervalHead(tensor), tensorsHead(tensor));

const contractWithOutputs = fc
  .record({
    heads: fc
      .integer({ min: 1, max: 3 })
      .chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => headOf(`t${i}`)))),
    rows: fc.integer({ min: 1, max: 5 }),
    isReversed: fc.boolean(),
  })
  .chain(({ heads, rows, isReversed }) =>
    fc.tuple(...heads.map((head) => tensorOf(rows, head))).map((tensors) => {
      const fields = heads.flatMap((head) => Object.entries(head.fields));
      const contract: Contract = {
        decode: heads.length === 1 ? heads[0]!.head : { kind: 'heads', heads: heads.map(({ head }) => head) },
        output: rowOf(Object.fromEntries(isReversed ? fields.reverse() : fields)),
      };
      return { contract, outputs: new Map(tensors.map((tensor, i) => [`t${i}`, tensor] as const)), rows };
    }),
  );
