import type { DType, TensorSpec } from '../../../domain/tensor.js';
import type { RunError } from '../../../domain/verdict.js';
import type { JsonObject } from '../../../lib/json/json.js';
import { deriveOutputs } from './derive-outputs.js';
import { fieldsOfSignature } from './signature-fields.js';

const column = (name: string | undefined, type: string): JsonObject => ({
  type,
  ...(name && { name }),
  required: true,
});
const tensor = (dtype: string, shape: number[]): JsonObject => ({ type: 'tensor', 'tensor-spec': { dtype, shape } });
const output = (name: string, dtype: DType | null, shape: (number | null)[] | null): TensorSpec => ({
  name,
  dtype,
  shape,
});

const LABEL = output('label', 'int64', [null]);
const CLASSIFIER = [LABEL, output('probabilities', 'float32', [null, 3])];

const derive = (specs: JsonObject[], tensors: TensorSpec[]) =>
  deriveOutputs(fieldsOfSignature(JSON.stringify(specs), 'outputs', 'prediction')!, tensors).spec;

describe('outputs of an MLflow signature', () => {
  it.each<[string, JsonObject[], TensorSpec[], object]>([
    [
      'a whole number is the label',
      [column('species', 'long')],
      CLASSIFIER,
      { fields: { species: 'label' }, single: ['species'] },
    ],
    [
      'a text is the label of texts',
      [column(undefined, 'string')],
      [output('label', 'string', [null]), CLASSIFIER[1]!],
      { fields: { prediction: 'label' } },
    ],
    [
      'an array of numbers is the probabilities',
      [tensor('float32', [-1, 3])],
      CLASSIFIER,
      { fields: { prediction: 'probabilities' } },
    ],
    [
      'a tensor of whole numbers is the label',
      [tensor('int64', [-1])],
      CLASSIFIER,
      { fields: { prediction: 'label' } },
    ],
    ['what has the name of an output is that', [column('label', 'double')], CLASSIFIER, { fields: { label: 'label' } }],
    [
      'a label by name leaves the array to the probabilities',
      [column('label', 'long'), { ...tensor('float64', [-1, 3]), name: 'p' }],
      CLASSIFIER,
      { fields: { label: 'label', p: 'probabilities' } },
    ],
    [
      'a number is the one output of a regressor',
      [column('price', 'double')],
      [output('variable', 'float32', [null, 1])],
      { fields: { price: 'variable' }, single: ['price'] },
    ],
    [
      'an output that says nothing of itself is taken',
      [column('y', 'double')],
      [output('y', null, null)],
      { fields: { y: 'y' } },
    ],
    [
      'a width that the model leaves open holds a number',
      [column('y', 'double')],
      [output('out', 'float32', [null, null])],
      { fields: { y: 'out' } },
    ],
    [
      'numbers share the columns of the output that has as many',
      ['setosa', 'versicolor', 'virginica'].map((name) => column(name, 'double')),
      CLASSIFIER,
      { kind: 'regression', tensor: 'probabilities', fields: ['setosa', 'versicolor', 'virginica'] },
    ],
    [
      'a label is the label, and the numbers beside it are the columns of the probabilities',
      [column('species', 'long'), ...['a', 'b', 'c'].map((name) => column(name, 'double'))],
      CLASSIFIER,
      {
        kind: 'heads',
        heads: [
          { kind: 'tensors', fields: { species: 'label' }, single: ['species'] },
          { kind: 'regression', tensor: 'probabilities', fields: ['a', 'b', 'c'] },
        ],
      },
    ],
    [
      'what is named keeps its output, the other numbers are the columns of another',
      [column('score', 'double'), column('label', 'long'), ...['a', 'b', 'c'].map((name) => column(name, 'double'))],
      [...CLASSIFIER, output('score', 'float32', [null, 1])],
      {
        kind: 'heads',
        heads: [
          { kind: 'tensors', fields: { score: 'score', label: 'label' }, single: ['score', 'label'] },
          { kind: 'regression', tensor: 'probabilities', fields: ['a', 'b', 'c'] },
        ],
      },
    ],
    [
      'whole numbers and numbers are the columns of an output each',
      [column('y1', 'long'), column('p1', 'double'), column('y2', 'long'), column('p2', 'double')],
      [output('labels', 'int64', [null, 2]), output('scores', 'float32', [null, 2])],
      {
        kind: 'heads',
        heads: [
          { kind: 'regression', tensor: 'scores', fields: ['p1', 'p2'] },
          { kind: 'regression', tensor: 'labels', fields: ['y1', 'y2'] },
        ],
      },
    ],
    [
      'columns that the model itself names are found by that name, whatever their order',
      [column('species', 'long'), ...['c', 'a', 'b'].map((name) => column(name, 'double'))],
      [LABEL, { ...CLASSIFIER[1]!, labels: ['a', 'b', 'c'] }],
      {
        kind: 'heads',
        heads: [{ kind: 'tensors' }, { kind: 'regression', tensor: 'probabilities', fields: ['a', 'b', 'c'] }],
      },
    ],
    [
      'numbers share the only output, whatever width it declares',
      [column('a', 'double'), column('b', 'double')],
      [output('variable', 'float32', [null, 1])],
      { kind: 'regression', tensor: 'variable' },
    ],
    [
      'lists are the only output, whatever width it declares',
      [tensor('float64', [-1, 3])],
      [output('variable', 'float32', [null, 1])],
      { kind: 'tensors', fields: { prediction: 'variable' } },
    ],
    [
      'lists are the output of their name, whatever width it declares',
      [{ ...tensor('float64', [-1, 3]), name: 'variable' }],
      [output('variable', 'float32', [null, 1]), LABEL],
      { kind: 'tensors', fields: { variable: 'variable' } },
    ],
  ])('are matched: %s', (_what, specs, tensors, expected) => {
    expect(derive(specs, tensors)).toMatchObject(expected);
  });

  it.each<[string, JsonObject[], TensorSpec[], RegExp, RegExp]>([
    [
      'a number is never the label',
      [column('probability', 'double')],
      CLASSIFIER,
      /^The signature's output "probability" is numbers \(double\), which none of the model's outputs is: "label" \(int64, \[rows\]\), "probabilities" \(float32, \[rows, 3\]\)\.$/,
      /pd\.DataFrame\(\{"label": …\}\).*exactly one column for each number of "probabilities".*infer_signature\(X\)/,
    ],
    [
      'nor when it is alone',
      [column('probability', 'double')],
      [LABEL],
      /none of the model's outputs is: "label"/,
      /"label"/,
    ],
    [
      'a whole number is not what a regressor gives',
      [column('price', 'long')],
      [output('variable', 'float32', [null, 1])],
      /"price" is whole numbers \(long\), which none/,
      /"variable"/,
    ],
    [
      'two outputs fit one field',
      [column('y', 'double')],
      [output('a', 'float32', [null]), output('b', 'float32', [null, 1])],
      /several of the model's outputs are: "a" \(float32, \[rows\]\), "b"/,
      /"a"/,
    ],
    [
      'two fields fit one output',
      [column('label', 'long'), column('x', 'double'), column('y', 'double')],
      [LABEL, output('out', 'float32', [null])],
      /"x", "y" cannot be told apart/,
      /infer_signature\(X\)/,
    ],
    [
      'the output of the name holds texts',
      [column('label', 'long')],
      [output('label', 'string', [null])],
      /^The output "label" is whole numbers \(long\) in the signature and texts in the model\.$/,
      /./,
    ],
    [
      'the output of the name holds several numbers',
      [column('probabilities', 'double')],
      CLASSIFIER,
      /in the model it is "probabilities" \(float32, \[rows, 3\]\)/,
      /./,
    ],
    [
      'truth values where the output of that name has whole numbers',
      [column('label', 'boolean')],
      CLASSIFIER,
      /"label" is booleans \(boolean\) in the signature and whole numbers \(int64\) in the model/,
      /predictions\.astype\(int\).*full contract .* "labels": \[false, true\]\.$/,
    ],
    [
      'names of classes where the output of that name has whole numbers',
      [column('label', 'string')],
      CLASSIFIER,
      /"label" is texts \(string\) in the signature and whole numbers \(int64\) in the model/,
      /the number of each class\), or leave the outputs out .*full contract .* with "labels"\.$/,
    ],
    [
      'two outputs have as many columns as there are numbers',
      [column('label', 'long'), column('x', 'double'), column('y', 'double')],
      [LABEL, output('a', 'float32', [null, 2]), output('b', 'float32', [null, 2])],
      /"x" is numbers \(double\), which none of the model's outputs is/,
      /exactly one column/,
    ],
    [
      'fewer columns than numbers',
      [column('a', 'double'), column('b', 'double')],
      CLASSIFIER,
      /"a" is numbers \(double\), which none/,
      /exactly one column/,
    ],
  ])('are refused: %s', (_what, specs, tensors, said, fix) => {
    try {
      derive(specs, tensors);
    } catch (error) {
      expect(error).toMatchObject({ code: 'SIGNATURE_MISMATCH', message: expect.stringMatching(said) as string });
      expect((error as RunError).fix).toMatch(fix);
      return;
    }
    throw new Error('They were not refused.');
  });
});
