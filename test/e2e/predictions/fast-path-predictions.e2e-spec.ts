import { createTestApp } from '../../support/create-test-app.js';
import type { TestApp } from '../../support/create-test-app.js';

/** Accepts JSON too, but in words that only the ordinary way takes the time to understand. */
const ORDINARY = { Accept: 'application/json, text/plain;q=0.5' };

const json = { 'Content-Type': 'application/json', 'X-Request-Id': 'same' };

describe('a plain prediction takes the short way, and is answered as on the ordinary one', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await createTestApp();
  });

  afterAll(() => app.close());

  const passenger = { age: 10, sex: 'M' };
  const text = { text: 'Transfer learning with transformers.' };

  it.each<[string, string, unknown]>([
    [
      'POST',
      '/models/titanic-survival/predictions',
      { inputs: [passenger, { age: 30, sex: 'F', pclass: 1, other: 1 }] },
    ],
    ['PUT', '/models/titanic-survival/predictions', { inputs: [passenger] }],
    ['POST', '/predictions', { inputs: [text] }],
    ['PUT', '/predictions', { model: 'titanic-survival', inputs: [passenger] }],
    ['POST', '/predict', { texts: [text, text], other: null }],
    ['POST', '/prediction', { texts: [text] }],
    ['PUT', '/predict', passenger],
    ['POST', '/models/project-tags/predictions', { inputs: [text], include: ['probabilities'] }],
    ['POST', '/models/titanic-survival/predictions', { inputs: [{ age: 'ten' }] }],
    ['POST', '/models/titanic-survival/predictions', { inputs: [] }],
    ['POST', '/models/titanic-survival/predictions', []],
    ['POST', '/predict', { texts: [{ text: '' }] }],
    ['POST', '/predict', { texts: [{ text: 1 }, null] }],
    ['POST', '/predictions', { inputs: [text], run_id: 'nope' }],
    ['DELETE', '/predictions', { inputs: [text] }],
  ])('%s %s %j', async (method, path, body) => {
    const ask = async (headers: Record<string, string>) => {
      const response = await fetch(app.baseUrl + path, {
        method,
        body: JSON.stringify(body),
        headers: { ...json, ...headers },
      });
      const text = (await response.text()).replace(/"timestamp":"[^"]+"/, '"timestamp":"now"');
      const names = [...response.headers.keys()].filter((name) => name !== 'date').sort();
      return { status: response.status, text, names, id: response.headers.get('x-request-id') };
    };

    const short = await ask({ Accept: '*/*' });
    const ordinary = await ask(ORDINARY);

    expect(short).toEqual(ordinary);
    expect(short.id).toBe('same');
  });

  it.each(['not json', '{"inputs":[{"age":1,"sex":"M"}]} x', '\uFEFF{"inputs":[]}', '{"inputs":[{"age":NaN}]}', ''])(
    'POST of the text %j',
    async (body) => {
      const ask = async (headers: Record<string, string>) => {
        const url = `${app.baseUrl}/models/titanic-survival/predictions`;
        const response = await fetch(url, { method: 'POST', body, headers: { ...json, ...headers } });
        return [response.status, (await response.text()).replace(/"timestamp":"[^"]+"/, '')];
      };

      expect(await ask({ Accept: '*/*' })).toEqual(await ask(ORDINARY));
    },
  );
});
