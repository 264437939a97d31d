import { compileRowEncoder } from '../../codec/encode/row-encoder.js';
import { compileRowValidator } from '../../codec/validate/row-validator.js';
import type { JsonObject } from '../../lib/json/json.js';
import type { DType, TensorSpec } from '../../domain/tensor.js';
import { RunError } from '../../domain/verdict.js';
import { columnRules } from '../../sources/mlflow/mapping/tags.js';
import { deriveInputs } from '../../sources/mlflow/mapping/derive-inputs.js';
import { inputSchema } from '../../sources/mlflow/mapping/model-field.js';
import { fieldsOfSignature } from '../../sources/mlflow/mapping/signature-fields.js';

const column = (name: string, type: unknown, required = true): JsonObject => ({ name, type, required }) as JsonObject;
const input = (name: string, dtype: DType, shape: (number | null)[] = [null, 1]): TensorSpec => ({
  name,
  dtype,
  shape,
});

function derive(columns: JsonObject[], tensors: TensorSpec[], tags: Record<string, string> = {}) {
  const part = deriveInputs(fieldsOfSignature(JSON.stringify(columns), 'inputs', 'input')!, tensors, columnRules(tags));
  return { schema: inputSchema(part.fields), tensors: part.spec };
}

/** What reaches the model for a row, or what a client is told. */
function feed(derived: ReturnType<typeof derive>, row: JsonObject): Record<string, unknown> | string {
  const issues: { loc: readonly unknown[]; msg: string }[] = [];
  const validated = compileRowValidator(derived.schema).validate(
    row,
    [],
    { source: 'body', mode: 'strict' },
    issues as never,
  );
  if (!validated) return issues.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join();
  const encoder = compileRowEncoder({ tensors: derived.tensors }, derived.schema, new Map());
  const made = encoder.encode([validated], () => [], issues as never);
  if (issues.length > 0) return issues.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join();
  return Object.fromEntries([...made].map(([name, { data }]) => [name, [...(data as Iterable<unknown>)]]));
}

