/**
 * `npm run start:dev`: compiles src/ as it changes and restarts the server when the build or models/ changed.
 * Nothing else restarts it.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { buildIfStale, installIfNeeded, projectRoot, requireSupportedNode } from './lib/project.mjs';

requireSupportedNode();
installIfNeeded();
await buildIfStale();

const bin = (...parts) => join(projectRoot, 'node_modules', ...parts);
const compiler = bin('typescript', 'bin', 'tsc');
const children = [
  // tsc, not `nest build --watch`, which would empty dist/ and the copied assets with it.
  spawnNode(compiler, '-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput'),
  spawnNode(
    bin('nodemon', 'bin', 'nodemon.js'),
    ...['--quiet', '--watch', 'dist', '--watch', process.env.MODELS_DIR ?? 'models'],
    ...['--ext', 'js,json,onnx,bin,pb,txt', '--delay', '300ms', '--signal', 'SIGTERM'],
    join('dist', 'main.js'),
  ),
];

function spawnNode(...args) {
  return spawn(process.execPath, args, { cwd: projectRoot, stdio: 'inherit' });
}

const stop = () => children.forEach((child) => child.kill('SIGTERM'));
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
for (const child of children) {
  child.once('exit', (code) => {
    stop();
    process.exitCode ||= code ?? 0;
  });
}
