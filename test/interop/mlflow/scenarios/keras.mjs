import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { projectRoot } from '../../../../scripts/lib/project.mjs';
import { withBestrun } from '../../support/bestrun.mjs';
import { runProgram } from '../../support/run-program.mjs';
import { environment } from '../environments.mjs';
import { requirePredictions } from '../predictions.mjs';

/** Logs Keras models with TensorFlow. @returns what it predicts, by run id. */
export async function logKeras(python, uri, cwd) {
  const file = join(cwd, 'keras-answers.json');
  await runProgram(python, [join(import.meta.dirname, '..', 'log_keras.py'), uri, file], { cwd, env: environment });
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** What MLflow logged as a SavedModel predicts what TensorFlow predicts; files of Keras are told how to become one. */
export async function requireKeras(variables, cwd, answers) {
  await withBestrun({ ...variables, MLFLOW_EXPERIMENTS: 'Keras' }, cwd, async (bestrun) => {
    const { data } = await bestrun.ask('/models/keras/selection');
    const verdicts = data.ranking.map(({ name, verdict }) => [name, verdict.eligible || verdict.reasons[0].code]);
    assert.deepEqual(Object.fromEntries(verdicts), {
      file: 'FORMAT_UNSUPPORTED',
      'file-of-keras': 'FORMAT_UNSUPPORTED',
      exported: true,
      module: true,
      'two-outputs': true,
    });
    for (const { verdict } of data.ranking.filter(({ name }) => name.startsWith('file'))) {
      assert.match(verdict.reasons[0].fix, /save_exported_model=True/);
    }
    assert.equal(answers[data.best_run_id].name, 'exported');
    await requirePredictions(bestrun, '/models/keras/predictions', answers[data.best_run_id]);
    for (const [id, answer] of Object.entries(answers))
      await requirePredictions(bestrun, `/runs/${id}/predictions`, answer);
  });
}

/** What `npm run models:check` says of the store, with native TensorFlow and, where it can be done, without. */
export async function requireModelsCheck(variables, cwd) {
  const check = (environment) =>
    runProgram(process.execPath, [join(projectRoot, 'scripts', 'with-build.mjs'), 'dist/cli/check-models.js'], {
      cwd,
      env: { ...process.env, ...variables, ...environment },
    });
  // What the trainer logs is not there yet.
  const all = await check({ MLFLOW_EXPERIMENTS: '*', MLFLOW_MODELS: '' });
  assert.match(all, /Every model has a run to serve\./);
  assert.match(all, /FORMAT_UNSUPPORTED: .*\n.*→ .*save_exported_model=True/);
  // A package that npm could install beside the project is found without NODE_PATH.
  if (existsSync(join(projectRoot, 'node_modules', '@tensorflow', 'tfjs-node'))) return;
  const without = check({ MLFLOW_EXPERIMENTS: 'Keras', MLFLOW_MODELS: '', NODE_PATH: '' });
  await assert.rejects(without, /ended with 1:[^]*ENGINE_UNAVAILABLE: [^]*Nothing to serve for: keras\./);
}
