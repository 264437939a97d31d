import { setTimeout as sleep } from 'node:timers/promises';

import { TimeLimits } from './deadline-timer.js';
import type { Limited } from './deadline-timer.js';

describe(TimeLimits.name, () => {
  const all = [1, 2, 3].map((): Limited => ({ limit: undefined }));
  const limits = new TimeLimits(() => all);
  const passed: number[] = [];
  const set = (index: number, ms: number): void => {
    const limit = { at: performance.now() + ms, onPassed: () => void passed.push(index) };
    all[index]!.limit = limit;
    limits.note(limit);
  };
  beforeEach(() => {
    passed.length = 0;
    for (const each of all) each.limit = undefined;
  });
  afterAll(() => limits.stop());

  it('tells each that passes its limit, once, in whatever order they were set', async () => {
    set(0, 60);
    set(1, 20);
    set(2, 40);
    await sleep(30);
    expect(passed).toEqual([1]);
    await sleep(80);
    expect(passed).toEqual([1, 2, 0]);
    expect(all.map(({ limit }) => limit)).toEqual([undefined, undefined, undefined]);
  });

  it('lets go who is done in time, and holds it to its next limit', async () => {
    set(0, 20);
    all[0]!.limit = undefined;
    set(0, 60);
    await sleep(40);
    expect(passed).toEqual([]);
    await sleep(60);
    expect(passed).toEqual([0]);
  });

  it('tells nobody when it was stopped', async () => {
    const stopped = new TimeLimits(() => all);
    const limit = { at: performance.now() + 10, onPassed: () => void passed.push(0) };
    all[0]!.limit = limit;
    stopped.note(limit);
    stopped.stop();
    stopped.note(limit);
    await sleep(30);
    expect(passed).toEqual([]);
  });
});
