import assert from 'node:assert/strict';

import { PredictionStream, requirePredictions } from '../predictions.mjs';

/** The runs that the versions of the registered model were made of. */
const RUN_OF_VERSION = { 'iris-v1': 'strong', 'iris-v2': 'weak', 'iris-v3': 'child' };

/** Predictions on both models of flowers until they are stopped, each compared with Python's. */
export function streamOfFlowers(bestrun, trainer) {
  const answerOf = (id) => trainer.answers[id in RUN_OF_VERSION ? trainer.idOf(RUN_OF_VERSION[id]) : id];
  return new PredictionStream(bestrun, ['iris-flowers', 'iris'], answerOf(trainer.idOf('strong')).rows, answerOf);
}

/** Waits for a run to serve, and compares its predictions. */
export async function requireServed(bestrun, model, id, answer) {
  await bestrun.askUntil(`/models/${model}`, ({ data }) => data.best_run_id === id);
  assert.equal(await requirePredictions(bestrun, `/models/${model}/predictions`, answer), id);
}

/**
 * A server that runs follows its store: a better run serves, one that would break clients is refused, an alias moves;
 * and no prediction fails meanwhile.
 */
export async function requireRefresh(bestrun, trainer) {
  const stream = streamOfFlowers(bestrun, trainer);
  const strong = trainer.idOf('strong');

  const better = await trainer.log('better', 0.95, { c: 10 });
  await requireServed(bestrun, 'iris-flowers', better, trainer.answers[better]);

  const breaking = await trainer.log('breaking', 0.97, { without: ['sepal_width'] });
  await requireRefused(bestrun, 'iris-flowers', breaking, '/input/properties/sepal_width');
  await requireServed(bestrun, 'iris-flowers', better, trainer.answers[better]);

  await trainer.moveAlias('3');
  await requireServed(bestrun, 'iris', 'iris-v3', trainer.answers[trainer.idOf('child')]);
  // Logged without a signature: its fields are others.
  await trainer.moveAlias('2');
  await requireRefused(bestrun, 'iris', 'iris-v2', '/input/properties/X');

  await stream.stop();
  assert.deepEqual(stream.runs, new Set([strong, 'iris-v1', better, 'iris-v3']));
}

async function requireRefused(bestrun, model, id, pointer) {
  const path = `/models/${model}/selection`;
  const { data } = await bestrun.askUntil(path, ({ data: { refused } }) => refused?.run_id === id);
  const { verdict } = data.ranking.find(({ run_id: other }) => other === id);
  assert.equal(verdict.reasons[0].code, 'CONTRACT_BREAKING');
  assert.ok(
    data.refused.differences.some((difference) => difference.pointer.startsWith(pointer)),
    JSON.stringify(data.refused.differences),
  );
}
