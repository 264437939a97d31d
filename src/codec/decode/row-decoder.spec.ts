import { AppError } from '../../domain/app-error.js';
import type { DecodeSpec } from '../../domain/decode-spec.js';
import type { JsonObject } from '../../lib/json/json.js';
import type { FieldSchema, Signature } from '../../domain/signature.js';
import { allocate, sizeOf } from '../../domain/tensor.js';
import type { DType, NamedTensors } from '../../domain/tensor.js';
import { RunError } from '../../domain/verdict.js';
import { compileRowDecoder } from './row-decoder.js';
import type { RowDecoder } from './row-decoder.js';

const ANY: FieldSchema = { type: 'string' };
const NOTHING: ReadonlySet<string> = new Set();

function signatureOf(...outputs: readonly string[]): Signature {
  const properties = Object.fromEntries(outputs.map((name) => [name, ANY]));
  return {
    input: { type: 'object', properties: { text: ANY } },
    output: { type: 'object', properties },
  };
}

function outputs(dtype: DType, shape: readonly number[], values: readonly (number | bigint | string)[]): NamedTensors {
  const data = allocate(dtype, sizeOf(shape));
  values.forEach((value, i) => ((data as (number | bigint | string)[])[i] = value));
  return new Map([['y', { dtype, shape, data }]]);
}

function decodeRows(
  decoder: RowDecoder,
  tensors: NamedTensors,
  rows: readonly JsonObject[],
  include: ReadonlySet<string> = NOTHING,
): JsonObject[] {
  return decoder.decode(tensors, { rows, prepared: rows.map(() => ({})) }, include);
}

const TWO_ROWS: readonly JsonObject[] = [{}, {}];

describe('compileRowDecoder for two classes', () => {
  const binary = {
    kind: 'binary',
    tensor: 'y',
    labels: [0, 1],
    field: 'survived',
    probability_field: 'p',
  } as const;
  const signature = signatureOf('survived', 'p');

  it.each([
    ['[rows]', [2], [0.25, 0.5]],
    ['[rows, 1]', [2, 1], [0.25, 0.5]],
    ['[rows, n]', [2, 2], [0.75, 0.25, 0.5, 0.5]],
  ])('reads %s and takes the second label from the threshold on', (_, shape, values) => {
    const decoder = compileRowDecoder(binary, signature);

    expect(decodeRows(decoder, outputs('float32', shape, values), TWO_ROWS)).toEqual([
      { survived: 0, p: 0.25 },
      { survived: 1, p: 0.5 },
    ]);
  });

  it('reads the column of the positive class and the threshold that the run says', () => {
    const decoder = compileRowDecoder({ ...binary, positive: 0, threshold: 0.8 }, signature);

    expect(decodeRows(decoder, outputs('float64', [2, 2], [0.9, 0.1, 0.7, 0.3]), TWO_ROWS)).toEqual([
      { survived: 1, p: 0.9 },
      { survived: 0, p: 0.7 },
    ]);
  });

  it.each([
    ['float32', 1],
    ['float64', 0],
  ] as const)('holds %s against the threshold as Python does, which rounds it to float32 for those', (dtype, label) => {
    const decoder = compileRowDecoder({ ...binary, threshold: 0.9 }, signature);
    const p = Math.fround(0.9);

    expect(decodeRows(decoder, outputs(dtype, [2], [p, 0.8]), TWO_ROWS)).toEqual([
      { survived: label, p },
      { survived: 0, p: dtype === 'float32' ? Math.fround(0.8) : 0.8 },
    ]);
  });

  it('holds an activation of float32 against the threshold as float32, which it is where models are trained', () => {
    const logits = [-1e-8, -1e-7];
    for (const [dtype, label] of [
      ['float32', 1],
      ['float64', 0],
    ] as const) {
      const decoder = compileRowDecoder({ ...binary, activation: 'sigmoid' }, signature);
      const labels = decodeRows(decoder, outputs(dtype, [2], logits), TWO_ROWS).map(({ survived }) => survived);
      expect(labels).toEqual([label, 0]);
    }
  });

  it('applies the activation', () => {
    const sigmoid = compileRowDecoder({ ...binary, activation: 'sigmoid' }, signature);
    const softmax = compileRowDecoder({ ...binary, activation: 'softmax' }, signature);

    expect(decodeRows(sigmoid, outputs('float32', [2, 1], [0, -1000]), TWO_ROWS)).toEqual([
      { survived: 1, p: 0.5 },
      { survived: 0, p: 0 },
    ]);
    expect(decodeRows(softmax, outputs('float32', [2, 2], [1000, 1000, 5000, 0]), TWO_ROWS)).toEqual([
      { survived: 1, p: 0.5 },
      { survived: 0, p: 0 },
    ]);
  });

  it('gives null for NaN', () => {
    const decoder = compileRowDecoder(binary, signature);

    expect(decodeRows(decoder, outputs('float32', [2], [NaN, Infinity]), TWO_ROWS)).toEqual([
      { survived: null, p: null },
      { survived: 1, p: null },
    ]);
  });

  it('reads whole numbers of any dtype', () => {
    const decoder = compileRowDecoder(binary, signature);

    for (const [dtype, values] of [
      ['int64', [0n, 1n]],
      ['bool', [0, 1]],
    ] as const) {
      expect(decodeRows(decoder, outputs(dtype, [2], values), TWO_ROWS).map((row) => row['survived'])).toEqual([0, 1]);
    }
  });
});

