import { ask } from '../../support/http/ask.js';
import type { Answer, AskOptions } from '../../support/http/ask.js';
import type { TestStore } from '../../support/stores/build-store.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import type { Json } from '../../support/http/get-json.js';
import { slowRun, throwingRun, tinyStore } from '../../support/stores/tiny-runs.js';

/** Accepts JSON too, in words that make a request take the ordinary way. */
const ORDINARY = { Accept: 'application/json, text/plain;q=0.5' };

const TOKEN = "[\\w!#$%&'*+.^`|~-]+";
const VALUE = `${TOKEN}|"(?:[^"\\\\]|\\\\.)*"`;
const METRIC = new RegExp(`^(${TOKEN})((?:[ \\t]*;[ \\t]*${TOKEN}[ \\t]*=[ \\t]*(?:${VALUE}))*)$`);
const PARAM = new RegExp(`;[ \\t]*(${TOKEN})[ \\t]*=[ \\t]*(${VALUE})`, 'g');

/** Reads `Server-Timing` by the grammar of the W3C: the parameters of each metric, quotes taken off. */
function metricsIn(header: unknown): Map<string, Record<string, string>> {
  expect(typeof header).toBe('string');
  const metrics = (header as string).split(/[ \t]*,[ \t]*/).map((text): [string, Record<string, string>] => {
    const [, name, params] = METRIC.exec(text) ?? [];
    expect([text, name]).toEqual([text, expect.any(String)]);
    const pairs = [...params!.matchAll(PARAM)].map(([, key, value]) => [key, value!.replace(/^"(.*)"$/, '$1')]);
    return [name!, Object.fromEntries(pairs)];
  });
  return new Map(metrics);
}

let store: TestStore;
let app: TestApp;

beforeAll(() => {
  store = tinyStore();
  store.addModel('thrower').addRun('thrower', 'thrower-1', throwingRun, 'onnx-gather');
  store.addModel('slow').addRun('slow', 'slow-1', slowRun, 'onnx-slow-rows');
});
afterAll(() => store.remove());
beforeEach(async () => {
  app = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'texts' });
});
afterEach(() => app.close());

const post = (path: string, body: unknown, options: AskOptions = {}): Promise<Answer> =>
  ask(app.baseUrl, path, { method: 'POST', body, ...options });
const rows = (count: number) => ({ inputs: Array.from({ length: count }, () => ({ a: 1, b: 2 })) });
const timingsOf = async (model: string): Promise<Json> => {
  const { json } = await ask(app.baseUrl, '/health');
  return json.data.models.find(({ name }: Json) => name === model).timings;
};

