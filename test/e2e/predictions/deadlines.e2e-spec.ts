import { ask } from '../../support/http/ask.js';
import type { Answer, AskOptions } from '../../support/http/ask.js';
import type { TestStore } from '../../support/stores/build-store.js';
import { jsonIn, statusesIn, talk } from '../../support/http/raw-socket.js';
import { slowRun, tinyStore } from '../../support/stores/tiny-runs.js';
import { WatchedApp, leaveNothingBehind } from '../../support/http/watched-app.js';
import { until } from '../../support/until.js';

const LIMIT_MS = 5_000;
/** About a second of native work on a usual machine. */
const SLOW_TIMES = 1_500_000;

/** Accepts JSON too, in words that make a request take the ordinary way. */
const ORDINARY = { Accept: 'application/json, text/plain;q=0.5' };
const WAYS: [string, Record<string, string>][] = [
  ['the short way', {}],
  ['the ordinary way', ORDINARY],
];

const sumOf = { inputs: [{ a: 1, b: 2 }] };
const echoOf = { inputs: [{ text: 'hello' }] };
const texts = { texts: [{ text: 'hello' }] };
/** Every route that predicts, with a body that is as it should be. */
const ROUTES: [string, string, object | undefined][] = [
  ['POST', '/models/adder/predictions', sumOf],
  ['PUT', '/models/adder/predictions', sumOf],
  ['GET', '/models/adder/predictions?a=1&b=2', undefined],
  ['POST', '/predictions', echoOf],
  ['PUT', '/predictions', echoOf],
  ['POST', '/runs/adder-second/predictions', sumOf],
  ['PUT', '/runs/adder-second/predictions', sumOf],
  ['POST', '/predict', texts],
  ['POST', '/prediction', texts],
  ['POST', '/runs/texts-1/predict', texts],
  ['GET', '/predict?a=1&b=2', undefined],
  ['PUT', '/predict', { a: 1, b: 2 }],
];
const BAD_VALUES = ['0', '-1', '+1', '1.5', '1e3', '0x10', 'ten', '10 20', '10,20', '1000000000', ''];
const BAD_TIMEOUT = {
  loc: ['header', 'x-timeout-ms'],
  msg: 'value is not a whole number of milliseconds from 1 to 999999999',
  type: 'value_error',
};

let store: TestStore;
let app: WatchedApp;

beforeAll(async () => {
  store = tinyStore();
  store.addModel('slow').addRun('slow', 'slow-1', slowRun, 'onnx-slow-rows');
  app = await WatchedApp.start({
    MODELS_DIR: store.folder,
    DEFAULT_MODEL: 'texts',
    INFERENCE_THREADS: '2',
    PREDICTION_TIMEOUT_MS: String(LIMIT_MS),
  });
});
afterAll(async () => {
  await app.close();
  store.remove();
});
const kept = leaveNothingBehind(() => app);

const send = (path: string, options: AskOptions): Promise<Answer> => ask(app.baseUrl, path, { ...kept, ...options });
const add = (headers: Record<string, string>): Promise<Answer> =>
  send('/models/adder/predictions', { method: 'POST', body: sumOf, headers });

describe.each(WAYS)('on %s, a request', (_way, headers) => {
  it('with a deadline of 1 ms is answered or told of its deadline, and costs no thread', async () => {
    const threads = app.threads;

    const crowd = Array.from({ length: 200 }, () => add({ ...headers, 'X-Timeout-Ms': '1' }));
    const answers = await Promise.all(crowd);

    for (const { status, headers: answered, json } of answers) {
      if (status === 200) expect(json.data.predictions).toEqual([{ sum: 3 }]);
      else expect([status, answered['x-error-code']]).toEqual([504, 'PREDICTION_TIMEOUT']);
      if (status === 504) expect(json.detail).toContain(' 1 ms ');
    }
    expect((await add(headers)).json.data.predictions).toEqual([{ sum: 3 }]);
    expect(app.threads).toEqual(threads);
    expect([...app.events('thread-lost'), ...app.events('thread-hung')]).toEqual([]);
  });

  it.each(['4999', '5000', '999999999'])('may wait %s ms', async (timeout) => {
    expect((await add({ ...headers, 'X-Timeout-Ms': timeout })).status).toBe(200);
  });
});

describe.each(ROUTES)('%s %s', (method, path, body) => {
  it('refuses a deadline that is not a whole number of milliseconds', async () => {
    const answers = await Promise.all(
      BAD_VALUES.map((timeout) => send(path, { method, body, headers: { 'X-Timeout-Ms': timeout } })),
    );

    expect(answers.map(({ status, headers, json }) => [status, headers['x-error-code'], json.detail])).toEqual(
      BAD_VALUES.map(() => [422, 'VALIDATION_FAILED', [BAD_TIMEOUT]]),
    );
  });

  it('refuses two deadlines, even if they are the same', async () => {
    const text = body ? JSON.stringify(body) : '';
    const type = body ? `Content-Type: application/json\r\nContent-Length: ${text.length}\r\n` : '';
    const two = 'X-Timeout-Ms: 1000\r\nx-timeout-ms: 1000\r\n';

    const received = await talk(
      app.baseUrl,
      `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${two}${type}Connection: close\r\n\r\n${text}`,
    );

    expect(statusesIn(received)).toEqual([422]);
    expect(jsonIn(received).detail).toEqual([BAD_TIMEOUT]);
  });

  it('takes a good one', async () => {
    const answer = await send(path, { method, body, headers: { 'X-Timeout-Ms': '4000' } });

    expect(answer.status).toBe(200);
  });
});

describe('a deadline', () => {
  it.each(WAYS)('ends the wait of its own caller only, on %s', async (_way, headers) => {
    const count = (times: number, timeout: string) =>
      send('/models/slow/predictions', {
        method: 'POST',
        body: { inputs: [{ x: 1, times }] },
        headers: { ...headers, 'X-Timeout-Ms': timeout },
      });

    const [hasty, patient] = await Promise.all([count(200_000, '1'), count(1, String(LIMIT_MS))]);

    expect([hasty.status, hasty.headers['x-error-code']]).toEqual([504, 'PREDICTION_TIMEOUT']);
    expect(patient.json.data.predictions).toEqual([{ y: 2 }]);
  });
});

describe('the limit of the server', () => {
  it.each(WAYS)('holds for a client that asks for more, on %s', async (_way, headers) => {
    const limited = await WatchedApp.start({
      MODELS_DIR: store.folder,
      PREDICTION_TIMEOUT_MS: '300',
      REFRESH_INTERVAL_MS: '200',
    });
    try {
      // On a busy machine the run may break the limit while it is loaded; it is tried again.
      await until(async () => (await ask(limited.baseUrl, '/models/slow/predictions?x=1&times=1')).status === 200);
      const answer = await ask(limited.baseUrl, '/models/slow/predictions', {
        method: 'POST',
        body: { inputs: [{ x: 1, times: SLOW_TIMES }] },
        headers: { ...headers, 'X-Timeout-Ms': '60000' },
      });

      expect([answer.status, answer.headers['x-error-code']]).toEqual([504, 'PREDICTION_TIMEOUT']);
      expect(answer.json.message).toContain(' 300 ms ');
    } finally {
      await limited.close();
    }
  });
});
