/**
 * Runs the engines against the real thing: builds @tensorflow/tfjs-node, has Python TensorFlow write SavedModels, then
 * runs the contract of every engine with both present, and compares their answers.
 *
 *   node test/interop/engines/run.mjs
 *
 * Needs npm and PyPI the first time (about 3 GB in .cache, a minute), nothing after that. Exits non-zero and
 * says why when it cannot run. For Linux with python3 (venv, pip) and g++.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { projectRoot } from '../../../scripts/lib/project.mjs';
import { nativeTensorFlow, pythonWithTensorFlow } from '../support/native-tensorflow.mjs';

function run(program, args, env = {}) {
  const result = spawnSync(program, args, { cwd: projectRoot, stdio: 'inherit', env: { ...process.env, ...env } });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${program} ${args[0]} ended with ${result.status ?? result.signal}`);
}

const models = mkdtempSync(join(tmpdir(), 'saved-models-'));
try {
  const { modules, wheel } = await nativeTensorFlow();
  run(await pythonWithTensorFlow(wheel), [join(import.meta.dirname, 'make-saved-models.py'), models], {
    TF_CPP_MIN_LOG_LEVEL: '3',
  });
  const jest = join(projectRoot, 'node_modules', 'jest', 'bin', 'jest.js');
  run(process.execPath, [jest, '--config', join(import.meta.dirname, 'jest.config.cjs')], {
    NODE_PATH: modules,
    SAVED_MODELS: models,
    TF_CPP_MIN_LOG_LEVEL: '1',
    ORT_DISABLE_TELEMETRY: '1',
  });
} catch (error) {
  console.error(`The engines could not be tried against TensorFlow: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(models, { recursive: true, force: true });
}
