/**
 * `npm run test:interop`: tests against real external things (native TensorFlow, a browser, a Python client, MLflow). Each part
 * installs what it needs below .cache/ or says why it cannot, and then fails. Name parts to run only those.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';

import { buildIfStale, installIfNeeded, projectRoot, requireSupportedNode } from './lib/project.mjs';

requireSupportedNode();
installIfNeeded();
await buildIfStale();

const folder = join(projectRoot, 'test', 'interop');
const known = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'run.mjs')));
const wanted = process.argv.length > 2 ? process.argv.slice(2) : known;
const failed = wanted.filter((name) => {
  console.log(`\n--- interop: ${name}`);
  const startedAt = performance.now();
  const { status } = spawnSync(process.execPath, [join(folder, name, 'run.mjs')], {
    cwd: projectRoot,
    stdio: 'inherit',
  });
  console.log(
    `--- interop: ${name} ${status === 0 ? 'passed' : 'FAILED'} in ${Math.round((performance.now() - startedAt) / 1000)} s`,
  );
  return status !== 0;
});
if (failed.length > 0) {
  console.error(`\ninterop failed: ${failed.join(', ')}`);
  process.exit(1);
}
