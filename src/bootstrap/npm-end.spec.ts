import { whenNpmEnds } from './npm-end.js';

describe(whenNpmEnds.name, () => {
  const onEnd = jest.fn();
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    jest.useRealTimers();
    onEnd.mockReset();
  });

  it('says once that npm has ended: its process has another parent then', () => {
    const child = { env: { npm_lifecycle_event: 'start' }, ppid: 7 };
    whenNpmEnds(onEnd, child, 10);
    jest.advanceTimersByTime(50);
    expect(onEnd).not.toHaveBeenCalled();

    child.ppid = 1;
    jest.advanceTimersByTime(50);

    expect(onEnd).toHaveBeenCalledTimes(1);
  });

  it.each([undefined, 'deploy'])('says nothing of what another program or script (%s) has started', (script) => {
    const child = { env: { npm_lifecycle_event: script }, ppid: 7 };
    whenNpmEnds(onEnd, child, 10);

    child.ppid = 1;
    jest.advanceTimersByTime(50);

    expect(onEnd).not.toHaveBeenCalled();
  });
});
