/** Trains the TensorFlow.js runs: node training/train-ts.mjs --data DIR (after training/python/train.py). */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const steps = [
  [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(here, 'ts', 'tsconfig.json')],
  [join(root, '.cache', 'training', 'js', 'training', 'ts', 'train.js'), ...process.argv.slice(2)],
];
for (const step of steps) {
  const { status } = spawnSync(process.execPath, step, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
