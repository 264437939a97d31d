import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { environment, isShort } from '../mlflow/environments.mjs';
import { requireClose } from '../mlflow/predictions.mjs';
import { withBestrun } from '../support/bestrun.mjs';
import { runProgram } from '../support/run-program.mjs';

/**
 * Serves a model of each kind that train_kinds.py makes, from a folder and from MLflow: every row gets Python's answer
 * within 1e-4, labels equal.
 *
 * @param python  an interpreter with the libraries.
 * @param folder  an empty folder of its own.
 * @returns how many models were served.
 */
export async function requireKinds(python, folder) {
  mkdirSync(join(folder, 'mlruns'), { recursive: true });
  const script = join(import.meta.dirname, 'train_kinds.py');
  await runProgram(python, [script, folder, ...(isShort ? ['--short'] : [])], { cwd: folder, env: environment });
  const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8'));
  const variables = {
    SOURCES: 'directory,mlflow',
    MODELS_DIR: join(folder, 'models'),
    MLFLOW_TRACKING_URI: `file://${folder}/mlruns`,
    MLFLOW_CACHE_DIR: join(folder, 'cache'),
    STATE_DIR: join(folder, 'state'),
    START_WAIT_MS: '120000',
  };
  await withBestrun(variables, folder, async (bestrun) => {
    for (const [model, { rows, predictions }] of Object.entries(answers)) {
      const { data, detail } = await bestrun.ask(`/models/${model}/predictions`, { inputs: rows });
      assert.ok(data, `${model}: ${JSON.stringify(detail)}`);
      requireClose(data.predictions, predictions, model, 1e-4);
      assert.deepEqual(labelsOf(data.predictions), labelsOf(predictions), model);
      const { ranking } = (await bestrun.ask(`/models/${model}/selection`)).data;
      const warned = ranking[0].verdict.warnings.map(({ code }) => code);
      assert.ok(!warned.includes('ANSWERS_UNPROVEN'), `${model}: ${warned.join()}`);
    }
  });
  return Object.keys(answers).length;
}

/** What must be equal, not only close. */
function labelsOf(predictions) {
  return predictions.map(({ label, wine, digit, survived, best }) => [
    label ?? wine ?? digit ?? survived,
    best?.map((one) => one.label),
  ]);
}
