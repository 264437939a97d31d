import { CureBudget } from './cure-budget.js';

describe(CureBudget.name, () => {
  let nowMs = 0;
  const make = () => new CureBudget(() => nowMs);
  const work = (ms: number) => () => {
    nowMs += ms;
    return Promise.resolve('done');
  };

  it('gives what is asked for until it is spent, and counts work that fails', async () => {
    const budget = make();

    expect(await budget.spend(work(3_000))).toBe('done');
    expect(budget.remainingMs).toBe(5_300);
    await expect(
      budget.spend(() => {
        nowMs += 6_000;
        return Promise.reject(new Error('no'));
      }),
    ).rejects.toThrow('no');
    expect(budget.remainingMs).toBe(0);
  });

  it('comes back by a tenth of the time that goes by, and never grows beyond its start', async () => {
    const budget = make();
    await budget.spend(work(8_000));

    nowMs += 2_000;
    expect(budget.remainingMs).toBe(1_000);
    nowMs += 1e9;
    expect(budget.remainingMs).toBe(8_000);
  });
});
