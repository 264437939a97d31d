import { floatRows } from '../../../test/contracts/inference-engine.contract.js';
import type { AppError } from '../../domain/app-error.js';
import { ModelQueue } from './model-queue.js';
import { PendingPrediction } from './pending-prediction.js';

describe(ModelQueue.name, () => {
  const made: PendingPrediction[] = [];
  afterEach(() => made.splice(0).forEach((prediction) => prediction.complete(new Map())));

  const crowd = (count: number): PendingPrediction[] => {
    const options = { outputNames: ['y'], timeoutMs: 60_000 };
    const inputs = () => new Map([['x', floatRows([[1]])]]);
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
      queue.assertNotFull();
    } catch (error) {
      refusal = error as AppError;
    }
    expect(refusal).toMatchObject({ code: 'QUEUE_FULL', details: { retryAfterSeconds: example.seconds } });
  });
});
