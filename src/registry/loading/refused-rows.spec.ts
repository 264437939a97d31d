import { AppError } from '../../domain/app-error.js';
import { RunError } from '../../domain/verdict.js';
import { findRefusedRows, isModelRefusal } from './refused-rows.js';

const refusal = () => new AppError('PREDICTION_FAILED', {}, { cause: new Error('indices element out of data bounds') });

describe(findRefusedRows.name, () => {
  const find = async (count: number, bad: readonly number[]) => {
    const calls: string[] = [];
    const found = await findRefusedRows(count, (from, to) => {
      calls.push(`${from}-${to}`);
      const fails = bad.some((row) => row >= from && row < to);
      return fails ? Promise.reject(refusal()) : Promise.resolve();
    });
    return { ...found, calls };
  };

  it('names the rows that fail alone, smallest first', async () => {
    expect(await find(9, [7, 0, 3])).toMatchObject({ refused: [0, 3, 7], hasComputed: true });
    expect(await find(1, [0])).toMatchObject({ refused: [0], hasComputed: false });
    expect(await find(3, [0, 1, 2])).toMatchObject({ refused: [0, 1, 2], hasComputed: false });
  });

  it('names none where each part can be computed', async () => {
    expect(await find(4, [])).toEqual({ refused: [], hasComputed: true, calls: ['0-2', '2-4'] });
  });

  it('needs few calls for one row among many, and never more than 256', async () => {
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
    await expect(findRefusedRows(2, () => Promise.reject(full))).rejects.toBe(full);
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
