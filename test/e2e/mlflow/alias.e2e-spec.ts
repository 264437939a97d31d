import { readFileSync } from 'node:fs';

import { ADMIN_KEY, refresh } from '../../support/http/admin.js';
import { ask } from '../../support/http/ask.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { unpackFileStore } from '../../support/stores/mlflow-fixtures.js';
import type { TempFolder } from '../../support/stores/mlflow-fixtures.js';

const ADDER = 'models/Adder';

/** Version 1 takes one array, version 2 the columns `a` and `b`. */
describe('an alias of MLflow that moves while its model is served', () => {
  let store: TempFolder;
  let app: TestApp | undefined;

  beforeEach(() => (store = unpackFileStore('3')));
  afterEach(async () => {
    await app?.close();
    store.remove();
  });

  const moveAlias = (version: string) => store.write(`${ADDER}/aliases/champion`, version);
  const start = async () =>
    (app = await createTestApp({
      SOURCES: 'mlflow',
      MODELS_DIR: store.at('no-models'),
      MLFLOW_TRACKING_URI: store.path,
      MLFLOW_CACHE_DIR: store.at('cache'),
      MLFLOW_EXPERIMENTS: '',
      MLFLOW_MODELS: 'Adder@champion',
      REFRESH_INTERVAL_MS: '0',
      ADMIN_API_KEY: ADMIN_KEY,
    }));
  const selection = async (server: TestApp) => (await ask(server.baseUrl, '/models/adder/selection')).json.data;

  it('back to an older version serves that one again', async () => {
    const newer = readFileSync(store.at(ADDER, 'version-2', 'meta.yaml'), 'utf8');
    store.write(`${ADDER}/version-1/meta.yaml`, newer.replace('version: 2', 'version: 1'));
    moveAlias('2');
    const server = await start();
    expect((await selection(server)).best_run_id).toBe('adder-v2');

    moveAlias('1');
    expect(await refresh(server)).toEqual({ adder: 'adder-v1' });
  });

  it('to a version that would break clients leaves the served one in place, and says why', async () => {
    moveAlias('2');
    const server = await start();

    moveAlias('1');
    expect(await refresh(server)).toEqual({ adder: 'adder-v2' });

    const { refused, why, ranking } = await selection(server);
    expect(refused.run_id).toBe('adder-v1');
    expect(ranking[0]).toMatchObject({ run_id: 'adder-v1', verdict: { reasons: [{ code: 'CONTRACT_BREAKING' }] } });
    expect(why).toMatch(
      /^The policy does not allow it \(\w+\), but no run that it allows can take over: model_version 2\./,
    );
    expect(why).toMatch(/Run "adder-v1" would break clients\.$/);
  });
});
