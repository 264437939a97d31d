import {
  describeInferenceEngine,
  fixtureRequest,
  floatRows,
} from '../../../test/contracts/inference-engine.contract.js';
import { RunError } from '../../domain/verdict.js';
import type { EngineModel } from '../inference-engine.js';
import { OnnxEngine } from './onnx-engine.js';

describeInferenceEngine('OnnxEngine', {
  makeEngine: () => new OnnxEngine(),
  sum: fixtureRequest('onnx', 'onnx-sum'),
  two: fixtureRequest('onnx', 'onnx-two'),
  backends: ['onnxruntime-cpu'],
});

describe(OnnxEngine.name, () => {
  const load = (folder: string): Promise<EngineModel> => new OnnxEngine().load(fixtureRequest('onnx', folder));
  const problemOf = async (folder: string): Promise<RunError> => {
    const error: unknown = await load(folder).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(RunError);
    return error as RunError;
  };

  it('carries int64, uint64, text and truth values to their last digit, under names that are no identifiers', async () => {
    const model = await load('onnx-types');
    expect(model.info.outputs).toEqual([
      { name: 'x.1', dtype: 'int64', shape: [null] },
      { name: '13', dtype: 'string', shape: [null] },
      { name: '2', dtype: 'bool', shape: [null] },
      { name: 'onnx::Flatten_0', dtype: 'uint64', shape: [null] },
    ]);
    const outputs = await model.predict(
      new Map([
        ['whole', { dtype: 'int64', shape: [2], data: BigInt64Array.of(9007199254740993n, -1n) }],
        ['text', { dtype: 'string', shape: [2], data: ['', 'ä 漢 😀'] }],
        ['flag', { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) }],
        ['positive', { dtype: 'uint64', shape: [2], data: BigUint64Array.of(18446744073709551615n, 0n) }],
      ]),
      ['13', 'x.1', 'onnx::Flatten_0', '2'],
    );
    expect([...outputs]).toEqual([
      ['13', { dtype: 'string', shape: [2], data: ['', 'ä 漢 😀'] }],
      ['x.1', { dtype: 'int64', shape: [2], data: BigInt64Array.of(9007199254740993n, -1n) }],
      ['onnx::Flatten_0', { dtype: 'uint64', shape: [2], data: BigUint64Array.of(18446744073709551615n, 0n) }],
      ['2', { dtype: 'bool', shape: [2], data: Uint8Array.of(0, 1) }],
    ]);
    await model.dispose();
  });

  it('takes a scalar input without dimensions', async () => {
    const model = await load('onnx-scalar');
    expect(model.info.inputs[1]).toEqual({ name: 'factor', dtype: 'float32', shape: [] });
    const factor = { dtype: 'float32', shape: [], data: Float32Array.of(3) } as const;
    const outputs = await model.predict(
      new Map([
        ['x', floatRows([[1, 2]])],
        ['factor', factor],
      ]),
      ['y'],
    );
    expect(outputs.get('y')).toEqual(floatRows([[3, 6]]));
    await model.dispose();
  });

  it('passes on the NaN and -Infinity that a model computes', async () => {
    const model = await load('onnx-log');
    const x = { dtype: 'float32', shape: [3], data: Float32Array.of(-1, 0, 1) } as const;
    const outputs = await model.predict(new Map([['x', x]]), ['y']);
    expect([...(outputs.get('y')!.data as Float32Array)]).toEqual([NaN, -Infinity, 0]);
    await model.dispose();
  });

  it('rejects a row the model cannot compute', async () => {
    const model = await load('onnx-gather');
    const index = { dtype: 'int64', shape: [1], data: BigInt64Array.of(7n) } as const;
    await expect(model.predict(new Map([['index', index]]), ['y'])).rejects.toThrow();
    await model.dispose();
  });

  it('leaves out a ZipMap at the end: its probabilities are a tensor, whose columns have the labels', async () => {
    const model = await load('onnx-zipmap-texts');
    expect(model.info.outputs).toEqual([
      { name: 'label', dtype: 'int64', shape: [null] },
      { name: 'probabilities', dtype: 'float32', shape: [null, 2], labels: ['no', 'ja'] },
    ]);
    const x = floatRows([
      [0, 0],
      [0, 1000],
    ]);
    const outputs = await model.predict(new Map([['x', x]]), ['probabilities', 'label']);
    expect([...outputs.keys()]).toEqual(['probabilities', 'label']);
    expect(outputs.get('probabilities')).toEqual(
      floatRows([
        [0.5, 0.5],
        [0, 1],
      ]),
    );
    await model.dispose();
  });

  it('leaves out a ZipMap of a model with weights in a second file, whose tensor is an output too', async () => {
    const model = await new OnnxEngine().load({
      ...fixtureRequest('onnx', 'onnx-zipmap-weights'),
      files: ['weights.bin'],
    });
    expect(model.info.outputs).toEqual([
      { name: 'probabilities', dtype: 'float32', shape: [null, 2], labels: [20001n, 9007199254740993n] },
      { name: 'scores', dtype: 'float32', shape: [null, 2] },
    ]);
    const outputs = await model.predict(new Map([['x', floatRows([[1, 2]])]]), ['probabilities', 'scores']);
    expect([...outputs]).toEqual([
      ['probabilities', floatRows([[2, 4]])],
      ['scores', floatRows([[2, 4]])],
    ]);
    await model.dispose();
  });

  it('tells what an output is that cannot be read, and loads the model for those who read the others', async () => {
    const sequence = await load('onnx-sequence');
    expect(sequence.info.outputs).toEqual([{ name: 'label', dtype: 'int64', shape: [null] }]);
    expect(sequence.info.unreadableOutputs).toEqual([
      {
        name: 'probabilities',
        message:
          'The model\'s output "probabilities" is a sequence of 2 tensors, which cannot be read: make them outputs of their own, ' +
          'onx = skl2onnx.helpers.onnx_helper.select_model_inputs_outputs(onx, ["label", "first", "second"]), or read the other outputs only.',
      },
    ]);
    const outputs = await sequence.predict(new Map([['x', floatRows([[1, 2]])]]), ['label']);
    expect(outputs.get('label')?.data).toEqual(BigInt64Array.of(1n));
    await sequence.dispose();

    const half = await load('onnx-half');
    expect(half.info.unreadableOutputs).toEqual([
      {
        name: 'y',
        message:
          'The model\'s output "y" is float16: cast it to float32 inside the model (converters to float16 do so with keep_io_types=True).',
      },
    ]);
    await half.dispose();
  });

  it('refuses inputs of element types it cannot carry and says what to do', async () => {
    expect(await problemOf('onnx-half-input')).toMatchObject({
      code: 'LOAD_FAILED',
      message:
        'The model\'s input "x" is float16: cast it to float32 inside the model (converters to float16 do so with keep_io_types=True).',
    });
  });

  it('names an operator that it does not know, and its domain', async () => {
    const { code, message } = await problemOf('onnx-custom-op');

    expect([code, message]).toEqual([
      'LOAD_FAILED',
      'The model uses the operator FancyScale of the domain com.acme.ml, which ONNX Runtime does not know: export it with standard operators.',
    ]);
  });

  it('takes weights from a second file whose digest was checked', async () => {
    const model = await new OnnxEngine().load({ ...fixtureRequest('onnx', 'onnx-weights'), files: ['./weights.bin'] });
    const outputs = await model.predict(new Map([['x', floatRows([[1]])]]), ['y']);
    expect(outputs.get('y')).toEqual(floatRows([[2]]));
    await model.dispose();
  });

  it('refuses weights in a file that nobody has checked, and names it', async () => {
    expect(await problemOf('onnx-weights')).toMatchObject({
      code: 'RUN_FILE_INVALID',
      message:
        '"model.onnx" keeps weights in "weights.bin", a file without a digest: list {"path": "weights.bin", "sha256": "…"} in model.files of run.json.',
    });
  });

  it('names the file of weights that is missing', async () => {
    expect(await problemOf('onnx-weights-everywhere')).toMatchObject({
      code: 'ARTIFACT_MISSING',
      message:
        '"model.onnx" keeps weights in "sub/else.bin", which is not in the run folder: copy it there, or export the model with external_data=False.',
    });
  });

  it('does not read weights from outside the folder of the model', async () => {
    expect(await problemOf('onnx-outside')).toMatchObject({
      code: 'ARTIFACT_OUTSIDE_RUN',
      message: '"model.onnx" keeps weights in "../onnx-log/model.onnx", which leads out of the folder of the model.',
    });
  });

  it('keeps the text of ONNX Runtime as the cause, for the log', async () => {
    const missing = await problemOf('no-such-folder');
    expect(String(missing.cause)).toContain('no-such-folder');
    expect(missing.message).not.toMatch(/[/\\]/);
  });
});
