import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import * as tf from '@tensorflow/tfjs-core';

import type { Tensor } from '../../../src/domain/tensor.js';
import type { LoadRequest } from '../../../src/engines/inference-engine.js';
import { nativeTensorflow } from '../../../src/engines/tfjs/native-package.js';
import { SavedModelEngine } from '../../../src/engines/tfjs/saved-model-engine.js';
import { WorkerPool } from '../../../src/engines/pool/worker-pool.js';
import { describeInferenceEngine, fixtureRequest, floatRows } from '../../contracts/inference-engine.contract.js';
import { predictTensors } from '../../support/engines/predict-tensors.js';

const models = process.env['SAVED_MODELS']!;
/** A twentieth of the rounds in the short form of the interop tests. */
const rounds = (full: number) => (process.env['INTEROP_CI'] === 'true' ? Math.ceil(full / 20) : full);
const request = (name: string): LoadRequest => ({
  format: 'saved-model',
  runFolder: join(models, name),
  path: 'saved_model',
});
/** What TensorFlow itself answered to rows of its own choice. */
const mlp = JSON.parse(readFileSync(join(models, 'mlp.json'), 'utf8')) as { rows: number[][]; answers: number[][] };

describeInferenceEngine('SavedModelEngine', {
  makeEngine: () => new SavedModelEngine(),
  sum: request('sum'),
  two: request('two'),
  fileToDamage: join('saved_model', 'saved_model.pb'),
  backends: ['tensorflow-savedmodel'],
  countTensors: () => tf.memory().numTensors,
});

describe('with @tensorflow/tfjs-node', () => {
  it('finds the package', () => {
    expect(nativeTensorflow()).not.toBeNull();
  });

  it('carries int64 beyond 32 bits, text and truth values of a SavedModel', async () => {
    const model = await new SavedModelEngine().load(request('types'));
    expect(model.info.inputs).toContainEqual({ name: 'whole', dtype: 'int64', shape: [null] });
    const inputs = new Map<string, Tensor>([
      ['whole', { dtype: 'int64', shape: [2], data: BigInt64Array.of(5n, -5n) }],
      ['text', { dtype: 'string', shape: [2], data: ['abc', ''] }],
      ['flag', { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) }],
    ]);
    const outputs = await model.predict(inputs, ['whole_out', 'text_out', 'flag_out']);
    expect(Object.fromEntries(outputs)).toEqual({
      whole_out: { dtype: 'int64', shape: [2], data: BigInt64Array.of(2n ** 40n + 5n, 2n ** 40n - 5n) },
      text_out: { dtype: 'string', shape: [2], data: ['ABC', ''] },
      flag_out: { dtype: 'bool', shape: [2], data: Uint8Array.of(0, 1) },
    });
    await model.dispose();
  });

  it('answers as TensorFlow does, from several threads at once', async () => {
    const pool = new WorkerPool({ threads: 2, hangGraceMs: 1_000, maxQueuedPerModel: 500, loadTimeoutMs: 30_000 });
    try {
      const model = await pool.load(request('mlp'));
      const predict = async () => {
        const outputs = await predictTensors(model, new Map([['x', floatRows(mlp.rows)]]), {
          outputNames: ['p'],
          timeoutMs: 20_000,
        });
        return [...(outputs.get('p')!.data as Float32Array)];
      };
      for (const answer of await Promise.all(Array.from({ length: rounds(200) }, predict)))
        expectClose(answer, mlp.answers.flat());
    } finally {
      await pool.close();
    }
  });

  it('computes every format in threads, side by side', async () => {
    const pool = new WorkerPool({ threads: 2, hangGraceMs: 1_000, maxQueuedPerModel: 500, loadTimeoutMs: 30_000 });
    try {
      const requests = (['onnx', 'tfjs-layers', 'tfjs-graph'] as const).map((format) =>
        fixtureRequest(format, `${format}-sum`),
      );
      const handle = await Promise.all([...requests, request('sum')].map((each) => pool.load(each)));
      const backends = handle.map((model) => model.info.backend);
      expect(backends).toEqual(['onnxruntime-cpu', 'tfjs-native', 'tfjs-native', 'tensorflow-savedmodel']);
      for (let round = 0; round < rounds(30); round += 1) {
        const row = [round, 0.5];
        const answers = await Promise.all(
          handle.map((model) =>
            predictTensors(model, new Map([['x', floatRows([row])]]), { outputNames: ['y'], timeoutMs: 20_000 }),
          ),
        );
        expect(answers.map((outputs) => (outputs.get('y')!.data as Float32Array)[0])).toEqual(
          handle.map(() => round + 0.5),
        );
      }
    } finally {
      await pool.close();
    }
  });

  it('replaces a thread that computes natively for too long, and answers on', async () => {
    const pool = new WorkerPool({ threads: 1, hangGraceMs: 0, maxQueuedPerModel: 500, loadTimeoutMs: 30_000 });
    try {
      const model = await pool.load(request('mlp'));
      const rows = Array.from({ length: 400_000 }, () => mlp.rows[0]!);
      const slow = predictTensors(model, new Map([['x', floatRows(rows)]]), { outputNames: ['p'], timeoutMs: 5 });
      await expect(slow).rejects.toMatchObject({ code: 'PREDICTION_TIMEOUT' });
      const next = await predictTensors(model, new Map([['x', floatRows(mlp.rows)]]), {
        outputNames: ['p'],
        timeoutMs: 20_000,
      });
      expectClose([...(next.get('p')!.data as Float32Array)], mlp.answers.flat());
    } finally {
      await pool.close();
    }
  });
});

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  const difference = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)));
  expect(difference).toBeLessThan(1e-5);
}
