import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { environment } from '../mlflow/environments.mjs';
import { requireClose } from '../mlflow/predictions.mjs';
import { withBestrun } from '../support/bestrun.mjs';
import { runProgram } from '../support/run-program.mjs';

/** Why each model of try_advice.py is refused. */
const REFUSALS = {
  'ir-version': 'LOAD_FAILED',
  opset: 'LOAD_FAILED',
  'opset-of-trees': 'LOAD_FAILED',
  locale: 'LOAD_FAILED',
  words: 'SELF_TEST_FAILED',
  'token-pattern': 'LOAD_FAILED',
  separators: 'LOAD_FAILED',
  sequence: 'NON_TENSOR_OUTPUT',
  float16: 'LOAD_FAILED',
  weights: 'RUN_FILE_INVALID',
  category: 'SIGNATURE_MISMATCH',
  'texts-of-numbers': 'SIGNATURE_MISMATCH',
  date: 'SIGNATURE_MISMATCH',
  objects: 'SIGNATURE_UNSUPPORTED',
};

/**
 * Does what verdicts say: models that are refused are made anew with the lines that their verdicts print, and served with
 * Python's predictions.
 *
 * @param python  an interpreter with the libraries.
 * @param folder  an empty folder of its own.
 */
export async function requireAdviceHelps(python, folder) {
  mkdirSync(join(folder, 'mlruns'), { recursive: true });
  const variables = {
    SOURCES: 'directory,mlflow',
    MODELS_DIR: join(folder, 'models'),
    MLFLOW_TRACKING_URI: `file://${folder}/mlruns`,
    MLFLOW_CACHE_DIR: join(folder, 'cache'),
    STATE_DIR: join(folder, 'state'),
    ALLOW_EMPTY: 'true',
    START_WAIT_MS: '120000',
  };
  const tryIt = (...args) =>
    runProgram(python, [join(import.meta.dirname, 'try_advice.py'), ...args], { cwd: folder, env: environment });

  await tryIt('refused', folder);
  const verdicts = await withBestrun(variables, folder, refusalsOf);
  const file = join(folder, 'verdicts.json');
  writeFileSync(file, JSON.stringify(verdicts));

  await tryIt('cured', folder, file);
  const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8'));
  assert.deepEqual(Object.keys(answers).sort(), Object.keys(REFUSALS).sort());
  await withBestrun(variables, folder, async (bestrun) => {
    for (const [model, { rows, predictions }] of Object.entries(answers)) {
      const { data, detail } = await bestrun.ask(`/models/${model}/predictions`, { inputs: rows });
      assert.ok(data, `${model}, after ${verdicts[model]}: ${JSON.stringify(detail)}`);
      requireClose(data.predictions, predictions, model, 1e-4);
    }
  });
  return Object.keys(answers).length;
}

/** The text of the verdict on each model. */
async function refusalsOf(bestrun) {
  const verdicts = {};
  for (const [model, code] of Object.entries(REFUSALS)) {
    const { data } = await bestrun.ask(`/models/${model}/selection`);
    const [reason] = data.ranking[0].verdict.reasons;
    assert.equal(reason?.code, code, `${model}: ${JSON.stringify(data.ranking[0].verdict)}`);
    verdicts[model] = `${reason.message} ${reason.fix}`;
  }
  return verdicts;
}
