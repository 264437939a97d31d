import { setImmediate as nextTurn } from 'node:timers/promises';

import { AppError } from '../../domain/app-error.js';
import { Probation } from './bake-period.js';
import type { Best } from '../state/registered-run.js';
import { ServiceRecord } from '../loading/outcome-counter.js';

/** A run of which only the record matters; `releases` counts how often its memory was given back. */
function aBest() {
  const best = { record: new ServiceRecord(), releases: 0 };
  const served = { record: best.record, release: () => Promise.resolve(void (best.releases += 1)) };
  return Object.assign(best, { best: { served } as unknown as Best });
}

describe('a run on probation', () => {
  const failure = new AppError('PREDICTION_FAILED');
  const start = (durationMs?: number) => {
    const [watched, previous] = [aBest(), aBest()];
    const verdicts: string[] = [];
    const onFailed = (failed: number, total: number) => void verdicts.push(`${failed}/${total}`);
    const probation = new Probation(watched.best, previous.best, onFailed, durationMs);
    const answer = (count: number) => (watched.record.answered += count);
    const canRepeat = () => Promise.resolve();
    const fail = async (error: unknown = failure, isHasty = false, repeatWith = canRepeat) => {
      watched.record.noteFailure(error, isHasty, repeatWith);
      await nextTurn();
    };
    return { watched, previous, verdicts, probation, answer, fail };
  };

  it('fails when more than a fifth of at least five predictions fail', async () => {
    const { verdicts, probation, fail } = start();
    for (let i = 0; i < 4; i++) await fail();
    expect(verdicts).toEqual([]);
    for (let i = 0; i < 4; i++) await fail();
    probation.end();

    expect(verdicts).toEqual(['5/5']);
  });

  it('holds while no more than a fifth fail', async () => {
    const { verdicts, probation, answer, fail } = start();
    answer(8);
    await fail();
    await fail();
    expect(verdicts).toEqual([]);
    await fail();
    probation.end();

    expect(verdicts).toEqual(['3/11']);
  });

  it.each<[string, unknown, boolean]>([
    ['a full queue', new AppError('QUEUE_FULL', { retryAfterSeconds: 1 }), false],
    ['a client that has gone', new DOMException('gone', 'AbortError'), false],
    ['a client in more of a hurry than the server', new AppError('PREDICTION_TIMEOUT', { timeoutMs: 1 }), true],
  ])('is not blamed for %s', async (_what, error, isHasty) => {
    const { verdicts, probation, fail } = start();
    for (let i = 0; i < 10; i++) await fail(error, isHasty);
    probation.end();

    expect(verdicts).toEqual([]);
  });

  it('is not blamed for rows that its predecessor cannot compute either', async () => {
    const { verdicts, probation, fail } = start();
    for (let i = 0; i < 10; i++) await fail(failure, false, () => Promise.reject(failure));
    probation.end();

    expect(verdicts).toEqual([]);
  });

  it('does not flood its predecessor with what fails', async () => {
    const { watched, verdicts, probation } = start();
    let asked = 0;
    const never = () => new Promise<void>(() => void (asked += 1));
    for (let i = 0; i < 100; i++) watched.record.noteFailure(failure, false, never);
    await nextTurn();
    probation.end();

    expect([asked, verdicts]).toEqual([4, []]);
  });

  it('is blamed at once for a thread that is lost, and has nobody try the same', async () => {
    const { verdicts, probation, fail } = start();
    let asked = 0;
    for (let i = 0; i < 5; i++) {
      await fail(new AppError('WORKER_LOST'), false, () => Promise.resolve(void (asked += 1)));
    }
    probation.end();

    expect([asked, verdicts]).toEqual([0, ['5/5']]);
  });

  it('gives its predecessor back when the time is over, once, and is not judged any more', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    const { previous, verdicts, probation, fail } = start(60_000);
    jest.advanceTimersByTime(59_999);
    expect([previous.releases, probation.isOver]).toEqual([0, false]);
    jest.advanceTimersByTime(1);
    probation.end();
    jest.useRealTimers();
    for (let i = 0; i < 10; i++) await fail();

    expect([previous.releases, verdicts, probation.isOver]).toEqual([1, [], true]);
  });

  it('keeps its predecessor that is to serve again', () => {
    const { previous, probation } = start();
    probation.end({ keepPrevious: true });
    probation.end();

    expect(previous.releases).toBe(0);
  });
});