describe('Server-Timing', () => {
  it.each<[string, number, () => Promise<Answer>]>([
    ['a prediction on the short way', 1, () => post('/models/adder/predictions', rows(1))],
    ['three rows on the short way', 3, () => post('/models/adder/predictions', rows(3))],
    ['three rows on the ordinary way', 3, () => post('/models/adder/predictions', rows(3), { headers: ORDINARY })],
    ['a prediction with another run', 2, () => post('/runs/adder-second/predictions', rows(2))],
    ['a prediction from a query', 1, () => ask(app.baseUrl, '/models/adder/predictions?a=1&b=2')],
    ['the texts of the seed', 2, () => post('/predict', { texts: [{ text: 'a' }, { text: 'b' }] })],
    ['the bare row of the seed', 1, () => ask(app.baseUrl, '/predict?a=1&b=2')],
  ])('of %s says where the time went', async (_what, count, question) => {
    const { status, headers } = await question();
    const metrics = metricsIn(headers['server-timing']);

    expect(status).toBe(200);
    expect([...metrics.keys()]).toEqual(['parse', 'validate', 'queue', 'batch', 'infer', 'serialise']);
    expect(metrics.get('batch')).toEqual({ desc: String(count) });
    metrics.delete('batch');
    for (const params of metrics.values()) {
      expect(params).toEqual({ dur: expect.stringMatching(/^\d+(\.\d+)?$/) as string });
    }
  });

  it.each([
    ['the short way', {}],
    ['the ordinary way', ORDINARY],
  ])('counts the rows of all who shared the call, on %s', async (_way, headers) => {
    const body = { inputs: [{ x: 1, times: 20_000 }] };

    const answers = await Promise.all(
      Array.from({ length: 40 }, () => post('/models/slow/predictions', body, { headers })),
    );

    // Every call answers as many requests as it has rows here, so each number of rows comes that many times over.
    const counts = answers.map((answer) => Number(metricsIn(answer.headers['server-timing']).get('batch')!.desc));
    for (const count of new Set(counts)) expect(counts.filter((other) => other === count).length % count).toBe(0);
  });

  it.each([
    ['the short way', {}],
    ['the ordinary way', ORDINARY],
  ])('is not on errors, on %s', async (_way, headers) => {
    const answers = await Promise.all([
      post('/models/adder/predictions', { inputs: [{ a: 'one', b: 2 }] }, { headers }),
      post('/models/adder/predictions', { inputs: [] }, { headers }),
      post('/models/adder/predictions', '{', { headers: { ...headers, 'Content-Type': 'application/json' } }),
      post('/models/nope/predictions', rows(1), { headers }),
      post('/models/thrower/predictions', { inputs: [{ index: 7 }] }, { headers }),
      post(
        '/models/slow/predictions',
        { inputs: [{ x: 1, times: 200_000 }] },
        { headers: { ...headers, 'X-Timeout-Ms': '1' } },
      ),
      post('/models/adder/predictions', rows(1), { headers: { ...headers, 'X-Timeout-Ms': 'ten' } }),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422, 404, 422, 504, 422]);
    expect(answers.map(({ headers: given }) => given['server-timing'])).toEqual(answers.map(() => undefined));
  });

  it('is not on answers that predict nothing', async () => {
    for (const path of ['/', '/health', '/models', '/models/adder', '/runs']) {
      expect([path, (await ask(app.baseUrl, path)).headers['server-timing']]).toEqual([path, undefined]);
    }
  });
});

describe('the timings of /health', () => {
  it('are null before the first prediction: the examples replayed at start do not count', async () => {
    const { json } = await ask(app.baseUrl, '/health');

    expect(json.data.models.map(({ timings }: Json) => timings)).toEqual(json.data.models.map(() => null));
  });

  it('count the predictions of each model, whichever way they came, and no errors', async () => {
    for (let i = 0; i < 5; i++) {
      await post('/models/adder/predictions', rows(4));
      await post('/models/adder/predictions', rows(4), { headers: ORDINARY });
    }
    await post('/models/adder/predictions', { inputs: [{ a: 'one' }] });
    await post('/models/thrower/predictions', { inputs: [{ index: 7 }] });
    await post('/runs/adder-second/predictions', rows(1));

    const timings = await timingsOf('adder');
    expect(timings.predictions).toBe(10);
    expect(timings.batch_rows).toEqual({ p50: 4, p90: 4, p99: 4 });
    expect(await timingsOf('thrower')).toBeNull();
    expect(await timingsOf('texts')).toBeNull();
  });

  it('are percentiles in order, none below 0', async () => {
    await Promise.all(Array.from({ length: 100 }, (_, i) => post('/models/adder/predictions', rows(1 + (i % 7)))));

    const { predictions, ...parts } = await timingsOf('adder');
    expect(predictions).toBe(100);
    expect(Object.keys(parts)).toEqual([
      'parse_ms',
      'validate_ms',
      'queue_ms',
      'infer_ms',
      'serialise_ms',
      'total_ms',
      'batch_rows',
    ]);
    for (const [part, { p50, p90, p99 }] of Object.entries<Json>(parts)) {
      const sorted = [0, p50, p90, p99].sort((a, b) => a - b);
      expect([part, 0, p50, p90, p99]).toEqual([part, ...sorted]);
    }
    expect(parts.batch_rows.p50).toBeGreaterThanOrEqual(1);
  });
});
