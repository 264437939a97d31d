import { ADMIN_KEY } from '../../support/http/admin.js';
import { ask } from '../../support/http/ask.js';
import type { Answer } from '../../support/http/ask.js';
import { TestStore } from '../../support/stores/build-store.js';
import { WatchedApp } from '../../support/http/watched-app.js';

let store: TestStore;
let app: WatchedApp;
beforeAll(async () => {
  store = new TestStore();
  for (const model of ['adder', 'summer']) {
    store.addModel(model);
    store.addRun(model, `${model}-best`, { metrics: { f1: 0.6 } });
    store.addRun(model, `${model}-other`, { metrics: { f1: 0.5 } });
  }
  app = await WatchedApp.start({
    MODELS_DIR: store.folder,
    REFRESH_INTERVAL_MS: '0',
    REFRESH_SETTLE_MS: '0',
    ADMIN_API_KEY: ADMIN_KEY,
    TRUST_PROXY: '1',
  });
});
afterAll(async () => {
  await app.close();
  store.remove();
});

const askAs = (requestId: string, method: string, path: string, body?: object): Promise<Answer> =>
  ask(app.baseUrl, path, { method, body, headers: { 'X-API-Key': ADMIN_KEY, 'X-Request-Id': requestId } });

/** Ids in the lines that services logged about a run, without the access log. */
const idsInLinesAbout = (runId: string): unknown[] =>
  app.log.filter(({ msg }) => String(msg).includes(runId)).map(({ request_id: id }) => id as unknown);

const pin = (requestId: string, model: string) =>
  askAs(requestId, 'PUT', `/models/${model}/pin`, { run_id: `${model}-other`, reason: 'For the audit.' });

it('has no request id in lines of the start', () => {
  expect(app.log.length).toBeGreaterThan(0);
  for (const line of app.log) expect(line).not.toHaveProperty('request_id');
});

it('has the id of each of two pins made at the same time in the lines about its run', async () => {
  const answers = await Promise.all([pin('pin-1', 'adder'), pin('pin-2', 'summer')]);

  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(new Set(idsInLinesAbout('adder-other'))).toEqual(new Set(['pin-1']));
  expect(new Set(idsInLinesAbout('summer-other'))).toEqual(new Set(['pin-2']));
});

it('has the id of a refresh in the lines about the run that it finds', async () => {
  await askAs('unpin-1', 'DELETE', '/models/adder/pin');
  store.addRun('adder', 'adder-new', { metrics: { f1: 0.9 } });

  const { json } = await askAs('refresh-1', 'POST', '/models/refresh');

  expect(json.data.models).toContainEqual(expect.objectContaining({ model: 'adder', run_id: 'adder-new' }));
  expect(idsInLinesAbout('adder-new').length).toBeGreaterThan(0);
  expect(new Set(idsInLinesAbout('adder-new'))).toEqual(new Set(['refresh-1']));
});

it('names client, model and run in the lines of predictions, on both paths', async () => {
  const from = (client: string) => ({ 'X-Request-Id': client, 'X-Forwarded-For': `6.6.6.6, ${client}` });
  const path = '/models/summer/predictions?a=1&b=2';

  await ask(app.baseUrl, path, { headers: from('1.2.3.4') });
  await ask(app.baseUrl, path, { headers: { ...from('1.2.3.5'), TE: 'trailers' } });
  await ask(app.baseUrl, '/models', { headers: from('1.2.3.6') });

  const lineOf = (client: string) => app.log.find(({ request_id: id }) => id === client)!;
  for (const client of ['1.2.3.4', '1.2.3.5']) {
    expect(lineOf(client)).toMatchObject({ client, model: 'summer', run_id: 'summer-other', status: 200 });
  }
  expect(lineOf('1.2.3.6')).toMatchObject({ client: '1.2.3.6', path: '/models', status: 200 });
  expect(lineOf('1.2.3.6')).not.toHaveProperty('model');
});

it('warns of wrong keys with the address they came from: one line for many', async () => {
  const guess = () =>
    ask(app.baseUrl, '/models/refresh', {
      method: 'POST',
      headers: { 'X-API-Key': 'a-guess-of-16-signs', 'X-Forwarded-For': '1.2.3.7' },
    });

  for (let i = 0; i < 5; i++) expect((await guess()).status).toBe(401);

  const warnings = app.log.filter(({ code }) => code === 'ADMIN_KEY_WRONG');
  expect(warnings).toEqual([expect.objectContaining({ level: 30 + 10, client: '1.2.3.7' })]);
  expect(JSON.stringify(app.log)).not.toContain('a-guess-of');
});
