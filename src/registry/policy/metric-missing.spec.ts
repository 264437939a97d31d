import { sumRun } from '../../../test/support/stores/build-store.js';
import type { Run } from '../../domain/run.js';
import { metricMissing } from './metric-missing.js';

const run = (metrics: Run['metrics'], performance: Run['performance'] = {}): Run => ({
  ...sumRun('adder-1', '0'.repeat(64)),
  metrics,
  performance,
});

describe('the verdict on a run without the metric of the policy', () => {
  it('lists the metrics that are there', () => {
    expect(metricMissing(run({ loss: 1, auc: 0.5 }), 'f1')).toMatchObject({
      code: 'METRIC_MISSING',
      message: 'The run has no metric "f1". It has: loss, auc.',
    });
    expect(metricMissing(run({}), 'f1').message).toBe('The run has no metric "f1". It has: none.');
  });

  it.each(['F1', 'f1_score', 'f1-score', 'f1Score', 'val_f1', 'eval/f1'])('points at %s', (name) => {
    const { message, fix } = metricMissing(run({ loss: 1, [name]: 0.8 }), 'f1');

    expect(message).toContain(`Is "${name}" meant?`);
    expect(fix).toBe(`Log "${name}" as "f1", or select by "${name}" (card.json; MLflow: the tag bestrun.metric).`);
  });

  it.each([
    ['acuracy', 'accuracy'],
    ['acc', 'accuracy'],
    ['au', 'auc'],
  ])('takes %s for %s', (requested, name) => {
    expect(metricMissing(run({ loss: 1, [name]: 0.8 }), requested).message).toContain(`Is "${name}" meant?`);
  });

  it.each(['rmse', 'mse_ratio2', 'f'])('does not take %s for mse or f1', (name) => {
    for (const requested of ['mae', 'f1'])
      expect(metricMissing(run({ [name]: 1 }), requested).message).not.toContain('meant');
  });

  it('points at the number in the nested report, which policies do not see', () => {
    const { message, fix } = metricMissing(run({ loss: 1 }, { overall: { precision: 0.5, f1: 0.8 } }), 'f1');

    expect(message).toContain('performance.overall.f1 is 0.8, but only metrics count.');
    expect(fix).toBe('Log performance.overall.f1 as the metric "f1" too.');
  });
});
