import assert from 'node:assert/strict';

import { withBestrun } from '../../support/bestrun.mjs';
import { requirePredictions } from '../predictions.mjs';
import { requireServed, streamOfFlowers } from './refresh.mjs';

/** MLflow is killed under a server that runs, which serves on; MLflow comes back, and a better run serves. */
export async function requireOutageSurvived(bestrun, mlflow, trainer) {
  const stream = streamOfFlowers(bestrun, trainer);
  mlflow.kill();
  await bestrun.saysUntil('cannot be read');
  const better = trainer.answers[trainer.idOf('better')];
  await requirePredictions(bestrun, '/models/iris-flowers/predictions', better);

  await mlflow.start();
  const best = await trainer.log('best', 0.98, { c: 100 });
  await requireServed(bestrun, 'iris-flowers', best, trainer.answers[best]);
  await stream.stop();
}

/** A server that starts while MLflow is away serves what was read last. */
export async function requireStartFromCache(variables, cwd) {
  await withBestrun(variables, cwd, async (bestrun) => {
    assert.equal((await bestrun.ask('/models/iris')).data.best_run_id, 'iris-v2');
    assert.ok(
      bestrun.lines.some((line) => line.includes('last known listing is served')),
      bestrun.lines.join('\n'),
    );
  });
}
