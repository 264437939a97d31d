import { ask } from '../../support/http/ask.js';
import type { AskOptions } from '../../support/http/ask.js';
import type { TestStore } from '../../support/stores/build-store.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { tinyStore } from '../../support/stores/tiny-runs.js';

/** Accepts JSON too, but in words that only the ordinary way takes the time to understand. */
const ORDINARY = { Accept: 'application/json, text/plain;q=0.5' };
const OTHER = 'fedcba9876543210';

describe('the contract of an answer', () => {
  let store: TestStore;
  let app: TestApp;
  let contract: string;

  beforeAll(async () => {
    store = tinyStore();
    app = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'texts' });
    contract = (await ask(app.baseUrl, '/models/adder')).json.data.contract;
  });
  afterAll(async () => {
    await app.close();
    store.remove();
  });

  const rows = { inputs: [{ a: 1, b: 2 }] };
  const post = (headers: Record<string, string>, path = '/models/adder/predictions', body: object = rows) =>
    ask(app.baseUrl, path, { method: 'POST', body, headers });

  it.each<[string, AskOptions]>([
    ['/models/adder/predictions', { method: 'POST', body: rows }],
    ['/models/adder/predictions', { method: 'PUT', body: rows, headers: ORDINARY }],
    ['/models/adder/predictions?a=1&b=2', {}],
    ['/models/adder/schema', {}],
    ['/runs/adder-second/predictions', { method: 'POST', body: rows }],
    ['/predictions', { method: 'POST', body: { ...rows, model: 'adder' } }],
    ['/predict?a=1&b=2', {}],
    ['/predict', { method: 'PUT', body: { a: 1, b: 2 } }],
  ])('is in the header of %s %j', async (path, options) => {
    const { status, headers } = await ask(app.baseUrl, path, options);

    expect([status, headers['contract-hash']]).toEqual([200, contract]);
  });

  it.each([
    ['the short way', {}],
    ['the ordinary way', ORDINARY],
  ])('is the one the client wants, or the answer is 412, on %s', async (_way, way) => {
    for (const wanted of [contract, `"${contract}"`, `"${OTHER}", ${contract}`]) {
      expect((await post({ 'If-Contract-Match': wanted, ...way })).status).toBe(200);
    }
    const refused = await post({ 'If-Contract-Match': OTHER, ...way });

    expect(refused).toMatchObject({
      status: 412,
      headers: { 'x-error-code': 'CONTRACT_CHANGED', 'contract-hash': contract },
    });
    expect(refused.json.detail).toContain(`has the contract ${contract}, not ${OTHER}`);
    expect(refused.json.detail).toContain('Compare GET /models/adder/schema with yours.');
  });

  it.each(['', '*', 'W/"0123456789abcdef"', '0123', `${OTHER},`, OTHER.toUpperCase()])(
    'cannot be asked for as %j: 422 names the header',
    async (wanted) => {
      const { status, json } = await post({ 'If-Contract-Match': wanted });

      expect([status, json.detail[0]?.loc]).toEqual([422, ['header', 'if-contract-match']]);
    },
  );

  it('is told with a broken row too, which comes second: what the row breaks may be news', async () => {
    const broken = { inputs: [{ a: 'x' }] };

    expect(await post({}, undefined, broken)).toMatchObject({ status: 422, headers: { 'contract-hash': contract } });
    expect((await post({ 'If-Contract-Match': OTHER }, undefined, broken)).status).toBe(412);
  });

  it('stands in the document of the API, with each operation of the model', async () => {
    const { paths } = (await ask(app.baseUrl, '/openapi.json')).json;
    const { post: operation } = paths['/models/adder/predictions'];

    expect(operation['x-contract-hash']).toBe(contract);
    expect(Object.keys(operation.responses)).toContain('412');
    expect(Object.keys(operation.responses[200].headers)).toContain('Contract-Hash');
  });
});
