import { pino } from 'pino';

import { endWhenStuck } from './end-when-stuck.js';

const problem = '7 threads compute predictions that do not end, and no more are started.';

describe(endWhenStuck.name, () => {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  let registry: { computeProblem: string | undefined };
  let exitCodes: number[];
  let stop: () => void;
  beforeEach(() => {
    jest.useFakeTimers();
    lines.length = 0;
    exitCodes = [];
    registry = { computeProblem: undefined };
    const end = (exitCode?: number) => Promise.resolve(exitCodes.push(exitCode!) as never);
    stop = endWhenStuck(registry, logger, { lookMs: 10, patienceMs: 100, end });
  });
  afterEach(() => {
    stop();
    jest.useRealTimers();
  });

  it('ends the process once, with a line that says why, when threads stay missing', () => {
    registry.computeProblem = problem;
    jest.advanceTimersByTime(90);
    expect(exitCodes).toEqual([]);

    jest.advanceTimersByTime(1_000);

    expect(exitCodes).toEqual([1]);
    expect(lines).toEqual([expect.stringContaining(`bestrun ends itself, to be started again: ${problem}`)]);
  });

  it('ends one process of a server after the other', () => {
    stop();
    const end = (exitCode?: number) => Promise.resolve(exitCodes.push(exitCode!) as never);
    stop = endWhenStuck(registry, logger, { order: 1, lookMs: 10, patienceMs: 100, staggerMs: 200, end });
    registry.computeProblem = problem;

    jest.advanceTimersByTime(290);
    expect(exitCodes).toEqual([]);
    jest.advanceTimersByTime(100);
    expect(exitCodes).toEqual([1]);
  });

  it('does not when the threads come back in time', () => {
    registry.computeProblem = problem;
    jest.advanceTimersByTime(90);
    registry.computeProblem = undefined;
    jest.advanceTimersByTime(50);
    registry.computeProblem = problem;
    jest.advanceTimersByTime(90);

    expect([exitCodes, lines]).toEqual([[], []]);
  });
});
