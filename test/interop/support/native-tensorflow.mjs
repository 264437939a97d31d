import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { TENSORFLOW, cacheFolder, tensorflowWheel } from '../../../scripts/build-tfjs-node.mjs';
import { projectRoot } from '../../../scripts/lib/project.mjs';
import { pythonEnvironment } from './python-environment.mjs';
import { runProgram } from './run-program.mjs';

/**
 * Builds @tensorflow/tfjs-node below .cache/ unless that is done. Of parts that run at the same time one builds it, and
 * the others wait.
 *
 * @returns `modules`, the folder to put on NODE_PATH, and `wheel`, the file of Python's TensorFlow that it was made of.
 */
export async function nativeTensorFlow() {
  mkdirSync(dirname(cacheFolder), { recursive: true });
  const script = join(projectRoot, 'scripts', 'build-tfjs-node.mjs');
  const lock = join(projectRoot, '.cache', 'tfjs-node.lock');
  await runProgram('flock', [lock, process.execPath, script]);
  return { modules: join(cacheFolder, 'node_modules'), wheel: tensorflowWheel() };
}

/** Python with TensorFlow, from the wheel that tfjs-node was built from. */
export function pythonWithTensorFlow(wheel) {
  return pythonEnvironment('tensorflow-python', `tensorflow-cpu ${TENSORFLOW}`, (pip) => pip(wheel));
}
