import { setImmediate as nextTurn } from 'node:timers/promises';

import { AppError } from '../../domain/app-error.js';
import { ValidationError } from '../../domain/validation-issue.js';
import { BakePeriod } from './bake-period.js';
import type { Best } from '../state/registered-run.js';
import { OutcomeCounter } from '../loading/outcome-counter.js';

/** A run of which only the record matters; `releases` counts how often its memory was given back. */
function aBest() {
  const best = { record: new OutcomeCounter(), releases: 0 };
  const loaded = { results: best.record, release: () => Promise.resolve(void (best.releases += 1)) };
  return Object.assign(best, { best: { loaded } as unknown as Best });
}

describe('a run on probation', () => {
  const failure = new AppError('PREDICTION_FAILED');
  const start = (durationMs?: number) => {
    const [current, previous] = [aBest(), aBest()];
    const verdicts: string[] = [];
    const onFailed = (failed: number, total: number) => void verdicts.push(`${failed}/${total}`);
    const bakePeriod = new BakePeriod(current.best, previous.best, onFailed, durationMs);
    const answer = (count: number) => (current.record.succeeded += count);
    const canRepeat = () => Promise.resolve();
    const fail = async (error: unknown = failure, hasShortTimeout = false, replayWith = canRepeat) => {
      current.record.recordFailure(error, hasShortTimeout, replayWith);
      await nextTurn();
    };
    return { current, previous, verdicts, bakePeriod, answer, fail };
  };

  it('fails when more than a fifth of at least five predictions fail', async () => {
    const { verdicts, bakePeriod, fail } = start();
    for (let i = 0; i < 4; i++) await fail();
    expect(verdicts).toEqual([]);
    for (let i = 0; i < 4; i++) await fail();
    bakePeriod.end();

    expect(verdicts).toEqual(['5/5']);
  });

  it('holds while no more than a fifth fail', async () => {
    const { verdicts, bakePeriod, answer, fail } = start();
    answer(8);
    await fail();
    await fail();
    expect(verdicts).toEqual([]);
    await fail();
    bakePeriod.end();

    expect(verdicts).toEqual(['3/11']);
  });

  it.each<[string, unknown, boolean]>([
    ['a full queue', new AppError('QUEUE_FULL', { retryAfterSeconds: 1 }), false],
    ['a client that has gone', new DOMException('gone', 'AbortError'), false],
    ['a client in more of a hurry than the server', new AppError('PREDICTION_TIMEOUT', { timeoutMs: 1 }), true],
  ])('is not blamed for %s', async (_what, error, hasShortTimeout) => {
    const { verdicts, bakePeriod, fail } = start();
    for (let i = 0; i < 10; i++) await fail(error, hasShortTimeout);
    bakePeriod.end();

    expect(verdicts).toEqual([]);
  });

  it('is not blamed for rows that the previous run cannot compute either', async () => {
    const { verdicts, bakePeriod, fail } = start();
    for (let i = 0; i < 10; i++) await fail(failure, false, () => Promise.reject(failure));
    bakePeriod.end();

    expect(verdicts).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['rows that it refuses although they keep the contract', new ValidationError([])],
    ['an image that holds up its thread', new AppError('PREDICTION_TIMEOUT', { timeoutMs: 1 })],
    ['a lost thread of images', new AppError('WORKER_LOST')],
  ])('is blamed for %s only when the previous run can predict them', async (_what, error) => {
    const { current, verdicts, bakePeriod } = start();
    const refuse = async (replayWith: () => Promise<void>) => {
      current.record.recordRefusal(error, false, replayWith);
      await nextTurn();
    };

    for (let i = 0; i < 10; i++) await refuse(() => Promise.reject(new ValidationError([])));
    expect(verdicts).toEqual([]);
    for (let i = 0; i < 5; i++) await refuse(() => Promise.resolve());
    bakePeriod.end();

    expect(verdicts).toEqual(['5/5']);
  });

  it('does not flood the previous run with what fails', async () => {
    const { current, verdicts, bakePeriod } = start();
    let asked = 0;
    const never = () => new Promise<void>(() => void (asked += 1));
    for (let i = 0; i < 100; i++) current.record.recordFailure(failure, false, never);
    await nextTurn();
    bakePeriod.end();

    expect([asked, verdicts]).toEqual([4, []]);
  });

  it('is blamed at once for a thread that is lost, and has nobody try the same', async () => {
    const { verdicts, bakePeriod, fail } = start();
    let asked = 0;
    for (let i = 0; i < 5; i++) {
      await fail(new AppError('WORKER_LOST'), false, () => Promise.resolve(void (asked += 1)));
    }
    bakePeriod.end();

    expect([asked, verdicts]).toEqual([0, ['5/5']]);
  });

  it('gives the previous run back when the time is over, once, and is not judged any more', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    const { previous, verdicts, bakePeriod, fail } = start(60_000);
    jest.advanceTimersByTime(59_999);
    expect([previous.releases, bakePeriod.isOver]).toEqual([0, false]);
    jest.advanceTimersByTime(1);
    bakePeriod.end();
    jest.useRealTimers();
    for (let i = 0; i < 10; i++) await fail();

    expect([previous.releases, verdicts, bakePeriod.isOver]).toEqual([1, [], true]);
  });

  it('keeps the previous run that is to serve again', () => {
    const { previous, bakePeriod } = start();
    bakePeriod.end({ keepPrevious: true });
    bakePeriod.end();

    expect(previous.releases).toBe(0);
  });
});
