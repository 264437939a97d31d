/**
 * Other servers of models, by option (`--peers granian,mlserver`): each in a virtual environment of its own in
 * `.cache/bench-peers`, on the run of titanic-survival that bestrun serves. A peer says how it is started, what it is asked
 * and where its answer has the predictions. C++ servers are not here: they cannot be installed from PyPI.
 */
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { binOf } from '../../lib/python.mjs';
import { projectRoot } from '../../lib/project.mjs';
import { installPython } from '../contenders/bench-python.mjs';
import { startOnPort } from '../contenders/start-contender.mjs';

const here = (...parts) => fileURLToPath(new URL(join(...parts), import.meta.url));
const json = (path, body) => ({ method: 'POST', path, body: JSON.stringify(body) });
const predictionsOf = (answer) => answer.data.predictions;

/** Columns of the model's input, as its encode says: what a client of raw tensors does itself. */
const cells = ({ age, sex, pclass }) => [
  age,
  Number(sex === 'F'),
  ...[1, 2, 3].map((value) => Number(value === pclass)),
];

const peers = {
  granian: {
    start: ({ bin, port }) => [
      bin('granian'),
      ['--interface', 'rsgi', '--host', '127.0.0.1', '--port', port, '--workers', '1', '--no-ws', 'app:app'],
    ],
    request: (rows) => json('/', { inputs: rows }),
    predictionsOf,
  },
  litserve: {
    start: ({ python, port }) => [python, ['server.py', port]],
    request: (rows) => json('/predict', { inputs: rows }),
    predictionsOf,
  },
  bentoml: {
    start: ({ bin, port }) => [bin('bentoml'), ['serve', 'service:TitanicService', '--host', '127.0.0.1', '-p', port]],
    request: (rows) => json('/predict', { inputs: rows }),
    predictionsOf,
  },
  mlserver: {
    start: ({ bin }) => [bin('mlserver'), ['start', '.']],
    variables: ({ port }) => ({
      MLSERVER_HOST: '127.0.0.1',
      MLSERVER_HTTP_PORT: port,
      MLSERVER_GRPC_PORT: '0',
      MLSERVER_METRICS_PORT: '0',
      MLSERVER_PARALLEL_WORKERS: '0',
      MLSERVER_DEBUG: 'false',
    }),
    request: (rows) =>
      json('/v2/models/titanic/infer', {
        inputs: [{ name: 'features', shape: [rows.length, 5], datatype: 'FP32', data: rows.flatMap(cells) }],
      }),
    predictionsOf: ({ outputs: [{ data, shape }] }, threshold) =>
      Array.from({ length: shape[0] }, (_, i) => data[(i + 1) * (data.length / shape[0]) - 1]).map((probability) => ({
        survived: Number(probability >= threshold),
        probability,
      })),
  },
  mlflow: {
    prepare: ({ python, folder, environment }) =>
      spawnSync(python, ['save_model.py', 'model'], { cwd: folder, env: environment }),
    start: ({ bin, port }) => [
      bin('mlflow'),
      ['models', 'serve', '-m', 'model', '--env-manager', 'local', '-h', '127.0.0.1', '-p', port],
    ],
    request: (rows) => json('/invocations', { dataframe_records: rows }),
    predictionsOf: ({ predictions }) => predictions,
  },
};

/** Names of the peers. */
export const PEERS = Object.keys(peers);

/**
 * Installs and starts one peer.
 *
 * @param folder  where it may write; removed with the benchmark.
 * @returns the running server with `requestOf(rows)` and `predictionsOf(answer, threshold)`, or why it is missing.
 */
export async function startPeer(processes, name, { store, folder }) {
  const peer = peers[name];
  const { python, missing } = installPython(join('bench-peers', name), here(name, 'requirements.txt'), name);
  if (missing) return { missing };
  const work = join(folder, name);
  cpSync(here(name), work, { recursive: true });
  cpSync(here('titanic.py'), join(work, 'titanic.py'));
  const venv = join(projectRoot, '.cache', 'bench-peers', name);
  const bin = (command) => binOf(venv, command);
  const environment = {
    ...process.env,
    BENCH_STORE: store,
    PYTHONPATH: work,
    PATH: `${join(bin('x'), '..')}:${process.env.PATH}`,
    DO_NOT_TRACK: '1',
    BENTOML_DO_NOT_TRACK: 'True',
    OMP_NUM_THREADS: '1',
  };
  peer.prepare?.({ python, folder: work, environment });
  const server = await startOnPort(processes, name, (port) => {
    const [command, args] = peer.start({ python, bin, port: String(port) });
    return { command, args, cwd: work, env: { ...environment, ...peer.variables?.({ port: String(port) }) } };
  });
  return { ...server, requestOf: peer.request, predictionsOf: peer.predictionsOf };
}
