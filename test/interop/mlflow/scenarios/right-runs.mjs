import assert from 'node:assert/strict';

import { requirePredictions } from '../predictions.mjs';

/** Every run has the verdict it deserves, the best one serves, and all that may serve predict what Python predicts. */
export async function requireRightRuns(bestrun, trainer) {
  const { answers } = trainer;
  const { data } = await bestrun.ask('/models/iris-flowers/selection');
  assert.equal(data.best_run_id, trainer.idOf('strong'));
  const verdicts = Object.fromEntries(
    data.ranking.map(({ name, verdict }) => [name, verdict.eligible || verdict.reasons[0].code]),
  );
  assert.deepEqual(verdicts, {
    strong: true,
    weak: true,
    child: true,
    'not-a-number': true,
    pickle: 'FORMAT_UNSUPPORTED',
    parent: 'METRIC_MISSING',
  });
  assert.match(data.ranking.find(({ name }) => name === 'pickle').verdict.reasons[0].fix, /skl2onnx/);
  await requirePredictions(bestrun, '/models/iris-flowers/predictions', answers[trainer.idOf('strong')]);
  for (const name of ['weak', 'child', 'not-a-number']) {
    await requirePredictions(bestrun, `/runs/${trainer.idOf(name)}/predictions`, answers[trainer.idOf(name)]);
  }
  await requirePredictions(bestrun, '/models/house-prices/predictions', answers[trainer.idOf('forest')]);
  const { data: schema } = await bestrun.ask('/models/house-prices/schema');
  assert.deepEqual(Object.keys(schema.input.properties), ['area', 'town']);
  assert.equal((await bestrun.ask('/models/iris')).data.best_run_id, 'iris-v1');
  await requirePredictions(bestrun, '/models/iris/predictions', answers[trainer.idOf('strong')]);
}
