import type { ModelSpec, TensorSpec } from '../../../domain/tensor.js';
import type { RunError } from '../../../domain/verdict.js';
import { readMlModel } from './ml-model.js';
import type { MlModel } from './ml-model.js';
import { columnRules } from './tags.js';
import { madeUpRow } from './example-rows.js';
import * as draft from './run-draft.js';
import { servableArtifact } from './servable-artifact.js';
import { fieldsOfSignature } from './signature-fields.js';

const mlModel = (inputs?: unknown, outputs?: unknown): MlModel => {
  const half = (name: string, value: unknown) => (value === undefined ? '' : `\n  ${name}: '${JSON.stringify(value)}'`);
  const signature = `signature: ${inputs === undefined && outputs === undefined ? 'null' : ''}`;
  return readMlModel(
    `flavors:\n  onnx:\n    data: model.onnx\n${signature}${half('inputs', inputs)}${half('outputs', outputs)}\n`,
  );
};
const { draftPart } = draft;
const completePart = (
  model: MlModel,
  example: string | undefined,
  spec: ModelSpec,
  tags: Record<string, string> = {},
): ReturnType<typeof draft.completePart> =>
  draft.completePart({ mlModel: model, exampleText: example, contract: undefined }, spec, columnRules(tags));
const column = (name: string | undefined, type: unknown, required = true) => ({
  type,
  ...(name && { name }),
  required,
});
const tensor = (dtype: string, shape: number[], name?: string) => ({
  type: 'tensor',
  'tensor-spec': { dtype, shape },
  ...(name && { name }),
});
const declared = (name: string, dtype: TensorSpec['dtype'], shape: (number | null)[]): TensorSpec => ({
  name,
  dtype,
  shape,
});
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (error) {
    return (error as RunError).code;
  }
};

