import { ask } from '../../support/http/ask.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { TestStore, sumRun } from '../../support/stores/build-store.js';
import { textRun } from '../../support/stores/tiny-runs.js';

const ROW = { a: 1, b: 2 };
const STRICT = ['/models/adder/predictions', '/runs/adder-1/predictions', '/predictions'];

function storeOfBoth(): TestStore {
  const { signature } = sumRun('closed', '');
  const closed = { ...signature, input: { ...signature.input, additionalProperties: false } };
  return new TestStore()
    .addModel('adder')
    .addRun('adder', 'adder-1')
    .addModel('closed')
    .addRun('closed', 'closed-1', { signature: closed })
    .addModel('texts')
    .addRun('texts', 'texts-1', textRun, 'onnx-types');
}

describe.each([
  ['fast path', 'true'],
  ['general path', 'false'],
])('what nobody reads, over the %s', (_name, fastPath) => {
  let store: TestStore;
  let app: TestApp;
  const send = (path: string, body: object, method = 'POST') => ask(app.baseUrl, path, { method, body });

  beforeAll(async () => {
    store = storeOfBoth();
    app = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'adder', FAST_PATH: fastPath });
  });
  afterAll(async () => {
    await app.close();
    store.remove();
  });

  it.each(STRICT)('is refused in a body, with the member that is probably meant: %s', async (path) => {
    for (const method of ['POST', 'PUT']) {
      const { status, json } = await send(path, { inputs: [ROW], includes: [], params: { threshold: 0.4 } }, method);
      const known =
        path === '/predictions'
          ? /known: .*inputs.*include.*model, run_id|known: model, run_id, inputs, columns, data, shape, include/
          : /known: inputs, columns, data, shape, include$/;

      expect([status, json.detail]).toEqual([
        422,
        [
          {
            loc: ['body', 'includes'],
            msg: 'extra fields not permitted; did you mean "include"?',
            type: 'value_error.extra',
          },
          { loc: ['body', 'params'], msg: expect.stringMatching(known), type: 'value_error.extra' },
        ],
      ]);
    }
  });

  it('is named beside what is missing because of it', async () => {
    const { json } = await send('/models/adder/predictions', { input: [ROW] });

    expect(json.detail).toEqual([
      { loc: ['body', 'inputs'], msg: 'field required', type: 'value_error.missing' },
      { loc: ['body', 'input'], msg: 'extra fields not permitted; did you mean "inputs"?', type: 'value_error.extra' },
    ]);
  });

  it('is refused in a query beside a body, but for a key', async () => {
    const { status, json } = await send('/models/adder/predictions?include=sum&apikey=1', { inputs: [ROW] });

    expect([status, json.detail.map(({ loc }: { loc: string[] }) => loc)]).toEqual([422, [['query', 'include']]]);
    expect((await send('/models/adder/predictions?apikey=1', { inputs: [ROW] })).status).toBe(200);
  });

  it('is ignored by the short routes for texts, as ever', async () => {
    const texts = await send('/runs/texts-1/predict', { texts: [{ text: 'a', more: 1 }], params: 1 });

    expect(texts.status).toBe(200);
  });

  it('is refused in a row only where the run says so, with the field that is probably meant', async () => {
    const open = await send('/models/adder/predictions', { inputs: [{ ...ROW, A: 1 }] });
    const { status, json } = await send('/models/closed/predictions', { inputs: [{ ...ROW, A: 1, zone: 1 }] });
    const query = await ask(app.baseUrl, '/models/closed/predictions?a=1&b=2&apikey=secret&B=3');

    expect(open.status).toBe(200);
    expect([status, json.detail]).toEqual([
      422,
      [
        {
          loc: ['body', 'inputs', 0, 'A'],
          msg: 'extra fields not permitted; did you mean "a"?',
          type: 'value_error.extra',
        },
        { loc: ['body', 'inputs', 0, 'zone'], msg: 'extra fields not permitted', type: 'value_error.extra' },
      ],
    ]);
    expect(query.json.detail.map(({ loc }: { loc: string[] }) => loc)).toEqual([['query', 'B']]);
  });
});

describe('UNKNOWN_MEMBERS=ignore', () => {
  it('reads past them, in a body and in a query', async () => {
    const store = storeOfBoth();
    const app = await createTestApp({ MODELS_DIR: store.folder, UNKNOWN_MEMBERS: 'ignore' });
    const answers = await Promise.all(
      ['?x=1', '?x=%zz', ''].map((query) =>
        ask(app.baseUrl, `/models/adder/predictions${query}`, { method: 'POST', body: { inputs: [ROW], params: {} } }),
      ),
    );
    await app.close();
    store.remove();

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });
});
