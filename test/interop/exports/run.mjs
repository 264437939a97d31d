/**
 * Every line of advice that messages and docs/mlflow.md print for models that only Python can run, executed with the
 * real libraries: each recipe makes ONNX of a trained model, MLflow logs it, the line of ANSWERS_UNPROVEN logs what Python
 * predicts, and the built server serves it with Python's predictions. The examples of docs/mlflow.md for a full contract
 * are run, too, what verdicts on refused models say is done, and a model of each kind is served from folder and MLflow.
 *
 * Needs PyPI the first time (PyTorch with what it brings on this system), nothing after that. With INTEROP_CI without
 * PyTorch, Keras and CatBoost.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { projectRoot } from '../../../scripts/lib/project.mjs';
import { environment, isShort } from '../mlflow/environments.mjs';
import { requireClose } from '../mlflow/predictions.mjs';
import { withBestrun } from '../support/bestrun.mjs';
import { pythonEnvironment } from '../support/python-environment.mjs';
import { runProgram } from '../support/run-program.mjs';
import { requireAdviceHelps } from './advice.mjs';
import { requireKinds } from './kinds.mjs';

const require = createRequire(import.meta.url);
const built = (path) => require(join(projectRoot, 'dist', path));

const { EXPORT_RECIPES, LOG_MODEL, fileLines } = built('sources/export-recipes.js');
const { WARNING_FIX } = built('domain/verdict.js');

const HEAVY = ['pytorch', 'keras', 'catboost'];
const recipes = EXPORT_RECIPES.filter(({ id }) => !isShort || !HEAVY.includes(id)).map((recipe) => ({
  ...recipe,
  fileLines: fileLines(recipe),
}));
/** The python blocks of one section of docs/mlflow.md. */
const page = readFileSync(join(projectRoot, 'docs', 'mlflow.md'), 'utf8');
const section = page.split('\n## ').find((part) => part.startsWith('A full contract'));
const examples = [...section.matchAll(/```python\n(.*?)```/gs)].map(([, code]) => code);

const work = mkdtempSync(join(tmpdir(), 'exports-interop-'));
const files = join(work, 'mlruns');
const uri = `file://${files}`;

async function python() {
  const wanted = readFileSync(join(import.meta.dirname, 'requirements.txt'), 'utf8');
  const packages = wanted
    .split('\n')
    .filter((line) => line && !(isShort && /^(torch|keras|onnxscript|catboost)\b/.test(line)));
  return pythonEnvironment(`exports-interop${isShort ? '-short' : ''}`, packages.join('\n'), (pip) => pip(...packages));
}

async function logAll(interpreter) {
  const logExamples = /mlflow\.log_dict\(.*\)/.exec(WARNING_FIX.ANSWERS_UNPROVEN)[0];
  const file = join(work, 'recipes.json');
  writeFileSync(file, JSON.stringify({ recipes, logModel: LOG_MODEL, logExamples }));
  const out = join(work, 'answers.json');
  const options = { cwd: work, env: { ...environment, MLFLOW_TRACKING_URI: uri } };
  await runProgram(interpreter, [join(import.meta.dirname, 'log_exports.py'), uri, file, out], options);
  for (const [i, code] of examples.entries()) {
    if (isShort && /import torch|, torch/.test(code)) continue;
    const script = join(work, `contract-${i}.py`);
    writeFileSync(script, code);
    await runProgram(interpreter, [script], options);
  }
  return JSON.parse(readFileSync(out, 'utf8'));
}

try {
  mkdirSync(files);
  const interpreter = await python();
  const cured = await requireAdviceHelps(interpreter, join(work, 'advice'));
  console.log(`exports: ${cured} models are served after what their verdicts say`);
  const kinds = await requireKinds(interpreter, join(work, 'kinds'));
  console.log(`exports: ${kinds} models of all kinds are served from a folder and from MLflow`);
  const answers = await logAll(interpreter);
  const variables = {
    SOURCES: 'mlflow',
    MLFLOW_TRACKING_URI: uri,
    MLFLOW_CACHE_DIR: join(work, 'cache'),
    STATE_DIR: join(work, 'state'),
    START_WAIT_MS: '120000',
  };
  await withBestrun(variables, work, async (bestrun) => {
    for (const [experiment, { rows, predictions, proven }] of Object.entries(answers)) {
      const model = experiment.replaceAll(' ', '-');
      const { data, detail } = await bestrun.ask(`/models/${model}/predictions`, { inputs: rows });
      assert.ok(data, `${experiment}: ${JSON.stringify(detail)}`);
      requireClose(data.predictions, predictions, experiment, 1e-4);
      const { ranking } = (await bestrun.ask(`/models/${model}/selection`)).data;
      const isUnproven = ranking[0].verdict.warnings.some(({ code }) => code === 'ANSWERS_UNPROVEN');
      assert.equal(isUnproven, !proven, `${experiment}: ANSWERS_UNPROVEN`);
    }
    const { models } = (await bestrun.ask('/models')).data;
    const contracts = models.filter(({ name }) => name.startsWith('contract-'));
    assert.equal(contracts.length, examples.length - (isShort ? 1 : 0), 'every example of a contract is served');
    for (const { name } of contracts) {
      const { data } = await bestrun.ask(`/models/${name}/selection`);
      const { eligible, warnings } = data.ranking[0].verdict;
      assert.deepEqual([eligible, warnings.map(({ code }) => code)], [true, []], name);
    }
    console.log(
      `exports: ${Object.keys(answers).length} models of ${recipes.length} recipes, ${contracts.length} contracts`,
    );
  });
} finally {
  rmSync(work, { recursive: true, force: true });
}
