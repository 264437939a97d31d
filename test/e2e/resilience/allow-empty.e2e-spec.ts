import { ask } from '../../support/http/ask.js';
import { TestStore } from '../../support/stores/build-store.js';
import { createManagedApp, refresh } from '../../support/http/admin.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import { MlflowStub } from '../../support/stores/mlflow-stub.js';
import { TempFolder } from '../../support/stores/mlflow-fixtures.js';

const ALLOWED = { ALLOW_EMPTY: 'true' };
const ROW = { method: 'POST', body: { inputs: [{ a: 1, b: 2 }] } };

describe('a server that may start without a model', () => {
  let store: TestStore;
  let app: TestApp | undefined;
  beforeEach(() => (store = new TestStore()));
  afterEach(async () => {
    await app?.close();
    app = undefined;
    store.remove();
  });

  const start = async (environment: Record<string, string> = {}) =>
    (app = await createManagedApp(store, { ...ALLOWED, ...environment }));
  const send = (path: string, options = {}) => ask(app!.baseUrl, path, options);
  const ready = async () => {
    const { status, headers, json } = await send('/readyz');
    return [status, headers['x-error-code'], json.detail];
  };

  it('is alive and not ready over an empty store, and says why', async () => {
    await start();

    expect((await send('/livez')).status).toBe(200);
    expect(await ready()).toEqual([
      503,
      'NOTHING_TO_SERVE',
      'No model can be served: there are no models in the store.',
    ]);
    expect((await send('/health')).json.data).toMatchObject({
      status: 'degraded',
      problems: [{ part: 'store', name: null, message: 'there are no models in the store.' }],
      models: [],
    });
  });

  it('answers every route without failing', async () => {
    await start();

    const of = async (path: string, options = {}) => {
      const { status, headers } = await send(path, options);
      return [status, headers['x-error-code']];
    };
    expect(await of('/models')).toEqual([200, undefined]);
    expect(await of('/runs')).toEqual([200, undefined]);
    expect(await of('/models/adder')).toEqual([404, 'MODEL_NOT_FOUND']);
    expect(await of('/models/adder/predictions', ROW)).toEqual([404, 'MODEL_NOT_FOUND']);
    expect(await of('/runs/a')).toEqual([404, 'RUN_NOT_FOUND']);
    expect(await of('/predictions', ROW)).toEqual([503, 'NOTHING_TO_SERVE']);
    expect(await of('/predict', { method: 'POST', body: { texts: [{ text: 'a' }] } })).toEqual([
      503,
      'NOTHING_TO_SERVE',
    ]);
    expect(await of('/params')).toEqual([503, 'NOTHING_TO_SERVE']);
    expect(await of('/performance')).toEqual([503, 'NOTHING_TO_SERVE']);
    for (const page of ['/docs', '/redoc', '/openapi.json', '/postman.json']) {
      expect([page, (await fetch(`${app!.baseUrl}${page}`)).status]).toEqual([page, 200]);
    }
    expect((await send('/models/adder')).json.detail).toContain('Known models: none.');
  });

  it('serves and documents a model that arrives later, without a restart', async () => {
    await start();
    const before = (await send('/openapi.json')).json;
    store.addModel('adder').addRun('adder', 'first');

    expect(await refresh(app!)).toEqual({ adder: 'first' });

    expect((await send('/predictions', ROW)).json.data).toMatchObject({ run_id: 'first', predictions: [{ sum: 3 }] });
    expect((await ready())[0]).toBe(200);
    const after = (await send('/openapi.json')).json;
    const paths = [before, after].map((document) => Object.keys(document.paths).filter((p) => /predictions/.test(p)));
    expect(paths[0]).toContain('/models/{model}/predictions');
    expect(paths[1]).toContain('/models/adder/predictions');
  });

  it('starts over a store that holds nothing that can be served, and serves it once it is mended', async () => {
    store.addModel('adder').addRun('adder', 'failed', { status: 'FAILED' });
    await start();

    expect((await ready())[2]).toBe(
      `No model can be served: model "adder": STATUS_NOT_FINISHED: The run's status is FAILED.`,
    );
    expect((await send('/models/adder/predictions', ROW)).headers['x-error-code']).toBe('MODEL_NOT_READY');
    store.addRun('adder', 'good');

    expect(await refresh(app!)).toEqual({ adder: 'good' });
    expect((await ready())[0]).toBe(200);
  });

  it('starts before its folder is there, and finds by itself what is put there', async () => {
    store.remove();
    await start({ REFRESH_INTERVAL_MS: '20' });

    expect((await ready())[2]).toBe('No model can be served: The models folder cannot be read (ENOENT).');
    store.addModel('adder').addRun('adder', 'first');
    while ((await ready())[0] !== 200) await new Promise((resolve) => setImmediate(resolve));

    expect((await send('/predictions', ROW)).status).toBe(200);
  });

  it('waits for the default model, whatever else can be served', async () => {
    store.addModel('other').addRun('other', 'first');
    await start({ DEFAULT_MODEL: 'adder' });

    expect((await ready())[2]).toBe('No model can be served: the default model "adder": it is not in the store.');
    expect((await send('/predictions', ROW)).headers['x-error-code']).toBe('MODEL_NOT_READY');
    expect((await send('/models/other/predictions', ROW)).status).toBe(200);
    store.addModel('adder').addRun('adder', 'second');
    await refresh(app!);

    expect([(await ready())[0], (await send('/predictions', ROW)).json.data.run_id]).toEqual([200, 'second']);
  });

  it('starts before MLflow does', async () => {
    const cache = new TempFolder();
    const stub = await MlflowStub.start('3');
    const { url } = stub;
    await stub.stop();
    app = await createTestApp({
      ...ALLOWED,
      SOURCES: 'mlflow',
      MLFLOW_TRACKING_URI: url,
      MLFLOW_CACHE_DIR: cache.path,
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
      STATE_DIR: store.folder,
    });

    expect([(await send('/livez')).status, (await ready())[0]]).toEqual([200, 503]);
    expect((await ready())[2]).toMatch(/^No model can be served: MLflow cannot be read: /);
    cache.remove();
  });

  it('is not what a server does that was not allowed to', async () => {
    await expect(createManagedApp(store)).rejects.toThrow(/^Nothing can be served from /);
  });
});
