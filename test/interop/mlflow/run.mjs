/**
 * Real MLflow, 3 and 2, on loopback: Python logs runs to a tracking server, to mlflow.db and to a file store; the built
 * server serves the right one each time, with the predictions of onnxruntime in Python. An alias moves, the server goes
 * away.
 *
 * Needs PyPI the first time (about 1.5 GB in .cache/mlflow-interop), nothing after that. For Linux with python3.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { projectRoot } from '../../../scripts/lib/project.mjs';

/** The newest MLflow, and the last of 2.x, which SQLAlchemy 2.1 broke. */
const VERSIONS = { 3: ['mlflow==3.17.2'], 2: ['mlflow==2.22.5', 'sqlalchemy<2.1'] };
const here = import.meta.dirname;
const cache = join(projectRoot, '.cache', 'mlflow-interop');
const work = mkdtempSync(join(tmpdir(), 'mlflow-interop-'));

function pythonWith(version) {
  const folder = join(cache, version);
  const python = join(folder, 'bin', 'python');
  const stamp = join(folder, 'installed');
  const wanted = `${VERSIONS[version].join()}\n${readFileSync(join(here, 'requirements.txt'), 'utf8')}`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  mkdirSync(cache, { recursive: true });
  execFileSync('python3', ['-m', 'venv', '--clear', folder], { stdio: 'inherit' });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  execFileSync(python, [...pip, ...VERSIONS[version], '-r', join(here, 'requirements.txt')], { stdio: 'inherit' });
  writeFileSync(stamp, wanted);
  return python;
}

const environment = { ...process.env, MLFLOW_ALLOW_FILE_STORE: 'true', PYTHONWARNINGS: 'ignore' };

