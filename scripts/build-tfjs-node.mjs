/**
 * Builds @tensorflow/tfjs-node where its own installer cannot work: that one downloads libtensorflow from a host outside
 * the package registries. This needs npm and PyPI only, and is for Linux on x64 or arm64 with Python 3.10+ (pip) and g++.
 *
 *   node scripts/build-tfjs-node.mjs               builds into .cache/tfjs-node/node_modules, touches nothing else
 *   node scripts/build-tfjs-node.mjs --into DIR    the same, then installs it into DIR/node_modules (e.g. `--into .`)
 *
 * What it does: installs the package and its dependencies without scripts, takes the TensorFlow libraries and C headers
 * from the tensorflow-cpu wheel, compiles the two files of the addon against them, and multiplies two matrices.
 * Downloads and results stay in .cache/tfjs-node (about 1.5 GB); a second run finds them and does nothing.
 * Without --into the build is found by any program started with NODE_PATH=.cache/tfjs-node/node_modules.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const TFJS_NODE = '4.22.0';
export const TENSORFLOW = '2.21.0';
/** The addon uses Node-API alone, so these headers fit every Node that runs it. */
const NODE_API_HEADERS = '1.9.0';

export const cacheFolder = fileURLToPath(new URL('../.cache/tfjs-node/', import.meta.url));
const modules = join(cacheFolder, 'node_modules');
const packageFolder = join(modules, '@tensorflow', 'tfjs-node');
const stamp = join(packageFolder, '.built');
const recipe = `tfjs-node ${TFJS_NODE}, tensorflow ${TENSORFLOW}, ${process.platform} ${process.arch}`;

/** Runs a program; its output is shown only when it fails. */
function run(program, args, options = {}) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...options });
  } catch (error) {
    const output = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim().split('\n').slice(-15).join('\n');
    throw new Error(`${program} ${args[0]} … failed${output ? `:\n${output}` : `: ${error.message}`}`, {
      cause: error,
    });
  }
}

function installPackageWithoutScripts() {
  writeFileSync(join(cacheFolder, 'package.json'), '{ "private": true }\n');
  const wanted = [`@tensorflow/tfjs-node@${TFJS_NODE}`, `node-api-headers@${NODE_API_HEADERS}`];
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  run('npm', ['install', '--prefix', cacheFolder, ...quiet, ...wanted]);
}

/** The tensorflow-cpu wheel, from the cache or the registry. */
export function tensorflowWheel(python = 'python3') {
  const wheels = join(cacheFolder, 'wheels');
  mkdirSync(wheels, { recursive: true });
  const find = () => readdirSync(wheels).find((name) => name.startsWith(`tensorflow_cpu-${TENSORFLOW}-`));
  if (!find())
    run(python, ['-m', 'pip', 'download', '--quiet', '--no-deps', '-d', wheels, `tensorflow-cpu==${TENSORFLOW}`]);
  return join(wheels, find());
}

const UNPACK = `
import os, shutil, sys, zipfile
wheel, deps = sys.argv[1:]
headers = ('tensorflow/c/', 'tensorflow/core/platform/', 'tsl/', 'xla/')
for name in (z := zipfile.ZipFile(wheel)).namelist():
    if name.startswith('tensorflow/libtensorflow_'):
        target = os.path.join(deps, 'lib', os.path.basename(name))
    elif name.startswith('tensorflow/include/') and name[len('tensorflow/include/'):].startswith(headers):
        target = os.path.join(deps, 'include', name[len('tensorflow/include/'):])
    else:
        continue
    if name.endswith('/'):
        continue
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with z.open(name) as source, open(target, 'wb') as file:
        shutil.copyfileobj(source, file, 1 << 20)
`;

function unpackTensorflow(python) {
  const deps = join(packageFolder, 'deps');
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(deps, { recursive: true });
  run(python, ['-c', UNPACK, tensorflowWheel(python), deps]);
  symlinkSync('libtensorflow_cc.so.2', join(deps, 'lib', 'libtensorflow.so'));
  symlinkSync('libtensorflow_framework.so.2', join(deps, 'lib', 'libtensorflow_framework.so'));
}

function compileAddon() {
  const folder = join(packageFolder, 'lib', 'napi-v8');
  mkdirSync(folder, { recursive: true });
  const headers = join(modules, 'node-api-headers', 'include');
  const sources = ['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc'];
  const compile = [
    '-std=c++17',
    '-O2',
    '-fPIC',
    '-shared',
    '-w',
    '-DNAPI_VERSION=8',
    '-I.',
    '-Ideps/include',
    `-I${headers}`,
  ];
  const link = ['-Ldeps/lib', '-ltensorflow', '-ltensorflow_framework', '-Wl,-rpath,$ORIGIN/../../deps/lib'];
  run('g++', [...compile, ...sources, '-o', join(folder, 'tfjs_binding.node'), ...link], { cwd: packageFolder });
}

const TRY = `
const util = require('node:util');
util.isNullOrUndefined ??= (value) => value == null; // removed in Node 23, still called by tfjs-node 4.22
const tf = require('@tensorflow/tfjs-node');
const product = tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).dataSync()[0];
if (tf.getBackend() !== 'tensorflow' || product !== 11) throw new Error('got ' + product + ' on ' + tf.getBackend());
`;

function tryIt(folder) {
  run(process.execPath, ['-e', TRY], { cwd: folder, env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' } });
}

/** Builds into the cache unless that is done already; gives the folder to put on NODE_PATH. */
export function buildTfjsNode({ python = 'python3', log = () => {} } = {}) {
  if (process.platform !== 'linux') throw new Error('tfjs-node is built from the Linux wheel of TensorFlow only.');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === recipe) return modules;
  mkdirSync(cacheFolder, { recursive: true });
  const step = (name, work) => {
    const start = Date.now();
    work();
    log(`${name}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
  };
  step('npm packages', installPackageWithoutScripts);
  step('TensorFlow libraries', () => unpackTensorflow(python));
  step('addon', compileAddon);
  step('try', () => tryIt(cacheFolder));
  writeFileSync(stamp, recipe);
  return modules;
}

/** Copies the build into a project: its dependencies go inside the package, so nothing else of the project changes. */
function installInto(project) {
  const target = join(project, 'node_modules', '@tensorflow', 'tfjs-node');
  rmSync(target, { recursive: true, force: true });
  cpSync(packageFolder, target, { recursive: true, verbatimSymlinks: true });
  for (const name of readdirSync(modules)) {
    const own = (path) => resolve(path) !== resolve(packageFolder);
    if (name.startsWith('.') || name === 'node-api-headers') continue;
    cpSync(join(modules, name), join(target, 'node_modules', name), {
      recursive: true,
      verbatimSymlinks: true,
      filter: own,
    });
  }
  tryIt(project);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { into: { type: 'string' }, python: { type: 'string' } } });
  try {
    console.log(`tfjs-node is in ${buildTfjsNode({ python: values.python, log: console.log })}`);
    if (values.into !== undefined) {
      installInto(resolve(values.into));
      console.log(`and in ${join(values.into, 'node_modules')}`);
    }
  } catch (error) {
    console.error(`tfjs-node could not be built: ${error.message}`);
    process.exit(1);
  }
}