describe('compileRowDecoder for several classes', () => {
  const multi: DecodeSpec = {
    kind: 'multi-class',
    tensor: 'y',
    labels: ['a', 'b', '__proto__'],
    field: 'label',
    probability_field: 'p',
    probabilities_field: 'all',
    on_request: ['all'],
  };
  const decoder = compileRowDecoder(multi, signatureOf('label', 'p', 'all'));

  it('takes the highest, the first of equals', () => {
    const tensors = outputs('float64', [2, 3], [0.2, 0.5, 0.3, 0.4, 0.2, 0.4]);

    expect(decodeRows(decoder, tensors, TWO_ROWS)).toEqual([
      { label: 'b', p: 0.5 },
      { label: 'a', p: 0.4 },
    ]);
  });

  it('gives on-request fields to callers that name them', () => {
    const [row] = decodeRows(decoder, outputs('float64', [1, 3], [0.2, 0.5, 0.3]), [{}], new Set(['all', 'other']));

    expect(JSON.stringify(row)).toBe('{"label":"b","p":0.5,"all":{"a":0.2,"b":0.5,"__proto__":0.3}}');
  });

  it('gives no label when a probability is NaN', () => {
    const [row] = decodeRows(decoder, outputs('float64', [1, 3], [0.2, NaN, 0.3]), [{}], new Set(['all']));

    expect(JSON.stringify(row)).toBe('{"label":null,"p":null,"all":{"a":0.2,"b":null,"__proto__":0.3}}');
  });
});

describe('compileRowDecoder for several labels', () => {
  const decoder = compileRowDecoder(
    {
      kind: 'multi-label',
      tensor: 'y',
      labels: ['x', 'y', 'z'],
      threshold: 0.5,
      activation: 'sigmoid',
      field: 'tags',
      probabilities_field: 'p',
    },
    signatureOf('p', 'tags'),
  );

  it('gives every label at or above the threshold, in the order of the labels, and fields in the order of the signature', () => {
    const [row] = decodeRows(decoder, outputs('float32', [1, 3], [0, -1000, 1000]), [{}]);

    expect(JSON.stringify(row)).toBe('{"p":{"x":0.5,"y":0,"z":1},"tags":["x","z"]}');
  });

  it('never gives a label whose probability is NaN', () => {
    expect(decodeRows(decoder, outputs('float32', [1, 3], [NaN, NaN, 9]), [{}])[0]).toMatchObject({
      tags: ['z'],
      p: { x: null, y: null },
    });
  });
});

