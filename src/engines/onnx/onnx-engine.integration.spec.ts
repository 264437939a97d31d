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

  it('refuses a model whose output is a list of maps', async () => {
    expect(await problemOf('onnx-zipmap')).toMatchObject({
      code: 'NON_TENSOR_OUTPUT',
      message: 'The model\'s output "probabilities" is a sequence, map or optional value, not a tensor.',
    });
  });

  it('refuses element types it cannot carry and says what to do', async () => {
    expect(await problemOf('onnx-half')).toMatchObject({
      code: 'LOAD_FAILED',
      message: 'The model\'s output "y" is float16: cast it to float32 inside the model.',
    });
  });

  it('names an operator that it does not know, and its domain', async () => {
    const { code, message } = await problemOf('onnx-custom-op');

    expect([code, message]).toEqual([
      'LOAD_FAILED',
      'The model uses the operator FancyScale of the domain com.acme.ml, which ONNX Runtime does not know: export it with standard operators.',
    ]);
  });

  it('does not read weights from outside the folder of the model', async () => {
    const error = await problemOf('onnx-outside');
    expect(error.code).toBe('LOAD_FAILED');
    expect(error.message).toMatch(/second file.*outside its folder/);
  });

  it('keeps the text of ONNX Runtime as the cause, for the log', async () => {
    const missing = await problemOf('no-such-folder');
    expect(String(missing.cause)).toContain('no-such-folder');
    expect(missing.message).not.toMatch(/[/\\]/);
  });
});
