import { AppError } from '../../domain/app-error.js';
import { RunError } from '../../domain/verdict.js';
import { computeByHalves, isModelRefusal } from './refused-rows.js';

const refusal = () => new AppError('PREDICTION_FAILED', {}, { cause: new Error('indices element out of data bounds') });

describe(computeByHalves.name, () => {
  const find = async (count: number, bad: readonly number[], mostRefused = 100) => {
    const calls: string[] = [];
    const compute = (from: number, to: number) => {
      calls.push(`${from}-${to}`);
      const fails = bad.some((row) => row >= from && row < to);
      return fails ? Promise.reject(refusal()) : Promise.resolve(calls.at(-1));
    };
    const found = await computeByHalves(count, compute, mostRefused);
    return { ...found, calls };
  };

  it('names the rows that fail alone, smallest first', async () => {
    expect(await find(9, [7, 0, 3])).toMatchObject({ refused: [0, 3, 7] });
    expect(await find(1, [0])).toMatchObject({ refused: [0], computed: [] });
    expect(await find(3, [0, 1, 2])).toMatchObject({ refused: [0, 1, 2], computed: [] });
  });

  it('gives all rows, each computed once, where each part can be computed', async () => {
    expect(await find(4, [])).toEqual({ refused: [], computed: ['0-2', '2-4'], calls: ['0-2', '2-4'] });
  });

  it('computes all rows, however many, where each can be computed alone only', async () => {
    const { refused, computed } = await computeByHalves(
      1_000,
      (from, to) => (to - from > 1 ? Promise.reject(refusal()) : Promise.resolve(from)),
      1,
    );

    expect(refused).toEqual([]);
    expect(computed).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
  });

  it('stops at as many refused rows as are wanted', async () => {
    expect(await find(8, [0, 1, 7], 1)).toMatchObject({ refused: [0], calls: ['0-4', '0-2', '0-1'] });
  });

  it('needs few calls for one row among many, and no more than 256 where some are refused', async () => {
    expect((await find(10_000, [5_000])).calls.length).toBeLessThan(32);
    const all = await find(
      10_000,
      Array.from({ length: 10_000 }, (_, i) => i),
    );
    expect(all.refused).toHaveLength(100);
    expect(all.calls.length).toBeLessThanOrEqual(256);
  });

  it('passes on every other error', async () => {
    const full = new AppError('QUEUE_FULL', { retryAfterSeconds: 1 });
    await expect(computeByHalves(2, () => Promise.reject(full), 1)).rejects.toBe(full);
  });
});

describe(isModelRefusal.name, () => {
  it.each<[boolean, string, unknown]>([
    [true, 'a value that the model cannot compute', refusal()],
    [false, 'a lost thread', new AppError('WORKER_LOST')],
    [false, 'want of memory', new AppError('PREDICTION_FAILED', {}, { cause: new Error('Failed to allocate memory') })],
    [
      false,
      'a model that could not be loaded again',
      new AppError('PREDICTION_FAILED', {}, { cause: new RunError('LOAD_FAILED', 'No.') }),
    ],
    [false, 'what is no error of the product', new Error('x')],
  ])('is %s for %s', (expected, _what, error) => {
    expect(isModelRefusal(error)).toBe(expected);
  });
});
