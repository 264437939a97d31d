import { RecentDeliveries } from './recent-deliveries.js';

describe('deliveries of a webhook', () => {
  it('are new once for as long as their signatures are good', () => {
    const deliveries = new RecentDeliveries();

    expect([0, 1, 599_999, 600_000].map((ms) => deliveries.isNew('d-1', ms))).toEqual([true, false, false, true]);
    expect(deliveries.isNew('d-2', 600_001)).toBe(true);
  });

  it('take no more memory than a bound, whoever sends them', () => {
    const deliveries = new RecentDeliveries();
    for (let i = 0; i < 20_000; i++) deliveries.isNew(`d-${i}`, 0);

    expect(deliveries.isNew('d-19999', 0)).toBe(false);
    expect(deliveries.isNew('d-0', 0)).toBe(true);
  });
});
