import { floatRows } from '../../../test/contracts/inference-engine.contract.js';
import type { AppError } from '../../domain/app-error.js';
import { ModelQueue } from './model-queue.js';
import { PendingPrediction } from './pending-prediction.js';

describe(ModelQueue.name, () => {
  const made: PendingPrediction[] = [];
  afterEach(() => made.splice(0).forEach((prediction) => prediction.complete([])));

  /** A further request with half a minute left. */
  const another = { rows: 1, bytes: 4, remainingMs: 30_000 };
  const crowd = (count: number): PendingPrediction[] => {
    const options = { outputNames: ['y'], timeoutMs: 60_000 };
    const inputs = () => [{ rows: 1, tensors: new Map([['x', floatRows([[1]])]]) }];
    const some = Array.from({ length: count }, () => new PendingPrediction(inputs(), options, () => {}));
    made.push(...some);
    return some;
  };

  it.each([
    { threads: 1, perCall: 1, seconds: 40 },
    { threads: 1, perCall: 10, seconds: 4 },
    { threads: 2, perCall: 10, seconds: 2 },
  ])('says that room comes after $seconds s with $threads threads that take $perCall per 2 s', (example) => {
    const queue = new ModelQueue({ limit: 20, threads: example.threads, maxBatchRows: 100 });
    queue.recordCall(crowd(example.perCall), 2_000, 2_000);
    for (const prediction of crowd(20)) queue.add(prediction);
    let refusal: AppError | undefined;
    try {
      queue.assertRoom(another);
    } catch (error) {
      refusal = error as AppError;
    }
    expect(refusal).toMatchObject({ code: 'QUEUE_FULL', details: { retryAfterSeconds: example.seconds } });
  });

  it('takes a crowd of quick calls, and refuses what would wait longer than anybody does', () => {
    const quick = new ModelQueue({ limit: 10_000, threads: 2, maxBatchRows: 100 });
    quick.recordCall(crowd(1), 1, 1);
    for (const prediction of crowd(5_000)) quick.add(prediction);
    const slow = new ModelQueue({ limit: 10_000, threads: 2, maxBatchRows: 100 });
    slow.recordCall(crowd(1), 5_000, 5_000);
    for (const prediction of crowd(12)) slow.add(prediction);

    expect(() => quick.assertRoom(another)).not.toThrow();
    expect(() => slow.assertRoom(another)).not.toThrow();
    for (const prediction of crowd(1)) slow.add(prediction);
    expect(() => slow.assertRoom(another)).toThrow('Too many predictions are waiting. Try again in 33 s.');
  });

  it('refuses more rows than it can hold, whoever brings them', () => {
    const queue = new ModelQueue({ limit: 10_000, threads: 2, maxBatchRows: 100 });
    const inputs = [
      { rows: 100_000, tensors: new Map([['x', floatRows(Array.from({ length: 100_000 }, () => [1]))]]) },
    ];
    const large = Array.from({ length: 10 }, () => {
      const prediction = new PendingPrediction(inputs, { outputNames: ['y'], timeoutMs: 60_000 }, () => {});
      queue.add(prediction);
      return prediction;
    });
    made.push(...large);

    expect(() => queue.assertRoom(another)).toThrow('Too many predictions are waiting.');
    queue.delete(large[0]!);
    expect(() => queue.assertRoom(another)).not.toThrow();
  });
});
