/**
 * Real MLflow, 3 and 2, on loopback: Python logs runs to a tracking server, to mlflow.db and to a file store; the built
 * server serves the right ones, with the predictions of onnxruntime and TensorFlow in Python, and follows what happens:
 * full contracts, better runs, runs that break clients, an alias that moves, a webhook, a server that goes away and comes
 * back.
 *
 * Needs npm and PyPI the first time (about 6 GB in .cache), nothing after that. For Linux with python3 and g++.
 * With INTEROP_CI, only the server of the newest MLflow, without Keras: no TensorFlow, 1 GB.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { withBestrun } from '../support/bestrun.mjs';
import { nativeTensorFlow } from '../support/native-tensorflow.mjs';
import { isShort, pythonWithMlflow, versions } from './environments.mjs';
import { MlflowServer } from './mlflow-server.mjs';
import { requireContracts } from './scenarios/contracts.mjs';
import { logKeras, requireKeras, requireModelsCheck } from './scenarios/keras.mjs';
import { requireOutageSurvived, requireStartFromCache } from './scenarios/outage.mjs';
import { requireRefresh, requireServed } from './scenarios/refresh.mjs';
import { requireRightRuns } from './scenarios/right-runs.mjs';
import { requireWebhook } from './scenarios/webhook.mjs';
import { Trainer } from './trainer.mjs';

const work = mkdtempSync(join(tmpdir(), 'mlflow-interop-'));

/** One line of the report, with the seconds since the start. */
const tell = (what) => console.log(`mlflow, after ${Math.round(performance.now() / 1000)} s: ${what}`);

/** Variables of a bestrun over a store. */
const over = (uri, cwd) => ({
  SOURCES: 'mlflow',
  MLFLOW_TRACKING_URI: uri,
  MLFLOW_CACHE_DIR: join(cwd, 'bestrun-cache'),
  MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1',
  MLFLOW_EXPERIMENTS:
    'Iris flowers, prices?metric=rmse&goal=minimize&name=house-prices, contracts?metric=accuracy&goal=maximize',
  MLFLOW_MODELS: 'iris registered@champion?name=iris',
  REFRESH_INTERVAL_MS: '500',
});

/** The life of one bestrun over a store, and the start of another; `also` happens to the first one before it ends. */
async function tryStore({ kind, uri, cwd, trainer, also = () => undefined }) {
  const variables = over(uri, cwd);
  await withBestrun(variables, cwd, async (bestrun) => {
    await requireRightRuns(bestrun, trainer);
    await requireContracts(bestrun, trainer);
    await requireRefresh(bestrun, trainer);
    await also(bestrun);
  });
  await withBestrun(variables, cwd, (bestrun) =>
    requireServed(bestrun, 'iris', 'iris-v2', trainer.answers[trainer.idOf('weak')]),
  );
  tell(`${kind}: the right runs and contracts, with Python's predictions; better runs and the alias were followed`);
}

async function withTrainer(python, uri, cwd, work) {
  const trainer = await Trainer.start(python, uri, cwd);
  try {
    await work(trainer);
  } finally {
    trainer.stop();
  }
}

async function tryFiles(python, kind, uri, cwd) {
  await withTrainer(python, uri, cwd, (trainer) => tryStore({ kind, uri, cwd, trainer }));
}

async function tryServer(python, version, modules) {
  const cwd = join(work, `server-${version}`);
  const mlflow = await new MlflowServer(python, cwd).start();
  const { uri } = mlflow;
  const variables = over(uri, cwd);
  try {
    if (modules) await tryKeras(python, version, uri, cwd, modules);
    await withTrainer(python, uri, cwd, async (trainer) => {
      if (version === '3') {
        await requireWebhook(variables, cwd, trainer);
        tell('server 3: a webhook moved the alias');
      }
      const also = (bestrun) => requireOutageSurvived(bestrun, mlflow, trainer);
      await tryStore({ kind: `server ${version}`, uri, cwd, trainer, also });
    });
    mlflow.kill();
    await requireStartFromCache(variables, cwd);
    tell(`server ${version}: an outage survived, started from the cache`);
  } finally {
    mlflow.kill();
  }
}

/** @param modules  the folder of native TensorFlow for Node. */
async function tryKeras(python, version, uri, cwd, modules) {
  const native = { ...over(uri, cwd), NODE_PATH: modules };
  const answers = await logKeras(python, uri, cwd);
  await requireKeras(native, cwd, answers);
  if (version === '3') await requireModelsCheck(native, cwd);
  tell(`server ${version}: Keras is served${version === '3' ? '; models:check says what is' : ''}`);
}

/** @param native  promise of native TensorFlow; undefined to do without. */
async function tryVersion(version, native) {
  const python = await pythonWithMlflow(
    version,
    native?.then(({ wheel }) => wheel),
  );
  tell(`Python with MLflow ${version} is installed`);
  const folder = (kind) => {
    const path = join(work, `${kind}-${version}`);
    mkdirSync(path);
    return path;
  };
  if (!isShort) {
    const [files, database] = [folder('files'), folder('db')];
    await tryFiles(python, `file store ${version}`, `file://${files}/mlruns`, files);
    await tryFiles(python, `mlflow.db ${version}`, `sqlite:///${database}/mlflow.db`, database);
  }
  await tryServer(python, version, (await native)?.modules);
}

try {
  const native = isShort ? undefined : nativeTensorFlow();
  await Promise.all(versions.map((version) => tryVersion(version, native)));
} finally {
  rmSync(work, { recursive: true, force: true });
}
