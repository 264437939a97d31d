import { mkdtempSync, readFileSync, rmSync, symlinkSync, cpSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as tf from '@tensorflow/tfjs-core';

import {
  describeInferenceEngine,
  engineFixtures,
  fixtureRequest,
  floatRows,
} from '../../../test/contracts/inference-engine.contract.js';
import type { ModelFormat } from '../../domain/run.js';
import type { Tensor } from '../../domain/tensor.js';
import type { EngineModel, LoadRequest } from '../inference-engine.js';
import { nativeTensorflow } from './native-package.js';
import { BACKEND_TITLE } from './tfjs-backends.js';
import type { TfjsBackend } from './tfjs-backends.js';
import { TfjsEngine } from './tfjs-engine.js';
import { itOnPosix } from '../../../test/support/posix.js';

const backends: readonly TfjsBackend[] = nativeTensorflow() ? ['tensorflow', 'wasm', 'cpu'] : ['wasm', 'cpu'];

for (const format of ['tfjs-layers', 'tfjs-graph'] as const) {
  for (const backend of backends) {
    describeInferenceEngine(`TfjsEngine for ${format} on ${backend}`, {
      makeEngine: () => new TfjsEngine(() => [backend]),
      sum: fixtureRequest(format, `${format}-sum`),
      two: fixtureRequest(format, `${format}-two`),
      backends: [BACKEND_TITLE[backend]],
      countTensors: () => tf.memory().numTensors,
    });
  }
}

describe(TfjsEngine.name, () => {
  const loaded: EngineModel[] = [];
  const load = async (folder: string, candidates?: readonly TfjsBackend[]): Promise<EngineModel> => {
    const format: ModelFormat = folder.startsWith('tfjs-layers') ? 'tfjs-layers' : 'tfjs-graph';
    return loadRequest(fixtureRequest(format, folder), candidates);
  };
  const loadRequest = async (request: LoadRequest, candidates?: readonly TfjsBackend[]): Promise<EngineModel> => {
    const model = await new TfjsEngine(candidates && (() => candidates)).load(request);
    loaded.push(model);
    return model;
  };
  const predictSum = async (model: EngineModel, output: string): Promise<number[]> => {
    const outputs = await model.predict(
      new Map([
        [
          'x',
          floatRows([
            [1, 2],
            [3, 4],
          ]),
        ],
      ]),
      [output],
    );
    return [...(outputs.get(output)!.data as Float32Array)];
  };
  afterEach(async () => {
    for (const model of loaded.splice(0)) await model.dispose();
  });

  it('takes the fastest backend that is there', async () => {
    const model = await load('tfjs-layers-sum');
    expect(model.info.backend).toBe(nativeTensorflow() ? 'tfjs-native' : 'tfjs-wasm');
    expect(model.info.notes).toEqual([]);
  });

  it('falls back to plain JavaScript, and says why, when WASM lacks an operation', async () => {
    const model = await load('tfjs-graph-einsum', ['wasm', 'cpu']);
    expect(model.info.backend).toBe('tfjs-cpu');
    expect(model.info.notes).toEqual(['tfjs-wasm was not taken: it lacks the operation Einsum.']);
    expect(await predictSum(model, 'y')).toEqual([3, 7]);
  });

  it('computes models on different backends side by side', async () => {
    const [onCpu, onWasm] = [await load('tfjs-layers-sum', ['cpu']), await load('tfjs-graph-sum', ['wasm'])];
    const answers = await Promise.all([onCpu, onWasm, onCpu].map((model) => predictSum(model, 'y')));
    expect(answers).toEqual([
      [3, 7],
      [3, 7],
      [3, 7],
    ]);
  });

  it('knows the names of a Sequential model before its first prediction, the same on every load', async () => {
    const before = tf.memory().numTensors;
    for (let i = 0; i < 2; i += 1) {
      const model = await load('tfjs-layers-sequential');
      expect(model.info.inputs).toEqual([{ name: 'only_input', dtype: 'float32', shape: [null, 2] }]);
      expect(model.info.outputs).toEqual([{ name: 'only', dtype: 'float32', shape: [null, 1] }]);
      const outputs = await model.predict(new Map([['only_input', floatRows([[1, 2]])]]), ['only']);
      expect(outputs.get('only')).toEqual(floatRows([[3]]));
    }
    for (const model of loaded.splice(0)) await model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('names inputs and outputs of a graph without signature after its nodes', async () => {
    const model = await load('tfjs-graph-no-signature');
    expect(model.info.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: [null, 2] }]);
    expect(model.info.outputs).toEqual([{ name: 'Identity', dtype: 'float32', shape: null }]);
    expect(await predictSum(model, 'Identity')).toEqual([3, 7]);
  });

  it('goes by the nodes when the signature of a graph names others', async () => {
    const model = await load('tfjs-graph-wrong-signature');
    expect(model.info.inputs.map((input) => input.name)).toEqual(['x']);
    expect(await predictSum(model, 'Identity')).toEqual([3, 7]);
  });

  it('runs graphs whose outputs have a size that only computing tells', async () => {
    const model = await load('tfjs-graph-dynamic');
    expect(model.info.outputs).toEqual([{ name: 'y', dtype: 'int32', shape: null }]);
    const before = tf.memory().numTensors;
    const x: Tensor = { dtype: 'bool', shape: [4], data: Uint8Array.of(0, 1, 0, 1) };
    for (let i = 0; i < 3; i += 1) {
      const outputs = await model.predict(new Map([['x', x]]), ['y']);
      expect(outputs.get('y')).toEqual({ dtype: 'int32', shape: [2, 1], data: Int32Array.of(1, 3) });
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  describe('with a graph of several element types', () => {
    const inputs = (whole: Tensor): Map<string, Tensor> =>
      new Map<string, Tensor>([
        ['text', { dtype: 'string', shape: [1], data: ['ä 漢'] }],
        ['flag', { dtype: 'bool', shape: [1], data: Uint8Array.of(1) }],
        ['number', { dtype: 'float64', shape: [1], data: Float64Array.of(-1) }],
        ['whole', whole],
      ]);

    it('carries text, truth values, whole numbers and NaN', async () => {
      const model = await load('tfjs-graph-types');
      const whole: Tensor = { dtype: 'int64', shape: [1], data: BigInt64Array.of(-7n) };
      const outputs = await model.predict(inputs(whole), ['text_out', 'flag_out', 'log', 'whole_out']);
      expect([...outputs]).toEqual([
        ['text_out', { dtype: 'string', shape: [1], data: ['ä 漢'] }],
        ['flag_out', { dtype: 'bool', shape: [1], data: Uint8Array.of(0) }],
        ['log', { dtype: 'float32', shape: [1], data: Float32Array.of(NaN) }],
        ['whole_out', { dtype: 'int32', shape: [1], data: Int32Array.of(-7) }],
      ]);
    });

    it('rejects a whole number that does not fit int32 instead of changing it', async () => {
      const model = await load('tfjs-graph-types');
      const whole: Tensor = { dtype: 'int64', shape: [1], data: BigInt64Array.of(2n ** 31n) };
      await expect(model.predict(inputs(whole), ['whole_out'])).rejects.toThrow('2147483648 does not fit');
    });
  });

  it('refuses what Keras 3 saved as a layers model and says how to export it', async () => {
    await expect(load('tfjs-layers-keras3')).rejects.toMatchObject({
      code: 'KERAS3_LAYERS_MODEL',
      message: expect.stringMatching(/^Keras 3\.4\.1 saved this model.*tf_keras.*graph model.*ONNX/) as string,
    });
  });

  it('names an operation that TensorFlow.js does not have', async () => {
    await expect(load('tfjs-graph-unknown-op')).rejects.toMatchObject({
      code: 'LOAD_FAILED',
      message: 'The model uses the operation MyOwnOp, which TensorFlow.js does not have.',
    });
  });

  it('names a layer that only Python has, and the ways out', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bestrun-tfjs-'));
    cpSync(join(engineFixtures, 'tfjs-layers-sequential'), folder, { recursive: true });
    const file = join(folder, 'model.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"class_name":"Dense"', '"class_name":"my.own>Attention"'));

    await expect(
      loadRequest({ ...fixtureRequest('tfjs-layers', 'tfjs-layers-sequential'), runFolder: folder }),
    ).rejects.toMatchObject({
      code: 'LOAD_FAILED',
      message:
        'The model uses the layer my.own>Attention, which TensorFlow.js does not have. A layer of your own is Python code: export the model as a graph model (tf.saved_model.save, then tensorflowjs_converter --input_format=tf_saved_model), or to ONNX.',
    });
    rmSync(folder, { recursive: true });
  });

  it('refuses weights that are cut short', async () => {
    await expect(load('tfjs-layers-damaged')).rejects.toMatchObject({
      code: 'LOAD_FAILED',
      message: expect.stringMatching(/^The weights do not fit the model/) as string,
    });
  });

  it('does not read weights from outside the run folder', async () => {
    await expect(load('tfjs-layers-outside')).rejects.toMatchObject({ code: 'ARTIFACT_OUTSIDE_RUN' });
  });

  itOnPosix('does not follow a link out of the run folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'linked-'));
    try {
      cpSync(join(engineFixtures, 'tfjs-layers-sum', 'model.json'), join(folder, 'model.json'));
      symlinkSync(join(engineFixtures, 'tfjs-layers-sum', 'weights.bin'), join(folder, 'weights.bin'));
      const request: LoadRequest = { format: 'tfjs-layers', runFolder: folder, path: 'model.json' };
      await expect(loadRequest(request)).rejects.toMatchObject({ code: 'ARTIFACT_OUTSIDE_RUN' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says which weight file is missing', async () => {
    await expect(load('tfjs-layers-missing')).rejects.toMatchObject({
      code: 'ARTIFACT_MISSING',
      message: 'model.json names the weight file "lost.bin", which does not exist.',
    });
  });
});
