import { Agent } from 'node:http';

import { ask } from '../../support/http/ask.js';
import type { Answer, AskOptions } from '../../support/http/ask.js';
import type { TestStore } from '../../support/stores/build-store.js';
import { droppingRun, throwingRun, tinyStore } from '../../support/stores/tiny-runs.js';
import type { Json } from '../../support/http/get-json.js';
import { WatchedApp, leaveNothingBehind } from '../../support/http/watched-app.js';

const MAX_ROWS = 5;

/** Accepts JSON too, in words that make a request take the ordinary way. */
const ORDINARY = { Accept: 'application/json, text/plain;q=0.5' };
const WAYS: [string, Record<string, string>][] = [
  ['the short way', {}],
  ['the ordinary way', ORDINARY],
];

let store: TestStore;
let app: WatchedApp;

beforeAll(async () => {
  store = tinyStore();
  store.addModel('thrower').addRun('thrower', 'thrower-1', throwingRun, 'onnx-gather');
  store.addModel('dropper').addRun('dropper', 'dropper-1', droppingRun, 'onnx-drops');
  app = await WatchedApp.start({
    MODELS_DIR: store.folder,
    DEFAULT_MODEL: 'texts',
    INFERENCE_THREADS: '2',
    MAX_ROWS_PER_REQUEST: String(MAX_ROWS),
  });
});
afterAll(async () => {
  await app.close();
  store.remove();
});
const kept = leaveNothingBehind(() => app);
afterEach(() => {
  expect(app.events('thread-lost')).toEqual([]);
  expect(app.answersLogged(500)).toEqual([]);
});

const post = (path: string, body: object, options: AskOptions = {}): Promise<Answer> =>
  ask(app.baseUrl, path, { method: 'POST', body, ...kept, ...options });
const predict = (model: string, inputs: readonly object[], headers: Record<string, string> = {}): Promise<Answer> =>
  post(`/models/${model}/predictions`, { inputs }, { headers });
/** The predictions, or the code of the error. */
const outcomeOf = ({ headers, json }: Answer): unknown => headers['x-error-code'] ?? json.data.predictions;

describe.each(WAYS)('on %s', (_way, headers) => {
  it("one poisoned row among 64 requests is its own caller's error, and the other 63 get their answers", async () => {
    for (const poisoned of [0, 41, 63]) {
      const indices = Array.from({ length: 64 }, (_, i) => (i === poisoned ? 7 : i % 3));

      const answers = await Promise.all(indices.map((index) => predict('thrower', [{ index }], headers)));

      const expected = indices.map((index) => (index === 7 ? 'VALIDATION_FAILED' : [{ value: 10 * (index + 1) }]));
      expect(answers.map(outcomeOf)).toEqual(expected);
      expect(answers.map(({ status }) => status)).toEqual(indices.map((index) => (index === 7 ? 422 : 200)));
    }
  });

  it('a poisoned row costs the rows it came with their answer too: a request is answered whole or not at all', async () => {
    const rows = [{ index: 0 }, { index: 7 }, { index: 2 }];

    const [poisoned, sound] = await Promise.all([
      predict('thrower', rows, headers),
      predict('thrower', [{ index: 0 }, { index: 2 }], headers),
    ]);

    expect(outcomeOf(poisoned)).toBe('VALIDATION_FAILED');
    expect(poisoned.json.detail.map(({ loc }: Json) => loc)).toEqual([['body', 'inputs', 1]]);
    expect(outcomeOf(sound)).toEqual([{ value: 10 }, { value: 30 }]);
  });

  it('a model that answers with a row too few costs its own caller the answer, and nobody gets the row of another', async () => {
    const numbers = Array.from({ length: 64 }, (_, i) => (i % 16 === 5 ? -i : i));

    const answers = await Promise.all(numbers.map((x) => predict('dropper', [{ x }, { x: x + 0.5 }], headers)));

    expect(answers.map(outcomeOf)).toEqual(
      numbers.map((x) => (x < 0 ? 'VALIDATION_FAILED' : [{ same: x }, { same: x + 0.5 }])),
    );
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(4);
  });

  it('a request of zero rows is refused with 422', async () => {
    const answers = await Promise.all([
      predict('adder', [], headers),
      post('/predictions', { inputs: [] }, { headers }),
      post('/predict', { texts: [] }, { headers }),
    ]);

    expect(answers.map(outcomeOf)).toEqual(Array(3).fill('VALIDATION_FAILED'));
    expect(answers.map(({ json }) => json.detail[0].loc)).toEqual([
      ['body', 'inputs'],
      ['body', 'inputs'],
      ['body', 'texts'],
    ]);
  });

  it('as many rows as may be are answered, one more is refused with 422', async () => {
    const rows = Array.from({ length: MAX_ROWS }, (_, i) => ({ a: i, b: 1 }));
    const texts = rows.map(({ a }) => ({ text: `text ${a}` }));

    const [most, more, mostTexts, moreTexts] = await Promise.all([
      predict('adder', rows, headers),
      predict('adder', [...rows, { a: 0, b: 0 }], headers),
      post('/predict', { texts }, { headers }),
      post('/predict', { texts: [...texts, { text: 'more' }] }, { headers }),
    ]);

    const problem = (field: string) => ({
      loc: ['body', field],
      msg: `ensure this value has at most ${MAX_ROWS} items`,
      type: 'value_error.list.max_items',
      ctx: { limit_value: MAX_ROWS },
    });
    expect(outcomeOf(most)).toEqual(rows.map(({ a }) => ({ sum: a + 1 })));
    expect([more.status, more.json.detail]).toEqual([422, [problem('inputs')]]);
    expect(outcomeOf(mostTexts)).toEqual(texts.map(({ text }) => ({ echo: text })));
    expect([moreTexts.status, moreTexts.json.detail]).toEqual([422, [problem('texts')]]);
  });
});

it('a connection that stays open keeps nothing of the requests it carried', async () => {
  const one = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 20; i++) await post('/models/adder/predictions', { inputs: [{ a: i, b: 1 }] }, { agent: one });

  // One listener stays for all requests of the connection (see abort-listeners.ts).
  const [listeners] = app.signalListeners;
  one.destroy();
  expect(listeners).toBeLessThanOrEqual(1);
});
