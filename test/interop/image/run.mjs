/**
 * The container without a container engine: hadolint reads the Dockerfile; its stage `packages` is run as it is written, in a
 * folder; the list of what ships (SBOM) has every package that does; and the server runs on those packages alone, with the
 * variables of the image, its health check and its stop. Needs the npm registry and PyPI, on POSIX systems.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { projectRoot } from '../../../scripts/lib/project.mjs';
import { askServer } from '../../smoke/ask-server.mjs';
import { Bestrun } from '../support/bestrun.mjs';
import { pythonEnvironment } from '../support/python-environment.mjs';
import { runProgram } from '../support/run-program.mjs';
import { readDockerfile, variablesOf } from './dockerfile.mjs';

/** What docs/operations.md says that packages take on a disk, and what they may take beyond it until it says more; MB. */
const DOCUMENTED_MB = 360;
const MORE_MB = 20;
const MB = 1024 * 1024;
const BLOCK_BYTES = 512;

const dockerfile = join(projectRoot, 'Dockerfile');
const stages = readDockerfile(dockerfile);
const image = mkdtempSync(join(tmpdir(), 'bestrun-image-'));
const app = join(image, 'app');

async function lint() {
  const wanted = readFileSync(join(import.meta.dirname, 'requirements.txt'), 'utf8').trim();
  const python = await pythonEnvironment('hadolint', wanted, (pip) => pip(wanted));
  await runProgram(join(dirname(python), 'hadolint'), [dockerfile]);
}

/** What the stage copies from the project and runs, in its order. */
async function runStage(stage) {
  const env = { ...process.env, ...variablesOf(stage) };
  mkdirSync(app);
  for (const { keyword, text } of stage) {
    if (keyword === 'COPY') copy(text.split(' '));
    if (keyword === 'RUN') await runProgram('sh', ['-c', text], { cwd: app, env });
  }
}

function copy(words) {
  const to = words.at(-1);
  for (const from of words.slice(0, -1)) {
    const isFolder = to.endsWith('/');
    cpSync(join(projectRoot, from), join(app, to, isFolder ? from.split('/').at(-1) : ''), { recursive: true });
  }
}

/** `name@version` of every package below a folder of packages. */
function packagesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap(({ name }) => {
    if (name.startsWith('.')) return [];
    const path = join(folder, name);
    if (name.startsWith('@')) return packagesIn(path);
    const { name: fullName, version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    const nested = join(path, 'node_modules');
    return [`${fullName}@${version}`, ...(lstatSync(nested, { throwIfNoEntry: false }) ? packagesIn(nested) : [])];
  });
}

/** On the disk, as `du` counts. */
function bytesOf(path) {
  const info = lstatSync(path);
  const own = info.blocks * BLOCK_BYTES;
  return info.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), own) : own;
}

/** The health check of the image, as its container runs it. */
function healthCheck(port) {
  const { status } = spawnSync(join(app, 'scripts', 'healthcheck.sh'), { env: { ...process.env, PORT: String(port) } });
  return status;
}

async function runServer() {
  const variables = variablesOf(stages.get('final'));
  for (const name of ['STATE_DIR', 'MLFLOW_CACHE_DIR', 'MODEL_CACHE_DIR'])
    variables[name] = join(image, variables[name]);
  const environment = { ...variables, PORT: '0', MODELS_DIR: join(image, 'models'), LANG: process.env.LANG ?? 'C' };
  cpSync(join(projectRoot, 'models'), environment.MODELS_DIR, { recursive: true });
  for (const path of ['dist', 'schemas', 'LICENSE', 'scripts/healthcheck.sh'])
    cpSync(join(projectRoot, path), join(app, path), { recursive: true });
  const server = await Bestrun.start(environment, app, join(app, 'dist', 'main.js'));
  try {
    const { port } = new URL(server.url);
    await askServer(server.url);
    for (const path of ['/docs', '/redoc', '/openapi.json', '/postman.json'])
      assert.equal((await fetch(server.url + path)).status, 200, path);
    assert.equal(healthCheck(port), 0, 'the health check of a server that is ready');
    server.process.kill('SIGTERM');
    while ((await fetch(`${server.url}/readyz`)).status === 200) await sleep(20);
    assert.equal(healthCheck(port), 1, 'the health check of a server that stops');
    await server.exited;
    assert.equal(server.process.exitCode, 0);
  } finally {
    server.process.kill('SIGKILL');
  }
}

try {
  await lint();
  await runStage(stages.get('packages'));
  const shipped = [...new Set(packagesIn(join(app, 'node_modules')))].sort();
  const { components, metadata } = JSON.parse(readFileSync(join(app, 'sbom.cdx.json'), 'utf8'));
  const listed = [...new Set(components.map((component) => component['bom-ref'].split('|')[0]))].sort();
  assert.deepEqual(listed, shipped, 'packages in the SBOM, and those that ship');
  assert.match(metadata.component.purl, /^pkg:npm\/bestrun@/);
  const megabytes = Math.round(bytesOf(join(app, 'node_modules')) / MB);
  assert.ok(
    megabytes <= DOCUMENTED_MB + MORE_MB,
    `packages take ${megabytes} MB; docs/operations.md says ${DOCUMENTED_MB}`,
  );
  cpSync(join(projectRoot, 'package.json'), join(app, 'package.json'));
  await runServer();
  console.log(`image: ${shipped.length} packages of ${megabytes} MB, all in the SBOM; the server runs on them alone.`);
} finally {
  rmSync(image, { recursive: true, force: true });
}
