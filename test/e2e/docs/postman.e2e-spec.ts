import newman from 'newman';

import { ask } from '../../support/http/ask.js';
import { TestStore } from '../../support/stores/build-store.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import type { Json } from '../../support/http/get-json.js';
import { listOperations } from '../../support/docs/open-api.js';

describe('the Postman collection', () => {
  let app: TestApp;
  let collection: Json;

  beforeAll(async () => {
    app = await createTestApp();
    collection = (await ask(app.baseUrl, '/postman.json')).json;
  });
  afterAll(() => app.close());

  it('is of format 2.1, with the address it was asked at as baseUrl', () => {
    expect(collection.info.schema).toBe('https://schema.getpostman.com/json/collection/v2.1.0/collection.json');
    expect(collection.variable).toEqual([{ key: 'baseUrl', value: app.baseUrl, type: 'string' }]);
  });

  it('has a folder per section with a request per operation', async () => {
    const { json: document } = await ask(app.baseUrl, '/openapi.json');

    expect(collection.item.map(({ name }: Json) => name)).toEqual(document.tags.map(({ name }: Json) => name));
    expect(requestsOf(collection)).toHaveLength(listOperations(document).length);
  });

  it('has a test for every request and no placeholder in any', () => {
    for (const { name, event, request } of requestsOf(collection)) {
      expect([name, event[0].listen]).toEqual([name, 'test']);
      expect([name, JSON.stringify(request)]).not.toEqual([
        name,
        expect.stringMatching(/<(string|number|integer|boolean)>/),
      ]);
    }
  });

  it('is the same whoever makes it: nothing in it is random', async () => {
    const other = await createTestApp();
    const { json } = await ask(other.baseUrl, '/postman.json');
    await other.close();

    expect(json.item).toEqual(collection.item);
  });

  it('passes when newman runs it', async () => {
    const { assertions, failures } = await runWithNewman(collection);

    expect(failures).toEqual([]);
    expect(assertions).toBeGreaterThan(requestsOf(collection).length);
  });

  it('is made in a thread: the server answers meanwhile', async () => {
    const other = await createTestApp();
    const order: string[] = [];

    const conversion = ask(other.baseUrl, '/postman.json').then(() => order.push('collection'));
    await ask(other.baseUrl, '/livez').then(() => order.push('livez'));
    await conversion;
    await other.close();

    expect(order).toEqual(['livez', 'collection']);
  });
});

describe('the Postman collection of a store whose default model takes no texts', () => {
  it('is made all the same', async () => {
    const store = new TestStore().addModel('sum').addRun('sum', 'sum-run');
    const app = await createTestApp({ MODELS_DIR: store.folder });

    const { status, json } = await ask(app.baseUrl, '/postman.json');
    await app.close();
    store.remove();

    expect(status).toBe(200);
    expect(requestsOf(json).some(({ request }) => request.url.path.join('/') === 'models/sum/predictions')).toBe(true);
  });
});

function requestsOf(collection: Json): Json[] {
  return collection.item.flatMap(({ item }: Json) => item);
}

function runWithNewman(collection: Json): Promise<{ assertions: number; failures: string[] }> {
  return new Promise((resolve, reject) => {
    newman.run({ collection, reporters: [] }, (error, summary) => {
      if (error) return reject(error);
      const { stats, failures } = summary.run;
      resolve({
        assertions: stats.assertions.total ?? 0,
        failures: failures.map((failure) => `${failure.source?.name}: ${failure.error.message}`),
      });
    });
  });
}