function refusalOf(work: () => unknown): RunError {
  try {
    work();
  } catch (error) {
    if (error instanceof RunError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

describe('columns of an MLflow signature', () => {
  it('reach the inputs whose names an exporter made of theirs', () => {
    const derived = derive(
      [column('age', 'double'), column('home.dest', 'string'), column('fare paid (GBP)', 'double')],
      [input('age', 'float32'), input('home_dest', 'string'), input('fare_paid__GBP_', 'float32')],
    );

    expect(feed(derived, { age: 20, 'home.dest': 'a', 'fare paid (GBP)': 1 })).toEqual({
      age: [20],
      home_dest: ['a'],
      fare_paid__GBP_: [1],
    });
  });

  it('are refused when two of them could be the renamed one', () => {
    const work = () =>
      derive([column('a.b', 'double'), column('a-b', 'double')], [input('a_b', 'float32'), input('c', 'float32')]);

    expect(refusalOf(work)).toMatchObject({
      code: 'SIGNATURE_MISMATCH',
      message: expect.stringMatching(
        /"a\.b" is none of the model's inputs.*renamed.*"a_b" \(float32, \[rows, 1\]\)/,
      ) as string,
    });
  });

  it('of whole numbers reach an input of texts in digits', () => {
    const derived = derive(
      [column('pclass', 'long'), column('age', 'double')],
      [input('pclass', 'string'), input('age', 'float32')],
    );

    expect(feed(derived, { pclass: 1, age: 20 })).toEqual({ pclass: ['1'], age: [20] });
    expect(feed(derived, { pclass: 9007199254740993n, age: 20 })).toMatchObject({
      pclass: ['9007199254740993'],
    });
  });

  it('that may be missing are required where whole numbers cannot say so', () => {
    const derived = derive(
      [column('rooms', 'long', false), column('area', 'double', false)],
      [input('rooms', 'int64'), input('area', 'float32')],
    );

    expect(derived.schema.required).toEqual(['rooms']);
    expect(derived.schema.properties.rooms!.description).toContain('the model takes whole numbers (int64)');
    expect(feed(derived, { rooms: 4 })).toEqual({ rooms: [4n], area: [NaN] });
    expect(feed(derived, { area: 50 })).toBe('rooms: field required');
  });

  it('of texts that may be missing are required until a tag says what reaches the model', () => {
    const columns = [column('town', 'string', false), column('x', 'double')];
    const tensors = [input('town', 'string'), input('x', 'float32')];

    expect(feed(derive(columns, tensors), { x: 5 })).toBe('town: field required');
    expect(feed(derive(columns, tensors, { 'bestrun.missing.town': 'nan' }), { x: 5 })).toEqual({
      town: ['nan'],
      x: [5],
    });
    expect(feed(derive(columns, tensors, { 'bestrun.missing.town': '' }), { town: null, x: 5 })).toEqual({
      town: [''],
      x: [5],
    });
  });

  it('of numbers that may be missing reach the model as a tag says', () => {
    const columns = [column('rooms', 'long', false)];
    const tensors = [input('X', 'int64')];

    expect(feed(derive(columns, tensors, { 'bestrun.missing.rooms': '-1' }), {})).toEqual({ X: [-1n] });
    expect(refusalOf(() => derive(columns, tensors, { 'bestrun.missing.rooms': 'nan' })).message).toBe(
      'The tag bestrun.missing.rooms is "nan"; the column is whole numbers (int64) in the model.',
    );
  });

  it('of times reach an input of texts as they are, and one of numbers as a tag says', () => {
    const columns = [column('at', 'datetime')];
    const row = { at: '1970-01-02T00:00:00Z' };

    expect(feed(derive(columns, [input('at', 'string')]), row)).toEqual({ at: [row.at] });
    expect(feed(derive(columns, [input('at', 'int64')], { 'bestrun.date.at': 'epoch-seconds' }), row)).toEqual({
      at: [86400n],
    });
    expect(refusalOf(() => derive(columns, [input('at', 'int64')]))).toMatchObject({
      message: 'The column "at" is texts (datetime) in the signature and whole numbers (int64) in the model.',
      fix: expect.stringContaining('mlflow.set_tag("bestrun.date.at", "epoch-seconds")') as string,
    });
  });

  it('of lists reach the input of their name, of its size', () => {
    const derived = derive(
      [column('history', { type: 'array', items: { type: 'double' } }), column('hour', 'long')].map((one) =>
        typeof one.type === 'object' ? { ...one, ...(one.type as JsonObject) } : one,
      ),
      [input('history', 'float32', [null, 3]), input('hour', 'int64')],
    );

    expect(derived.schema.properties.history).toMatchObject({ type: 'array', minItems: 3, maxItems: 3 });
    expect(feed(derived, { history: [1, 2, 3], hour: 7 })).toEqual({ history: [1, 2, 3], hour: [7n] });
  });

  it('of lists share the only input with single values', () => {
    const history = { name: 'history', type: 'array', items: { type: 'double' }, required: true };
    const derived = derive([column('hour', 'long'), history], [input('X', 'float32', [null, 4])]);

    expect(feed(derived, { hour: 7, history: [1, 2, 3] })).toEqual({ X: [7, 1, 2, 3] });
    expect(feed(derived, { hour: 7, history: [1, 2] })).toMatch(/history/);
    expect(
      refusalOf(() => derive([history, { ...history, name: 'b' }], [input('X', 'float32', [null, 4])])).message,
    ).toMatch(/the lists "history", "b" is not known/);
  });

  it('of nested numbers reach an input that nests otherwise', () => {
    const image = { name: 'x', type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 2, 2] } };

    expect(
      feed(derive([image], [input('x', 'float32', [null, 1, 2, 2])]), {
        x: [
          [1, 2],
          [3, 4],
        ],
      }),
    ).toEqual({ x: [1, 2, 3, 4] });
  });

  it.each<[string, JsonObject[], TensorSpec[], RegExp]>([
    [
      'texts for numbers',
      [column('c', 'string')],
      [input('X', 'float32')],
      /^The column "c" is texts \(string\) in the signature and numbers \(float32\) in the model\.$/,
    ],
    [
      'numbers for texts',
      [column('x', 'double')],
      [input('x', 'string')],
      /^The column "x" is numbers \(double\) in the signature and texts in the model\.$/,
    ],
    [
      'booleans for texts',
      [column('x', 'boolean')],
      [input('x', 'string')],
      /^The column "x" is booleans \(boolean\) in the signature and texts/,
    ],
    [
      'too few columns',
      [column('x', 'double')],
      [input('X', 'float32', [null, 4])],
      /^The signature has one column \("x"\); the model's input is "X" \(float32, \[rows, 4\]\)\.$/,
    ],
    [
      'an input without a column',
      [column('x', 'double')],
      [input('x', 'float32'), input('y', 'float32')],
      /^The model needs the input "y" \(float32, \[rows, 1\]\), and the signature has no column of that name\.$/,
    ],
    [
      'one value for many',
      [column('x', 'double'), column('y', 'double')],
      [input('x', 'float32', [null, 5]), input('y', 'float32')],
      /^The column "x" is one value in the signature; the model's input is "x" \(float32, \[rows, 5\]\)\.$/,
    ],
    [
      'another shape',
      [{ name: 'x', type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 8, 7] } }],
      [input('x', 'float32', [null, 1, 8, 8])],
      /^The input "x" has shape \[rows, 8, 7\] in the signature; the model's input is "x" \(float32, \[rows, 1, 8, 8\]\)\.$/,
    ],
  ])('are refused in the words of the signature: %s', (_what, columns, tensors, said) => {
    const refusal = refusalOf(() => derive(columns, tensors));

    expect(refusal.message).toMatch(said);
    expect(`${refusal.message} ${refusal.fix}`).not.toMatch(/\/encode\/|\bencode\b|undefined/);
  });
});
