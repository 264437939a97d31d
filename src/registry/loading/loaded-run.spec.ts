import { sumRun } from '../../../test/support/stores/build-store.js';
import { AppError } from '../../domain/app-error.js';
import { ValidationError } from '../../domain/validation-issue.js';
import type { ModelHandle } from '../../engines/model-host.js';
import { LoadedRun } from './loaded-run.js';
import { compileCodec } from './run-codec.js';

const run = sumRun('adder-1', '0'.repeat(64));

/** A run whose model fails on every call that `fails` says so of, given the first numbers of its rows. */
function runWith(fails: (firsts: readonly number[]) => boolean) {
  const calls: { readonly firsts: readonly number[]; readonly isolated: boolean }[] = [];
  let isReleased = false;
  const release = () => Promise.resolve(void (isReleased = true));
  const predictParts: ModelHandle['predictParts'] = ([part], { isolated = false }) => {
    const { shape, data } = part!.tensors.get('x')!;
    const firsts = Array.from({ length: shape[0]! }, (_, row) => (data as Float32Array)[2 * row]!);
    calls.push({ firsts, isolated });
    if (isReleased) return Promise.reject(new AppError('INTERNAL_ERROR'));
    if (fails(firsts)) return Promise.reject(new AppError('PREDICTION_FAILED', {}, { cause: new Error('no') }));
    const y = { dtype: 'float32', shape: [firsts.length, 1], data: Float32Array.from(firsts) } as const;
    return Promise.resolve([{ rows: firsts.length, tensors: new Map([['y', y]]) }]);
  };
  const handle = {
    info: { inputs: [], outputs: [], backend: 'fake', notes: [] },
    predictParts,
    release,
  } as unknown as ModelHandle;
  const loaded = new LoadedRun(run, compileCodec(run, new Map()), handle);
  const ask = (firsts: readonly number[], mayRejectRows = true, rowByRow?: boolean): Promise<unknown> =>
    loaded
      .predict(
        firsts.map((a) => ({ a, b: 0 })),
        {
          source: 'body',
          mode: 'strict',
          locOf: (i) => ['body', 'inputs', i],
          include: new Set(),
          timeoutMs: 1_000,
          mayRejectRows,
          rowByRow,
        },
      )
      .catch((error: unknown) => error);
  return { ask, calls, loaded };
}

describe('a row that the model cannot compute', () => {
  const fails = (firsts: readonly number[]) => firsts.includes(999);

  it('is named as the problem of its request', async () => {
    const error = (await runWith(fails).ask([1, 999, 2, 999])) as ValidationError;

    expect(error).toBeInstanceOf(ValidationError);
    expect(error.issues.map(({ loc }) => loc)).toEqual([
      ['body', 'inputs', 1],
      ['body', 'inputs', 3],
    ]);
  });

  it('is looked for in calls of its own', async () => {
    const { ask, calls } = runWith(fails);
    await ask([1, 999]);

    expect(calls.map(({ isolated }) => isolated)).toEqual([false, true, true]);
  });

  it('is told from a model that fails by its own example when it came alone', async () => {
    const { ask, calls } = runWith(fails);

    expect(await ask([999])).toBeInstanceOf(ValidationError);
    expect(calls.map(({ firsts }) => firsts)).toEqual([[999], [999], [run.examples[0]!.input.a]]);
    expect(await runWith(() => true).ask([999])).toMatchObject({ code: 'PREDICTION_FAILED' });
    expect(await runWith(() => true).ask([1, 2])).toMatchObject({ code: 'PREDICTION_FAILED' });
  });

  it('is found although the run is given up meanwhile', async () => {
    const { ask, calls, loaded } = runWith((firsts) => {
      if (calls.length === 2) void loaded.release();
      return fails(firsts);
    });

    expect(await ask([999])).toBeInstanceOf(ValidationError);
  });

  it('is not looked for unless a client is to be told', async () => {
    const { ask, calls } = runWith(fails);

    expect(await ask([999], false)).toMatchObject({ code: 'PREDICTION_FAILED' });
    expect(calls).toHaveLength(1);
  });
});

describe('rows that the model computes only apart', () => {
  const failsOnThree = (firsts: readonly number[]) => firsts.length > 2;

  it.each([true, false])('are answered, and the request has not failed (told of rows: %s)', async (mayRejectRows) => {
    const { ask, calls, loaded } = runWith(failsOnThree);

    expect(await ask([1, 2, 3], mayRejectRows)).toEqual([{ sum: 1 }, { sum: 2 }, { sum: 3 }]);
    expect(calls.map(({ firsts }) => firsts)).toEqual([[1, 2, 3], [1], [2, 3]]);
    expect(loaded.results).toMatchObject({ succeeded: 1, failed: 0 });
  });

  it('fail as they are where the run is checked with rows together', async () => {
    const { ask, calls } = runWith(failsOnThree);

    expect(await ask([1, 2, 3], false, false)).toMatchObject({ code: 'PREDICTION_FAILED' });
    expect(calls).toHaveLength(1);
  });

  it('fail at the first row that fails alone when no client is to be told', async () => {
    const { ask, calls, loaded } = runWith((firsts) => firsts.includes(999));

    expect(await ask([999, 2, 3, 999], false)).toMatchObject({ code: 'PREDICTION_FAILED' });
    expect(calls.map(({ firsts }) => firsts)).toEqual([[999, 2, 3, 999], [999, 2], [999]]);
    expect(loaded.results).toMatchObject({ succeeded: 0, failed: 1 });
  });
});
