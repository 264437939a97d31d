import { uptimeMs } from './uptime.js';

describe(uptimeMs.name, () => {
  beforeEach(() => jest.spyOn(performance, 'now').mockReturnValue(10_000));
  afterEach(() => {
    jest.restoreAllMocks();
    performance.clearMarks('bestrun:start');
  });

  it('is that of the process where it does nothing but serve', () => {
    expect(uptimeMs()).toBe(10_000);
  });

  it('counts from the start of the server where the process has installed and built before', () => {
    performance.mark('bestrun:start', { startTime: 4_000 });

    expect(uptimeMs()).toBe(6_000);
  });
});
