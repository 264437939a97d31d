import { AdaptiveBatchSize } from './adaptive-batch-size.js';

describe(AdaptiveBatchSize.name, () => {
  it('lets a quick model have as many rows as allowed', () => {
    const limit = new AdaptiveBatchSize(1_024);
    limit.record(1_024, 5);
    expect(limit.rows).toBe(1_024);
  });

  it('allows a slow model as many rows as fit into 50 ms, and one at least', () => {
    const limit = new AdaptiveBatchSize(1_024);
    limit.record(32, 160);
    expect(limit.rows).toBe(10);
    limit.record(1, 2_000);
    expect(limit.rows).toBe(1);
  });

  it('grows again when calls that fill it are quick, and not above what is allowed', () => {
    const limit = new AdaptiveBatchSize(20);
    limit.record(1, 60);
    const rows = [1, 2, 4, 8, 16, 20].map((sent) => {
      limit.record(sent, 1);
      return limit.rows;
    });
    expect(rows).toEqual([2, 4, 8, 16, 20, 20]);
  });

  it('does not grow on calls that were far from filling it', () => {
    const limit = new AdaptiveBatchSize(1_024);
    limit.record(100, 500);
    limit.record(2, 1);
    expect(limit.rows).toBe(10);
  });
});
