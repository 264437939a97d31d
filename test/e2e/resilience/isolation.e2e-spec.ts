import { Agent } from 'node:http';

import { ask } from '../../support/http/ask.js';
import type { Answer } from '../../support/http/ask.js';
import type { TestStore } from '../../support/stores/build-store.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { RawSocket } from '../../support/http/raw-socket.js';
import { slowRun, throwingRun, tinyStore } from '../../support/stores/tiny-runs.js';
import { until } from '../../support/until.js';
import { predictionsUnderWay } from '../../support/http/watched-app.js';

/** About a second of native work on a usual machine. */
const SLOW_TIMES = 1_500_000;
const TIMEOUT_MS = 300;

let store: TestStore;
let app: TestApp;

beforeAll(() => {
  store = tinyStore();
  store.addModel('slow').addRun('slow', 'slow-1', slowRun, 'onnx-slow-rows');
  store.addModel('thrower').addRun('thrower', 'thrower-1', throwingRun, 'onnx-gather');
});

afterAll(() => store.remove());
afterEach(() => app.close());

const start = async (environment: Record<string, string>) => {
  app = await createTestApp({
    MODELS_DIR: store.folder,
    DEFAULT_MODEL: 'texts',
    INFERENCE_THREADS: '2',
    // On a busy machine the slow model takes long beyond its limit; what hangs for good is another test's subject.
    MAX_STUCK_THREADS: '256',
    ...environment,
  });
};
const add = () => ask(app.baseUrl, '/models/adder/predictions?a=1&b=2');
const pick = (index: number) => ask(app.baseUrl, `/models/thrower/predictions?index=${index}`);
const count = (times: number) => ask(app.baseUrl, `/models/slow/predictions?x=1&times=${times}`);
const codeOf = ({ status, headers, json }: Answer) => [status, headers['x-error-code'], json['status-code']];

/**
 * Starts with so short a limit that runs may break it on a busy machine while they are loaded; they are tried again. Ends
 * when the slow model is served.
 */
async function startHasty(): Promise<void> {
  await start({ PREDICTION_TIMEOUT_MS: String(TIMEOUT_MS), REFRESH_INTERVAL_MS: '200' });
  await untilOk(() => count(1));
  await untilOk(add);
}

/** Asks until the model answers (again): what hung has to end first. */
async function untilOk(question: () => Promise<Answer>): Promise<Answer> {
  let answer = await question();
  await until(async () => answer.status === 200 || (answer = await question()).status === 200);
  return answer;
}

describe('a model that throws', () => {
  it("is its own caller's error, 422 with the row, and costs nobody else anything", async () => {
    await start({});

    const answers = await Promise.all([pick(7), add(), pick(1), pick(-9), add(), pick(2)]);

    expect(answers.map(({ status }) => status)).toEqual([422, 200, 200, 422, 200, 200]);
    expect(codeOf(answers[0])).toEqual([422, 'VALIDATION_FAILED', 422]);
    expect(answers[2].json.data.predictions).toEqual([{ value: 20 }]);
    expect(answers[0].json.detail).toEqual([
      {
        loc: ['query'],
        msg: 'the model cannot compute this row: one of its values is outside of what it was made for',
        type: 'value_error.not_computable',
      },
    ]);
  });
});

describe('a model that hangs', () => {
  it('costs its own caller 504 while the others keep answering, and answers again afterwards', async () => {
    await startHasty();

    let isOver = false;
    const hanging = count(SLOW_TIMES).finally(() => (isOver = true));
    const others: Answer[] = [];
    await until(async () => (others.push(await add()), isOver));
    const answer = await hanging;

    expect(codeOf(answer)).toEqual([504, 'PREDICTION_TIMEOUT', 504]);
    expect(answer.json.message).toContain(`${TIMEOUT_MS} ms`);
    expect(others.filter(({ status }) => status !== 200)).toEqual([]);
    expect((await untilOk(() => count(1))).json.data.predictions).toEqual([{ y: 2 }]);
    expect((await add()).status).toBe(200);
  });

  it('does not make the server look ill', async () => {
    await startHasty();

    const hanging = count(SLOW_TIMES);
    for (const path of ['/livez', '/readyz', '/health', '/runs', '/models/slow']) {
      expect([path, (await ask(app.baseUrl, path)).status]).toEqual([path, 200]);
    }

    expect(codeOf(await hanging)).toEqual([504, 'PREDICTION_TIMEOUT', 504]);
  });
});

describe('a model with too many callers', () => {
  it('sends the next ones away with Retry-After, and the other models keep answering', async () => {
    await start({ MAX_QUEUED_REQUESTS: '1', PREDICTION_TIMEOUT_MS: '20000' });
    await add();

    const crowd = Array.from({ length: 6 }, () => count(SLOW_TIMES / 4));
    const answers = await Promise.all(crowd);

    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    expect(refused.length + answers.filter(({ status }) => status === 200).length).toBe(6);
    for (const answer of refused) {
      expect(codeOf(answer)).toEqual([503, 'QUEUE_FULL', 503]);
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(answer.json.message).toContain(`${answer.headers['retry-after']} s`);
    }
    expect((await add()).json.data.predictions).toEqual([{ sum: 3 }]);
    expect((await count(1)).json.data.predictions).toEqual([{ y: 2 }]);
  });

  it('forgets a caller who hangs up while waiting', async () => {
    await start({ MAX_QUEUED_REQUESTS: '1', INFERENCE_THREADS: '1', PREDICTION_TIMEOUT_MS: '20000' });
    const running = count(SLOW_TIMES / 2);
    await until(() => predictionsUnderWay(app.app) === 1);

    const leaving = await RawSocket.open(app.baseUrl);
    leaving.send('GET /models/slow/predictions?x=1&times=1 HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => predictionsUnderWay(app.app) === 2);
    leaving.abort();
    await until(() => predictionsUnderWay(app.app) === 1);
    const next = await count(1);

    expect([next.status, (await running).status]).toEqual([200, 200]);
  });
});

describe('many rows', () => {
  it.each([
    ['short', {}],
    ['ordinary', { Accept: 'application/json, */*' }],
  ])(
    'in many requests at once, on the %s way, keep others waiting for one of them, not for all',
    async (_, headers) => {
      await start({});
      const agent = new Agent({ keepAlive: true });
      const health = () => ask(app.baseUrl, '/health', { agent });
      // Connections are accepted one by one: those of the large requests must not be what is waited for.
      await Promise.all(Array.from({ length: 21 }, health));
      const body = { inputs: Array.from({ length: 10_000 }, (_, i) => ({ a: i % 1000, b: 1 })) };
      const statuses: number[] = [];
      const large = Array.from({ length: 20 }, async () => {
        const { status } = await ask(app.baseUrl, '/models/adder/predictions', {
          method: 'POST',
          body,
          headers,
          agent,
        });
        statuses.push(status);
      });

      let answeredMeanwhile = 0;
      for (; statuses.length < 20; answeredMeanwhile += 1) expect((await health()).status).toBe(200);
      await Promise.all(large);
      agent.destroy();

      // Two or three when all bodies are worked off in one go.
      expect(statuses).toEqual(Array(20).fill(200));
      expect(answeredMeanwhile).toBeGreaterThan(5);
      expect(statuses).toEqual(Array(20).fill(200));
    },
  );
});
