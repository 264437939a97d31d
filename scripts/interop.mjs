/**
 * `npm run test:interop`: tests against real external things (native TensorFlow, a browser, a Python client, MLflow). Each part
 * installs what it needs below .cache/ or says why it cannot, and then fails. Name parts to run only those.
 *
 * `--ci` is the short form for every push, at most twelve minutes: each external thing once, in its newest version, with a
 * twentieth of the rounds and without Keras. Parts read it from the variable INTEROP_CI.
 *
 * Two parts run at a time, since most of a part is waiting for registries; what one says is shown when it ends.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { buildIfStale, installIfNeeded, projectRoot, requireSupportedNode } from './lib/project.mjs';

const AT_A_TIME = 2;
/** Takes longer than all others together, so it begins first. */
const LONGEST = 'mlflow';

requireSupportedNode();
installIfNeeded();
await buildIfStale();

const folder = join(projectRoot, 'test', 'interop');
const known = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'run.mjs')));
const isShort = process.argv.includes('--ci');
const named = process.argv.slice(2).filter((arg) => arg !== '--ci');
const wanted = named.length > 0 ? named : known;
const waiting = [...wanted].sort((a, b) => Number(b === LONGEST) - Number(a === LONGEST));
const failed = [];

/** Runs one part; resolves when it has ended and was shown. */
function runPart(name) {
  console.log(`--- interop: ${name} begins`);
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(folder, name, 'run.mjs')], {
    cwd: projectRoot,
    env: { ...process.env, ...(isShort && { INTEROP_CI: 'true' }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk));
  return new Promise((resolve) => {
    child.once('close', (status) => {
      const seconds = Math.round((performance.now() - startedAt) / 1000);
      if (status !== 0) failed.push(name);
      process.stdout.write(`\n${Buffer.concat(said).toString('utf8')}`);
      console.log(`--- interop: ${name} ${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s`);
      resolve();
    });
  });
}

async function runWaiting() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await runPart(name);
}

await Promise.all(Array.from({ length: AT_A_TIME }, runWaiting));
if (failed.length > 0) console.error(`\ninterop failed: ${failed.join(', ')}`);
process.exit(failed.length > 0 ? 1 : 0);