describe('a run of MLflow', () => {
  it('feeds the columns of a data frame side by side to a model with one input', () => {
    const model = mlModel([column('age', 'double'), column('n', 'long')], [column('price', 'double')]);
    const example = '{"columns": ["n", "age"], "data": [[1, 0.5], [2, 1.5]]}';

    const part = completePart(model, example, {
      inputs: [declared('X', 'float32', [null, 2])],
      outputs: [declared('variable', 'float32', [null, 1])],
    });

    expect(part.signature.input).toMatchObject({
      properties: { age: { type: 'number', examples: [0.5] }, n: { type: 'integer' } },
      required: ['age', 'n'],
    });
    expect(part.signature.output.properties).toEqual({ price: { type: ['number', 'null'] } });
    expect(part.encode.tensors).toMatchObject([{ kind: 'columns', tensor: 'X', dtype: 'float32', rank: 2 }]);
    expect(part.decode).toEqual({ kind: 'tensors', fields: { price: 'variable' }, single: ['price'] });
    expect(part.examples.map(({ input }) => input)).toEqual([
      { age: 0.5, n: 1 },
      { age: 1.5, n: 2 },
    ]);
  });

  it.each([
    ['[0.5]', 'the input example has 0.5'],
    ['[2], [1.5]', 'the input example has 1.5'],
    ['[2], [1]', undefined],
  ])('needs whole numbers in the example of a model that takes whole numbers: %s', (data, said) => {
    const model = mlModel([column('age', 'double')], [column('price', 'double')]);
    const complete = () =>
      completePart(model, `{"columns": ["age"], "data": [${data}]}`, {
        inputs: [declared('X', 'int64', [null, 1])],
        outputs: [declared('variable', 'float32', [null, 1])],
      });

    if (said === undefined) expect(complete().examples).toHaveLength(2);
    else {
      expect(complete).toThrow(
        `The column "age" is numbers (double) in the signature and whole numbers (int64) in the model: ${said}.`,
      );
      expect(codeOf(complete)).toBe('SIGNATURE_MISMATCH');
    }
  });

  it('feeds each column to the input of its name, texts among them, when the model has several', () => {
    const model = mlModel([column('age', 'double', false), column('sex', 'string')], [column(undefined, 'string')]);

    const part = completePart(model, undefined, {
      inputs: [declared('sex', 'string', [null, 1]), declared('age', 'float32', [null, 1])],
      outputs: [declared('label', 'string', [null]), declared('probabilities', 'float32', [null, 3])],
    });

    expect(part.encode.tensors).toEqual([
      {
        kind: 'columns',
        tensor: 'age',
        dtype: 'float32',
        rank: 2,
        columns: [{ kind: 'number', field: 'age', missing: 'nan' }],
      },
      { kind: 'columns', tensor: 'sex', dtype: 'string', rank: 2, columns: [{ kind: 'string', field: 'sex' }] },
    ]);
    expect(part.decode).toMatchObject({ fields: { prediction: 'label' } });
    expect(part.examples).toEqual([{ input: { age: 0, sex: '' }, output: {} }]);
  });

  it('takes rows of an array, and fixes the sizes that the model fixes', () => {
    const model = mlModel([tensor('float32', [-1, -1, 2])], [tensor('float32', [-1, 3])]);

    const part = completePart(model, '[[[1, 2], [3, 4]]]', {
      inputs: [declared('image', 'float32', [null, 2, 2])],
      outputs: [declared('p', 'float32', [null, 3])],
    });

    expect(part.encode.tensors).toEqual([
      { kind: 'array', tensor: 'image', dtype: 'float32', field: 'input', shape: [2, 2] },
    ]);
    expect(part.signature.input.properties.input).toMatchObject({ minItems: 2, maxItems: 2, items: { minItems: 2 } });
    expect(part.signature.output.properties.prediction).toMatchObject({ type: 'array', minItems: 3 });
    expect(part.examples[0]!.input).toEqual({
      input: [
        [1, 2],
        [3, 4],
      ],
    });
  });

  it('takes lists of any length where neither the signature nor the model fixes it', () => {
    const ids = JSON.stringify([{ name: 'ids', type: 'tensor', 'tensor-spec': { dtype: 'int64', shape: [-1, -1] } }]);
    const model = readMlModel(`flavors: {onnx: {data: model.onnx}}\nsignature: {inputs: '${ids}', outputs: null}\n`);

    const part = completePart(model, undefined, {
      inputs: [declared('ids', 'int64', [null, null])],
      outputs: [declared('logits', 'float32', [null, 2])],
    });

    expect(part.encode.tensors).toEqual([
      { kind: 'array', tensor: 'ids', dtype: 'int64', field: 'ids', shape: [null] },
    ]);
    expect(part.signature.input.properties.ids).toEqual({ type: 'array', items: { type: 'integer' } });
    expect(part.examples).toEqual([{ input: { ids: [0] }, output: {} }]);
  });

  it('is tried with a row that its signature allows when it was logged without one', () => {
    const kinds = { n: 'double', text: 'string', yes: 'boolean', day: 'datetime' };
    const columns = Object.entries(kinds).map(([name, type]) => ({ name, type, required: true }));

    expect(madeUpRow(fieldsOfSignature(JSON.stringify(columns), 'inputs', 'input')!)).toEqual({
      n: 0,
      text: '',
      yes: false,
      day: '1970-01-01T00:00:00Z',
    });
  });

  it('names the parameters of its signature, which no model here takes', () => {
    const params = JSON.stringify([{ name: 'threshold', default: 0.5, shape: null, type: 'double' }]);
    const text = `flavors: {onnx: {data: model.onnx}}\nsignature: {inputs: null, outputs: null, params: '${params}'}\n`;

    expect(readMlModel(text).parameters).toEqual(['threshold']);
    expect(mlModel().parameters).toEqual([]);
  });

  it('without a signature is what its model says, field by field', () => {
    const part = completePart(mlModel(), '[[1, 2]]', {
      inputs: [declared('X', 'float32', [null, 2])],
      outputs: [declared('label', 'int64', [null]), declared('probabilities', 'float32', [null, 2])],
    });

    expect(Object.keys(part.signature.input.properties)).toEqual(['X']);
    expect(part.signature.output.properties).toMatchObject({
      label: { type: 'integer' },
      probabilities: { type: 'array' },
    });
    expect(part.decode).toMatchObject({
      fields: { label: 'label', probabilities: 'probabilities' },
      single: ['label'],
    });
  });

  it('has one label a row where the model declares [1, rows], and the list that its examples record', () => {
    const output = { label: 2, variable: [1.5, 2.5] };
    const contract = { place: 'bestrun/run.json', examples: [{ input: { X: [1, 2] }, output }] };
    const part = draft.completePart(
      { mlModel: mlModel(), exampleText: undefined, contract },
      {
        inputs: [declared('X', 'float32', [null, 2])],
        outputs: [declared('label', 'int64', [1, null]), declared('variable', 'float32', [null, 1])],
      },
      columnRules({}),
    );

    expect(part.decode).toMatchObject({ fields: { label: 'label', variable: 'variable' }, single: ['label'] });
    expect(part.signature.output.properties).toMatchObject({
      label: { type: 'integer' },
      variable: { type: 'array', minItems: 2, maxItems: 2 },
    });
  });

  it('feeds lists of booleans to a model that takes booleans', () => {
    const inputs = [declared('x', 'bool', [null, 2])];
    const outputs = [declared('y', 'float32', [null, 1])];
    const part = completePart(mlModel([tensor('bool', [-1, 2])]), '[[true, false]]', { inputs, outputs });

    expect(part.encode.tensors).toEqual([{ kind: 'array', tensor: 'x', dtype: 'bool', field: 'input', shape: [2] }]);
    expect(part.signature.input.properties.input).toMatchObject({ type: 'array', items: { type: 'boolean' } });
  });

  it('whose outputs MLflow could not tell has those of its model', () => {
    const model = mlModel([tensor('float32', [-1, 2])], [{ type: 'any', required: true }]);

    const part = completePart(model, undefined, {
      inputs: [declared('x', 'float32', [null, 2])],
      outputs: [declared('label', 'int64', [null]), declared('p', 'float32', [null, 2])],
    });

    expect(Object.keys(part.signature.input.properties)).toEqual(['input']);
    expect(part.decode).toMatchObject({ fields: { label: 'label', p: 'p' } });
  });

  it('shows its signature before its model is known', () => {
    const model = mlModel([column('age', 'double', false)], [column('price', 'double')]);

    expect(
      draftPart({ mlModel: model, exampleText: '{"columns": ["age"], "data": [[7.5]]}', contract: undefined }),
    ).toEqual({
      signature: {
        input: { type: 'object', properties: { age: { type: ['number', 'null'], examples: [7.5] } }, required: [] },
        output: { type: 'object', properties: { price: { type: ['number', 'null'] } }, required: ['price'] },
      },
      encode: { tensors: [] },
      decode: { kind: 'tensors', fields: { price: 'price' } },
      examples: [],
    });
  });

  it.each([
    ['a column of bytes', [column('x', 'binary')]],
    ['a column of maps', [column('x', 'map')]],
    ['a column of objects', [column('x', { type: 'object', properties: {} })]],
    ['a tensor of bytes', [tensor('bytes', [-1])]],
    ['two columns of one name', [column('x', 'long'), column('x', 'long')]],
  ])('is refused for %s', (_what, inputs) => {
    expect(codeOf(() => mlModel(inputs, [column('y', 'long')]))).toBe('SIGNATURE_UNSUPPORTED');
  });

  it('is refused when its signature and its model are strangers', () => {
    const two = [declared('a', 'float32', [null, 1]), declared('b', 'float32', [null, 1])];
    const model = mlModel(
      [column('x', 'double'), column('y', 'double')],
      [column('p', 'double'), column('q', 'double')],
    );

    expect(codeOf(() => completePart(model, undefined, { inputs: two, outputs: two }))).toBe('SIGNATURE_MISMATCH');
    expect(
      codeOf(() => completePart(model, undefined, { inputs: [declared('X', 'float32', [null, 2])], outputs: two })),
    ).toBe('SIGNATURE_MISMATCH');
  });

  it.each(['', '{', 'just text', 'flavors: none', 'flavors: {onnx: {}}\nsignature: {inputs: "[1]"}', 'a: &a [*a]'])(
    'is refused when its MLmodel file is %j',
    (text) => expect(codeOf(() => readMlModel(text))).toBe('MLMODEL_INVALID'),
  );

  it.each([
    ['sklearn', /skl2onnx/],
    ['xgboost', /convert_xgboost/],
    ['pytorch', /torch\.onnx\.export/],
    ['keras', /model\.export\("model\.onnx", format="onnx"\)/],
    ['lightgbm', /zipmap=False/],
    ['catboost', /ZipMap/],
    ['python_function', /Export the model that it wraps to ONNX and log that.*lines of each library/],
    ['of_next_year', /Export it to ONNX and log that/],
  ])('of the flavor %s is told how to become ONNX', (flavor, said) => {
    const found = servableArtifact(readMlModel(`flavors: {${flavor}: {data: model.bin}}`));

    expect(found).toMatchObject({ code: 'FORMAT_UNSUPPORTED', fix: expect.stringMatching(said) as string });
  });

  it.each([
    ['{saved_model_dir: tf2model, model_type: tf2-module}', { format: 'saved-model', path: 'tf2model' }],
    ['{data: data, model_type: keras, save_format: tf}', { format: 'saved-model', path: 'data/model' }],
    ['{data: data, model_type: keras, save_format: keras}', { code: 'FORMAT_UNSUPPORTED' }],
  ])('of the flavor tensorflow %s is a SavedModel where it is one', (flavor, expected) => {
    expect(servableArtifact(readMlModel(`flavors: {tensorflow: ${flavor}}`))).toMatchObject(expected);
  });

  it.each(['2.9.3', '2.15.1'])('of a Keras model that TensorFlow %s has saved is a SavedModel', (version) => {
    const flavor = `{data: data, model_type: keras, save_format: tf, keras_version: ${version}}`;

    const found = servableArtifact(readMlModel(`flavors: {tensorflow: ${flavor}}`));

    expect(found).toEqual({ format: 'saved-model', path: 'data/model' });
  });

  it.each([
    'tensorflow: {data: data, model_type: keras, save_format: tf, keras_version: 2.16.1}',
    'tensorflow: {data: data, model_type: keras, save_format: tf, keras_version: 2.21.0-rc1}',
    'tensorflow: {data: data, model_type: keras, save_format: tf, keras_version: 3.0.0}',
    'keras: {data: data, keras_version: 3.15.1, save_exported_model: false}',
  ])('that is a file of Keras (%s) is told how to become a SavedModel', (flavor) => {
    const found = servableArtifact(readMlModel(`flavors: {${flavor}}`));

    const fix = expect.stringMatching(/mlflow\.keras\.log_model\(.*save_exported_model=True/) as string;
    expect(found).toMatchObject({ code: 'FORMAT_UNSUPPORTED', fix });
  });

  it('of the flavor keras that was logged exported is a SavedModel', () => {
    const found = servableArtifact(readMlModel('flavors: {keras: {data: data, save_exported_model: true}}'));

    expect(found).toEqual({ format: 'saved-model', path: 'data/model' });
  });
});