describe('compileRowDecoder for numbers and tensors', () => {
  it('scales one field per column', () => {
    const decode: DecodeSpec = { kind: 'regression', tensor: 'y', fields: ['a', 'b'], multiply: 2, add: 1 };
    const decoder = compileRowDecoder(decode, signatureOf('a', 'b'));

    expect(decodeRows(decoder, outputs('float32', [2, 2], [1, 2, NaN, Infinity]), TWO_ROWS)).toEqual([
      { a: 3, b: 5 },
      { a: null, b: null },
    ]);
    expect(decoder.primaryFields).toEqual(['a', 'b']);
  });

  it('keeps the digits of int64', () => {
    const decoder = compileRowDecoder({ kind: 'regression', tensor: 'y', fields: ['id'] }, signatureOf('id'));

    expect(decodeRows(decoder, outputs('int64', [2], [7n, 9007199254740993n]), TWO_ROWS)).toEqual([
      { id: 7 },
      { id: 9007199254740993n },
    ]);
  });

  it('nests tensors by their shape', () => {
    const decoder = compileRowDecoder({ kind: 'tensors', fields: { out: 'y' } }, signatureOf('out'));

    expect(decodeRows(decoder, outputs('float32', [2, 1, 2], [1, NaN, 3, 4]), TWO_ROWS)).toEqual([
      { out: [[1, null]] },
      { out: [[3, 4]] },
    ]);
    expect(decodeRows(decoder, outputs('bool', [2], [0, 1]), TWO_ROWS)).toEqual([{ out: false }, { out: true }]);
    expect(decodeRows(decoder, outputs('string', [2, 1], ['a', 'b']), TWO_ROWS)).toEqual([
      { out: ['a'] },
      { out: ['b'] },
    ]);
    expect(decodeRows(decoder, outputs('float32', [0, 3], []), [])).toEqual([]);
  });
});

describe('compileRowDecoder and what it repeats', () => {
  const decode: DecodeSpec = {
    kind: 'regression',
    tensor: 'y',
    fields: ['score'],
    echo: { input_text: 'text', preprocessed_text: 'clean' },
    primary: ['score', 'input_text'],
    on_request: ['preprocessed_text'],
  };
  const prepare = [{ name: 'clean', field: 'text', steps: [{ kind: 'clean' }] }] as const;

  it('echoes input fields and prepared texts, null for absent ones', () => {
    const decoder = compileRowDecoder(decode, signatureOf('input_text', 'score', 'preprocessed_text'), prepare);
    const context = { rows: [{ text: 'The A' }, {}], prepared: [{ clean: 'a' }, {}] } as const;

    const rows = decoder.decode(outputs('float32', [2], [1, 2]), context, new Set(['preprocessed_text']));

    expect(rows).toEqual([
      { input_text: 'The A', score: 1, preprocessed_text: 'a' },
      { input_text: null, score: 2, preprocessed_text: null },
    ]);
    expect(Object.keys(rows[0]!)).toEqual(['input_text', 'score', 'preprocessed_text']);
    expect(decoder.primaryFields).toEqual(['score', 'input_text']);
    expect(decoder.onRequestFields).toEqual(['preprocessed_text']);
    expect(decoder.outputNames).toEqual(['y']);
  });

  it('refuses to echo what is not there', () => {
    expect(() => compileRowDecoder(decode, signatureOf('input_text', 'score', 'preprocessed_text'), [])).toThrow(
      '"clean" is neither an input field nor a prepared text',
    );
  });
});

describe('compileRowDecoder for the one value of a row', () => {
  const decode: DecodeSpec = { kind: 'tensors', fields: { f: 'y' }, single: ['f'] };
  const values = (type: FieldSchema['type'], given: NamedTensors) =>
    decodeRows(
      compileRowDecoder(decode, {
        input: { type: 'object', properties: {} },
        output: { type: 'object', properties: { f: { type } } },
      }),
      given,
      TWO_ROWS,
    ).map(({ f }) => f);

  it('gives it as the type that the signature promises', () => {
    expect(values('boolean', outputs('int64', [2], [0n, 1n]))).toEqual([false, true]);
    expect(values('boolean', outputs('float32', [2, 1], [1, 0]))).toEqual([true, false]);
    expect(values('integer', outputs('string', [2], ['2', '-10']))).toEqual([2, -10]);
    expect(values('number', outputs('string', [2], ['0.5', '1']))).toEqual([0.5, 1]);
    expect(values('string', outputs('string', [2], ['0', '1']))).toEqual(['0', '1']);
  });

  it('leaves what is none of that type for the self-test to find', () => {
    expect(values('boolean', outputs('int64', [2], [2n, 1n]))).toEqual([2, true]);
    expect(values('integer', outputs('string', [2], ['a', '']))).toEqual(['a', '']);
  });
});

