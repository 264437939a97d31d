import { Agent } from 'node:http';

import { ask } from '../../support/http/ask.js';
import type { Answer } from '../../support/http/ask.js';
import type { TestStore } from '../../support/stores/build-store.js';
import { Gate } from '../../support/gate.js';
import { onDemandStore } from '../../support/registry/on-demand-runs.js';
import { WatchedApp } from '../../support/http/watched-app.js';

// Real threads whose engine computes when told to: the queue is as full as the test wants, however fast the machine is.
jest.mock('../../../src/engines/worker/worker-file.js', () => ({
  inferenceWorkerFile: () => require.resolve('../../support/faulty-worker.cjs'),
}));

const REQUESTS = 10_000;
const CONNECTIONS = 500;
const QUEUE = 100;

let store: TestStore;
let app: WatchedApp;

beforeAll(async () => {
  store = onDemandStore('crowded', 'holder');
  app = await WatchedApp.start({
    MODELS_DIR: store.folder,
    INFERENCE_THREADS: '1',
    MAX_QUEUED_REQUESTS: String(QUEUE),
    LOG_REQUESTS: 'false',
  });
});
afterAll(async () => {
  await app.close();
  store.remove();
});

it('answers each of 10,000 requests that meet a queue for 100, and is as before right after', async () => {
  const before = await app.idle();
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const gate = new Gate(store.path('gate'));
  const tell = (model: string, command: string): Promise<Answer> => {
    const body = { inputs: [{ command }] };
    return ask(app.baseUrl, `/models/${model}/predictions`, { method: 'POST', body, agent, timeoutMs: 60_000 });
  };
  const commandOf = (i: number) => `answer ${i}`;

  const holding = tell('holder', gate.command);
  await app.untilBusy('holder');
  const crowd = Array.from({ length: REQUESTS }, (_, i) => tell('crowded', commandOf(i)));
  const first = await Promise.race(crowd);
  const waiting = app.waiting('crowded').length;
  gate.open();
  const answers = await Promise.all(crowd);
  const next = await Promise.all(Array.from({ length: QUEUE }, (_, i) => tell('crowded', commandOf(i))));
  await holding;
  agent.destroy();

  const unclear = answers.filter(({ status, headers, json }, i) => {
    if (status === 200) return json.data.predictions[0].length !== commandOf(i).length;
    const isFull = headers['x-error-code'] === 'QUEUE_FULL' && json['status-code'] === 503;
    return !(status === 503 && isFull && /^[1-9]\d*$/.test(headers['retry-after'] ?? ''));
  });
  expect([first.status, waiting]).toEqual([503, QUEUE]);
  expect(unclear).toEqual([]);
  expect(answers).toHaveLength(REQUESTS);
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(QUEUE);
  expect(next.map(({ status }) => status)).toEqual(Array(QUEUE).fill(200));
  await app.expectBackTo(before);
}, 120_000);
