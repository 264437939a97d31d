import { createHmac } from 'node:crypto';

import { createManagedApp } from '../../support/http/admin.js';
import { ask } from '../../support/http/ask.js';
import type { Answer } from '../../support/http/ask.js';
import { TestStore } from '../../support/stores/build-store.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { RefreshService } from '../../../src/registry/refresh/refresh.service.js';
import { until } from '../../support/until.js';

const SECRET = 'what only the two of us know';
const PATH = '/webhooks/mlflow';

const f1 = (value: number) => ({ metrics: { f1: value } });

/** A delivery as MLflow makes it. */
function deliver(app: TestApp, secret: string, at = Date.now(), id = 'd-1'): Promise<Answer> {
  const body = { entity: 'model_version_alias', action: 'created', data: { alias: 'champion' } };
  const timestamp = String(Math.floor(at / 1000));
  const signature = createHmac('sha256', secret)
    .update(`${id}.${timestamp}.${JSON.stringify(body)}`)
    .digest('base64');
  const headers = {
    'X-MLflow-Delivery-Id': id,
    'X-MLflow-Timestamp': timestamp,
    'X-MLflow-Signature': `v1,${signature}`,
  };
  return ask(app.baseUrl, PATH, { method: 'POST', body, headers });
}

describe('a webhook of MLflow', () => {
  let store: TestStore;
  let app: TestApp;

  beforeAll(async () => {
    store = new TestStore().addModel('adder').addRun('adder', 'first', f1(0.5));
    app = await createManagedApp(store, { MLFLOW_WEBHOOK_SECRET: SECRET });
  });

  afterAll(async () => {
    await app.close();
    store.remove();
  });

  const bestRun = async () => (await ask(app.baseUrl, '/models/adder')).json.data.best_run_id as string;

  it('makes the server look at its store, and is not kept waiting', async () => {
    store.addRun('adder', 'better', f1(0.9));

    const { status, json } = await deliver(app, SECRET);
    expect([status, json.data]).toEqual([200, { accepted: true }]);

    await until(async () => (await bestRun()) === 'better');
  });

  it('is accepted again, and does nothing, when it is sent again', async () => {
    const hints = jest.spyOn(app.app.get(RefreshService, { strict: false }), 'acceptHint');
    const at = Date.now();

    const answers = [await deliver(app, SECRET, at, 'd-2'), await deliver(app, SECRET, at, 'd-2')];

    expect(answers.map(({ status, json }) => [status, json.data])).toEqual([
      [200, { accepted: true }],
      [200, { accepted: true }],
    ]);
    expect(hints).toHaveBeenCalledTimes(1);
    hints.mockRestore();
  });

  it.each<[string, () => Promise<Answer>]>([
    ['another secret', () => deliver(app, 'what nobody has agreed upon')],
    ['an old delivery', () => deliver(app, SECRET, Date.now() - 400_000)],
    ['no signature', () => ask(app.baseUrl, PATH, { method: 'POST', body: {} })],
    ['no body', () => ask(app.baseUrl, PATH, { method: 'POST' })],
  ])('is refused with %s', async (_what, send) => {
    const { status, headers } = await send();

    expect([status, headers['x-error-code']]).toEqual([401, 'WEBHOOK_SIGNATURE_WRONG']);
  });

  it('is refused where the operator has set no secret', async () => {
    const other = await createManagedApp(store);

    const { status, headers } = await deliver(other, SECRET);
    await other.close();

    expect([status, headers['x-error-code']]).toEqual([403, 'WEBHOOK_SECRET_NOT_SET']);
  });
});