describe('compileRowDecoder and a model that breaks its word', () => {
  const binary: DecodeSpec = { kind: 'binary', tensor: 'y', labels: [0, 1], field: 'f', positive: 1 };
  const multi: DecodeSpec = { kind: 'multi-class', tensor: 'y', labels: [0, 1, 2], field: 'f' };
  const tensors: DecodeSpec = { kind: 'tensors', fields: { f: 'y' } };
  const softmax: DecodeSpec = { kind: 'binary', tensor: 'y', labels: [0, 1], field: 'f', activation: 'softmax' };

  it.each<[string, DecodeSpec, NamedTensors]>([
    ['gave no output "y"', multi, new Map()],
    ['has shape [1, 3] for 2 rows', multi, outputs('float32', [1, 3], [])],
    ['has shape [] for 2 rows', tensors, outputs('float32', [], [])],
    ['has 2 columns where decode has 3', multi, outputs('float32', [2, 2], [])],
    ['not [rows, columns]', multi, outputs('float32', [2, 3, 1], [])],
    ['holds texts', multi, outputs('string', [2, 3], [])],
    ['has 1 columns where decode needs 2', binary, outputs('float32', [2], [])],
    ['has 1 columns where decode needs 2', softmax, outputs('float32', [2, 1], [])],
  ])('answers PREDICTION_FAILED because the output %s', (cause, decode, given) => {
    const decoder = compileRowDecoder(decode, signatureOf('f'));
    let error: unknown;
    try {
      decodeRows(decoder, given, TWO_ROWS);
    } catch (caught) {
      error = caught;
    }

    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe('PREDICTION_FAILED');
    expect(((error as AppError).cause as Error).message).toContain(cause);
  });

  it('says before serving what the declared outputs lack', () => {
    const decoder = compileRowDecoder(multi, signatureOf('f'));
    const describeAs = (dtype: DType | null, shape: readonly (number | null)[] | null) =>
      decoder.describeMismatch([{ name: 'y', dtype, shape }]);

    expect(describeAs(null, null)).toEqual([]);
    expect(describeAs('float32', [null, 3])).toEqual([]);
    expect(describeAs('float32', [null, null])).toEqual([]);
    expect(describeAs('float32', [null, 2])).toEqual(['The output "y" has shape [?, 2]; decode needs 3 columns.']);
    expect(describeAs('float32', [null, 3, 1])).toEqual([
      'The output "y" has shape [?, 3, 1]; decode needs [rows] or [rows, columns].',
    ]);
    expect(describeAs('string', [null, 3])).toEqual(['The output "y" holds texts; decode needs numbers.']);
    expect(decoder.describeMismatch([{ name: 'probabilities', dtype: null, shape: null }])).toEqual([
      'Decode reads the tensor "y", which the model does not have; its outputs are "probabilities".',
    ]);
    expect(
      compileRowDecoder(binary, signatureOf('f')).describeMismatch([{ name: 'y', dtype: null, shape: [null] }]),
    ).toEqual(['The output "y" has shape [?]; decode needs at least 2 columns.']);
  });
});

describe('compileRowDecoder with a run that does not fit', () => {
  const regression: DecodeSpec = { kind: 'regression', tensor: 'y', fields: ['a', 'b'] };

  it.each<[string, DecodeSpec, Signature]>([
    ['decode gives "b", which properties lacks', regression, signatureOf('a')],
    ['properties has "c", which decode does not give', regression, signatureOf('a', 'b', 'c')],
    ['"a" is there twice', { ...regression, echo: { a: 'text' } }, signatureOf('a', 'b')],
    ['"c" is not an output field', { ...regression, on_request: ['c'] }, signatureOf('a', 'b')],
    ['"c" is not an output field', { ...regression, primary: ['c'] }, signatureOf('a', 'b')],
    ['the primary field "b" is always given', { ...regression, on_request: ['b'] }, signatureOf('a', 'b')],
    ['"1" is there twice', { kind: 'multi-class', tensor: 'y', labels: [1, '1'], field: 'a' }, signatureOf('a')],
  ])('says: %s', (message, decode, signature) => {
    let error: unknown;
    try {
      compileRowDecoder(decode, signature);
    } catch (caught) {
      error = caught;
    }

    expect(error).toBeInstanceOf(RunError);
    expect((error as RunError).code).toBe('SIGNATURE_MISMATCH');
    expect((error as RunError).message).toContain(message);
  });
});
