/**
 * The unit tests and the smoke test on every supported version of Node but the one that runs this. The npm package `node`
 * brings the binaries (below .cache/node-versions); nothing else is needed.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { projectRoot } from '../../../scripts/lib/project.mjs';
import { runProgram } from '../support/run-program.mjs';

/** Exact, so that a red run tomorrow means a change of ours. docs/decisions/0004 says until when each is supported. */
const VERSIONS = ['20.19.0', '22.23.3', '24.21.0'];

/** @returns absolute path of the binary of a version. */
async function install(version) {
  const folder = join(projectRoot, '.cache', 'node-versions', version);
  const binary = join(folder, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  await runProgram('npm', ['install', ...quiet, `node@${version}`], { cwd: folder });
  return binary;
}

const majorOf = (version) => version.split('.')[0];
const jest = join('node_modules', 'jest', 'bin', 'jest.js');

for (const version of VERSIONS.filter((each) => majorOf(each) !== majorOf(process.versions.node))) {
  const node = await install(version);
  const run = (...args) => runProgram(node, args, { cwd: projectRoot });
  const found = (await run('--version')).trim();
  if (found !== `v${version}`) throw new Error(`The package node@${version} brought ${found}.`);
  await run(jest, '--selectProjects', 'unit');
  console.log(`node ${version}: unit tests passed; ${(await run(join('test', 'smoke', 'smoke.mjs'))).trim()}`);
}
