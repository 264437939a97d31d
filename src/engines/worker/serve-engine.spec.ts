import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';

import type { NamedTensors } from '../../domain/tensor.js';
import { RunError } from '../../domain/verdict.js';
import type { EngineModel, InferenceEngine, ModelInfo } from '../inference-engine.js';
import type { Ready, Reply, Request } from './messages.js';
import { serveEngine } from './serve-engine.js';

const info: ModelInfo = { inputs: [], outputs: [], backend: 'doubling', notes: [] };
const LOAD: Request = { kind: 'load', model: 1, request: { format: 'onnx', runFolder: '/run', path: 'model.onnx' } };
const rowsOf = (...values: number[]) =>
  ['x', 'float32', [values.length, 1], Float32Array.from(values)] as [string, 'float32', number[], Float32Array];
const predict = (x: ReturnType<typeof rowsOf>, more: object = {}): Request => ({
  kind: 'predict',
  model: 1,
  inputs: [[x[2][0]!, [x]]],
  outputNames: ['y'],
  rowByRow: false,
  lowerPriority: false,
  ...more,
});

/** Doubles its input; remembers how many rows each call had. */
class DoublingModel implements EngineModel {
  readonly info = info;
  readonly calls: number[] = [];
  isDisposed = false;
  predict(inputs: NamedTensors): Promise<NamedTensors> {
    const { data, shape } = inputs.get('x')!;
    const rows = shape[0]!;
    this.calls.push(rows);
    if (data[0] === -1) throw new Error('secret');
    const doubled = Float32Array.from(data as Float32Array, (value) => 2 * value);
    const given = rows - (data[0] === -2 ? 1 : 0);
    const width = data.length / rows;
    const y = { dtype: 'float32', shape: [given, width], data: doubled.slice(0, given * width) } as const;
    return Promise.resolve(new Map([['y', y]]));
  }
  dispose(): Promise<void> {
    this.isDisposed = true;
    return Promise.resolve();
  }
}

describe('an inference thread', () => {
  let port: MessagePort;
  let model: DoublingModel;
  let load: () => Promise<EngineModel>;
  beforeEach(async () => {
    const { port1, port2 } = new MessageChannel();
    port = port1;
    model = new DoublingModel();
    load = () => Promise.resolve(model);
    const ready = once(port, 'message');
    serveEngine(port2, { load: () => load() } satisfies InferenceEngine);
    expect(await ready).toEqual([{ kind: 'ready' } satisfies Ready]);
  });
  afterEach(() => port.close());
  const ask = async (request: Request): Promise<Reply> => {
    const reply = once(port, 'message') as Promise<[Reply]>;
    port.postMessage(request);
    return (await reply)[0];
  };

  it('loads a model, computes rows together, and gives the model back', async () => {
    expect(await ask(LOAD)).toEqual({ kind: 'loaded', info });
    expect(await ask(predict(rowsOf(1, 2, 3)))).toEqual({
      kind: 'predicted',
      outputs: [[3, [['y', 'float32', [3, 1], Float32Array.of(2, 4, 6)]]]],
      computeMs: expect.any(Number) as number,
    });
    expect(model.calls).toEqual([3]);
    expect(await ask({ kind: 'release', model: 1 })).toEqual({ kind: 'released' });
    expect(model.isDisposed).toBe(true);
    expect(await ask(predict(rowsOf(1)))).toMatchObject({ kind: 'failed' });
  });

  it('computes rows one at a time where they must not meet', async () => {
    await ask(LOAD);

    expect(await ask(predict(rowsOf(1, 2, 3), { rowByRow: true }))).toMatchObject({
      outputs: [2, 4, 6].map((value) => [1, [['y', 'float32', [1, 1], Float32Array.of(value)]]]),
    });
    expect(model.calls).toEqual([1, 1, 1]);
  });

  it('computes parts of rows of different shapes one after the other', async () => {
    await ask(LOAD);
    const two: [string, 'float32', number[], Float32Array] = ['x', 'float32', [1, 2], Float32Array.of(3, 4)];

    expect(
      await ask(
        predict(rowsOf(), {
          inputs: [
            [2, [rowsOf(1, 2)]],
            [1, [two]],
          ],
        }),
      ),
    ).toMatchObject({
      outputs: [
        [2, [['y', 'float32', [2, 1], Float32Array.of(2, 4)]]],
        [1, [['y', 'float32', [1, 2], Float32Array.of(6, 8)]]],
      ],
    });
  });

  it('says what failed, and goes on', async () => {
    await ask(LOAD);

    expect(await ask(predict(rowsOf(-1)))).toEqual({
      kind: 'failed',
      cause: expect.stringContaining('secret') as string,
    });
    expect(await ask(predict(rowsOf(-2, 1)))).toEqual({
      kind: 'failed',
      cause: expect.stringContaining('the output "y" has the shape [1,1] for 2 rows of input') as string,
    });
    const other = ['z', 'float32', [2, 1], Float32Array.of(1, 2)] as const;
    expect(await ask(predict(rowsOf(1), { inputs: [[1, [rowsOf(1), other]]] }))).toEqual({
      kind: 'failed',
      cause: expect.stringContaining('the inputs do not have the same number of rows') as string,
    });
    expect(await ask(predict(rowsOf(1)))).toMatchObject({ kind: 'predicted' });
  });

  it.each<[string, unknown, object]>([
    [
      'a model that may not be served',
      new RunError('NON_TENSOR_OUTPUT', 'No tensor.', { cause: new Error('inner') }),
      { kind: 'problem', code: 'NON_TENSOR_OUTPUT', message: 'No tensor.', cause: expect.stringContaining('inner') },
    ],
    [
      'a verdict without a cause',
      new RunError('LOAD_FAILED', 'No.'),
      { kind: 'problem', code: 'LOAD_FAILED', message: 'No.', cause: '' },
    ],
    ['what is no error', { odd: true }, { kind: 'failed', cause: '{ odd: true }' }],
  ])('passes on %s', async (_what, thrown, reply) => {
    load = jest.fn<Promise<EngineModel>, []>().mockRejectedValue(thrown);

    expect(await ask(LOAD)).toEqual(reply);
  });
});