/** @returns what Python predicts, by run id. */
function logRuns(python, uri, cwd) {
  mkdirSync(cwd, { recursive: true });
  const file = join(cwd, 'answers.json');
  execFileSync(python, [join(here, 'log_runs.py'), uri, file], {
    cwd,
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Starts the built server over MLflow and hands a way to ask it. */
async function withBestrun(variables, test) {
  const server = spawn(process.execPath, [join(projectRoot, 'dist', 'main.js')], {
    cwd: work,
    env: {
      ...process.env,
      PORT: '0',
      HOST: '127.0.0.1',
      SOURCES: 'mlflow',
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1',
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = [];
  try {
    const base = `http://127.0.0.1:${await portOf(server, lines)}`;
    const ask = async (path, body) => {
      const init = body && {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      };
      const response = await fetch(base + path, init);
      return { status: response.status, ...(await response.json()) };
    };
    await test(ask, lines);
  } finally {
    const ended = new Promise((done) => server.once('exit', done));
    server.kill('SIGTERM');
    await ended;
  }
}

async function portOf({ stdout }, lines) {
  for await (const line of createInterface({ input: stdout })) {
    lines.push(line);
    const { port } = JSON.parse(line);
    if (port) return port;
  }
  throw new Error(`the server ended before it was ready:\n${lines.join('\n')}`);
}

function requireClose(actual, expected, path) {
  if (typeof expected === 'number') {
    assert.ok(
      Math.abs(actual - expected) <= 1e-5 * Math.max(1, Math.abs(expected)),
      `${path}: ${actual}, not ${expected}`,
    );
  } else if (typeof expected === 'object') {
    assert.deepEqual(Object.keys(actual), Object.keys(expected), path);
    for (const key of Object.keys(expected)) requireClose(actual[key], expected[key], `${path}.${key}`);
  } else assert.equal(actual, expected, path);
}

async function requirePredictions(ask, path, { name, rows, predictions }) {
  const { status, data, detail } = await ask(path, { inputs: rows });
  assert.equal(status, 200, `${name}: ${JSON.stringify(detail)}`);
  requireClose(data.predictions, predictions, name);
}

/** The whole of what a store must give, whichever kind it is. */
async function requireRightRuns(uri, answers) {
  const variables = { MLFLOW_TRACKING_URI: uri, MLFLOW_CACHE_DIR: join(work, `cache-${Math.random()}`) };
  const byName = (name) => Object.keys(answers).find((id) => answers[id].name === name);
  const experiments = 'Iris flowers, prices?metric=rmse&goal=minimize&name=house-prices';
  await withBestrun({ ...variables, MLFLOW_EXPERIMENTS: experiments }, async (ask) => {
    const { data } = await ask('/models/iris-flowers/selection');
    assert.equal(data.best_run_id, byName('strong'));
    const verdicts = Object.fromEntries(
      data.ranking.map(({ name, verdict }) => [name, verdict.eligible || verdict.reasons[0].code]),
    );
    assert.deepEqual(verdicts, {
      strong: true,
      weak: true,
      child: true,
      'not-a-number': true,
      pickle: 'FORMAT_UNSUPPORTED',
      parent: 'NOT_EXAMINED',
    });
    assert.match(data.ranking.find(({ name }) => name === 'pickle').verdict.reasons[0].fix, /skl2onnx/);
    await requirePredictions(ask, '/models/iris-flowers/predictions', answers[byName('strong')]);
    for (const name of ['weak', 'child', 'not-a-number']) {
      await requirePredictions(ask, `/runs/${byName(name)}/predictions`, answers[byName(name)]);
    }
    await requirePredictions(ask, '/models/house-prices/predictions', answers[byName('forest')]);
    const { data: schema } = await ask('/models/house-prices/schema');
    assert.deepEqual(Object.keys(schema.input.properties), ['area', 'town']);
  });
  const champion = { ...variables, MLFLOW_EXPERIMENTS: '', MLFLOW_MODELS: 'iris registered@champion?name=iris' };
  await withBestrun(champion, async (ask) => {
    assert.equal((await ask('/models/iris')).data.best_run_id, 'iris-v1');
    await requirePredictions(ask, '/models/iris/predictions', answers[byName('strong')]);
  });
  return champion;
}

const MOVE =
  'import sys, mlflow; mlflow.set_tracking_uri(sys.argv[1]); mlflow.MlflowClient().set_registered_model_alias("iris registered", "champion", "2")';

async function tryStore(python, kind, uri, cwd) {
  const answers = logRuns(python, uri, cwd);
  const champion = await requireRightRuns(uri, answers);
  execFileSync(python, ['-c', MOVE, uri], { cwd, env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  await withBestrun(champion, async (ask) => {
    assert.equal((await ask('/models/iris')).data.best_run_id, 'iris-v2');
    const weak = Object.values(answers).find(({ name }) => name === 'weak');
    await requirePredictions(ask, '/models/iris/predictions', weak);
  });
  console.log(`mlflow: ${kind}: the right runs, with Python's predictions; the alias moved`);
  return champion;
}

async function tryServer(python, version) {
  const cwd = join(work, `server-${version}`);
  mkdirSync(cwd, { recursive: true });
  const port = 5640 + Number(version);
  const options = [
    '--backend-store-uri',
    'sqlite:///backend.db',
    '--artifacts-destination',
    './files',
    '--workers',
    '1',
  ];
  const server = spawn(python, ['-m', 'mlflow', 'server', ...options, '--host', '127.0.0.1', '--port', `${port}`], {
    cwd,
    env: environment,
    stdio: 'ignore',
    // A group of its own: the server starts processes that must end with it.
    detached: true,
  });
  const stop = () => {
    try {
      process.kill(-server.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  };
  try {
    const uri = `http://127.0.0.1:${port}`;
    await waitFor(`${uri}/health`);
    const champion = await tryStore(python, `server ${version}`, uri, cwd);
    stop();
    await withBestrun(champion, async (ask, lines) => {
      assert.equal((await ask('/models/iris')).data.best_run_id, 'iris-v2');
      assert.ok(
        lines.some((line) => line.includes('last read is served')),
        lines.join('\n'),
      );
    });
    console.log(`mlflow: server ${version}: started from the cache while the server was away`);
  } finally {
    stop();
  }
}

async function waitFor(url) {
  for (let i = 0; i < 240; i++) {
    const isThere = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (isThere) return;
    await new Promise((done) => setTimeout(done, 500));
  }
  throw new Error(`${url} does not answer`);
}

try {
  for (const version of Object.keys(VERSIONS).reverse()) {
    const python = pythonWith(version);
    const files = join(work, `files-${version}`);
    await tryStore(python, `file store ${version}`, `file://${files}/mlruns`, files);
    const database = join(work, `db-${version}`);
    await tryStore(python, `mlflow.db ${version}`, `sqlite:///${database}/mlflow.db`, database);
    await tryServer(python, version);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
