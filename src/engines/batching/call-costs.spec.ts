import { CallCosts } from './call-costs.js';

describe(CallCosts.name, () => {
  const costs = (msOf: (rows: number) => number, sizes = [1, 8, 2, 4, 1, 8, 3, 1]) => {
    const known = new CallCosts();
    for (const rows of sizes) known.record(rows, msOf(rows));
    return known;
  };

  it('says that another thread halves the time of a model that computes', () => {
    expect(costs((rows) => 10 * rows).gainOfThread(8, 1, 64)).toBeCloseTo(2);
    expect(costs((rows) => 10 * rows).gainOfThread(8, 2, 64)).toBeCloseTo(1.5);
  });

  it('says that it gains little for one whose calls take long whatever they hold', () => {
    // 200 MB of weights, as measured: 13 ms for a row, 17 for eight.
    expect(costs((rows) => 12.6 + 0.6 * rows).gainOfThread(8, 1, 64)).toBeCloseTo(1.16, 1);
  });

  it('says that it gains where more rows wait than a call may hold', () => {
    expect(costs((rows) => 12.6 + 0.6 * rows).gainOfThread(128, 1, 64)).toBeCloseTo(2);
  });

  it('follows a model that changes', () => {
    const known = costs(() => 10);
    for (let i = 0; i < 200; i++) known.record(1 + (i % 8), 5 * (1 + (i % 8)));

    expect(known.gainOfThread(8, 1, 64)).toBeGreaterThan(1.9);
  });

  it('remembers what calls of several sizes have shown, when all have one size', () => {
    const known = costs((rows) => 12.6 + 0.6 * rows);
    for (let i = 0; i < 200; i++) known.record(1, 13.2);

    expect(known.gainOfThread(8, 1, 64)).toBeCloseTo(1.16, 1);
  });

  it('says nothing before it knows some calls, and nothing against another thread when they all have one size', () => {
    expect(costs(() => 10, [1, 2, 4]).gainOfThread(8, 1, 64)).toBeUndefined();
    expect(costs(() => 10, Array<number>(8).fill(5)).gainOfThread(8, 1, 64)).toBe(Infinity);
  });

  it('never takes a large call for quicker than a small one, nor a call for less than nothing', () => {
    expect(costs((rows) => 100 - 10 * rows).gainOfThread(8, 1, 64)).toBe(1);
    expect(costs((rows) => rows ** 3).gainOfThread(8, 1, 64)).toBeCloseTo(2);
  });
});
