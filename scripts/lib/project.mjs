/**
 * Set-up that `npm start` and `npm test` do themselves: install when node_modules does not match the lockfile,
 * build when dist/ does not match the sources. Uses Node alone, because nothing else may be installed yet.
 */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const stampFile = join(projectRoot, 'dist', '.build-stamp');
const minimumNode = [20, 19, 0];

/** Stops with a sentence when this Node is too old to load Nest 12 (ESM) from CommonJS. */
export function requireSupportedNode() {
  const version = process.versions.node.split('.').map(Number);
  const difference = minimumNode.map((part, i) => version[i] - part).find((d) => d !== 0) ?? 0;
  if (difference >= 0) return;
  console.error(`bestrun needs Node ${minimumNode.join('.')} or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

/**
 * Runs a command in the project and stops with its exit code when it fails.
 * @param {{ shell?: boolean }} options  shell: let a shell start it, which splits paths at spaces.
 */
export function run(command, args, env = {}, { shell = false } = {}) {
  const result = spawnSync(command, args, {
    cwd: projectRoot,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    shell,
  });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** Runs npm as `run` does; its arguments hold no spaces. */
function runNpm(args, env) {
  // The npm that runs this script is a JavaScript file, which Node starts on every system.
  const { npm_execpath: npm = '' } = process.env;
  if (/npm-cli\.c?js$/.test(npm)) return run(process.execPath, [npm, ...args], env);
  // Without it npm is a .cmd file on Windows, which only a shell can start.
  run('npm', args, env, { shell: process.platform === 'win32' });
}

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/**
 * Whether every required package of the lockfile is in node_modules in that version.
 * @param {{ production: boolean }} options  production: ignore packages only development needs.
 */
export function isInstalled({ production }) {
  const hiddenLock = join(projectRoot, 'node_modules', '.package-lock.json');
  if (!existsSync(hiddenLock)) return false;
  const wanted = readJson(join(projectRoot, 'package-lock.json')).packages;
  const present = readJson(hiddenLock).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || entry.optional || entry.devOptional || entry.peer || (production && entry.dev)) return true;
    return present[path]?.version === entry.version;
  });
}

/** Installs exactly the lockfile when node_modules does not match it. */
export function installIfNeeded({ production = false } = {}) {
  if (isInstalled({ production })) return;
  console.error('bestrun: installing packages (first start only) …');
  // npm 10 does not know allowScripts; this keeps ONNX Runtime from fetching its GPU libraries there too.
  runNpm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], { ONNXRUNTIME_NODE_INSTALL: 'skip' });
}

function* filesBelow(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (!entry.name.endsWith('.spec.ts')) yield path;
  }
}

/** A digest of everything the build reads: file times say nothing after a clone. */
export function sourceDigest() {
  const hash = createHash('sha256');
  const single = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs'];
  const folders = ['schemas', 'src'].map((name) => join(projectRoot, name));
  for (const file of [
    ...single.map((name) => join(projectRoot, name)),
    ...folders.flatMap((folder) => [...filesBelow(folder)]),
  ]) {
    hash
      .update(`${relative(projectRoot, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

/** Whether dist/ was built from the present sources. */
export function isBuilt() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === sourceDigest();
}

/** Notes that dist/ holds the build of the present sources. */
export function stampBuild() {
  writeFileSync(stampFile, sourceDigest());
}

/** Builds when the sources changed since the last build. */
export async function buildIfStale() {
  if (isBuilt()) return;
  console.error('bestrun: building …');
  run(process.execPath, [join(projectRoot, 'scripts', 'build.mjs')]);
}
