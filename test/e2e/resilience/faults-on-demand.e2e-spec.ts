import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { ask } from '../../support/http/ask.js';
import type { Answer } from '../../support/http/ask.js';
import type { TestStore } from '../../support/stores/build-store.js';
import { Gate } from '../../support/gate.js';
import { onDemandStore } from '../../support/registry/on-demand-runs.js';
import { RawSocket } from '../../support/http/raw-socket.js';
import { until } from '../../support/until.js';
import { WatchedApp } from '../../support/http/watched-app.js';
import type { Holdings } from '../../support/http/watched-app.js';

// Real threads whose engine fails when told to: the one thing about the server that is not as in production.
jest.mock('../../../src/engines/worker/worker-file.js', () => ({
  inferenceWorkerFile: () => require.resolve('../../support/faulty-worker.cjs'),
}));

/** Accepts JSON too, in words that make a request take the ordinary way. */
const ORDINARY = 'application/json, text/plain;q=0.5';
const ANSWER = [{ length: 'answer'.length }];

let store: TestStore;
let app: WatchedApp;
let agent: Agent;
let before: Holdings;
let gate: Gate;
/** The request that keeps the only thread busy. */
let holding: Promise<Answer> | undefined;

beforeAll(() => {
  store = onDemandStore('crowded', 'holder', 'other');
});
afterAll(() => store.remove());
beforeEach(() => {
  gate = new Gate(store.path('gate'));
  holding = undefined;
  agent = new Agent({ keepAlive: true });
});
afterEach(async () => {
  gate.open();
  await holding;
  agent.destroy();
  await app.expectBackTo(before).finally(() => app.close());
});

const start = async (environment: Record<string, string> = {}): Promise<void> => {
  app = await WatchedApp.start({ MODELS_DIR: store.folder, INFERENCE_THREADS: '1', ...environment });
  before = await app.idle();
};
const tell = (model: string, commands: readonly string[], headers: Record<string, string> = {}): Promise<Answer> => {
  const body = { inputs: commands.map((command) => ({ command })) };
  return ask(app.baseUrl, `/models/${model}/predictions`, { method: 'POST', body, headers, agent, timeoutMs: 60_000 });
};
/** The predictions, or the code of the error. */
const outcomeOf = ({ headers, json }: Answer): unknown => headers['x-error-code'] ?? json.data.predictions;
const times = <T>(count: number, work: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => work(i));
/** Keeps the only thread busy until the gate opens. */
const hold = async (): Promise<void> => {
  holding = tell('holder', [gate.command]);
  await app.untilBusy('holder');
};
const untilWaiting = (count: number) => until(() => app.waiting('crowded').length === count);

describe('a model that throws on every third call', () => {
  it('fails a lone request whenever its call fails, and does not blame its row, which can be computed', async () => {
    await start();

    const outcomes: unknown[] = [];
    for (let i = 0; i < 9; i++) outcomes.push(outcomeOf(await tell('crowded', ['throw-every-third'])));

    // Each failed row is computed once more, so that every other request meets a third call.
    const answer = [{ length: 17 }];
    const pairs = times(4, () => ['PREDICTION_FAILED', answer]).flat();
    expect(outcomes).toEqual([answer, answer, ...pairs.slice(0, 7)]);
  });

  it('answers almost all of a crowd, because a shared call that failed is computed again in halves', async () => {
    await start();
    await hold();

    const crowd = times(64, () => tell('crowded', ['throw-every-third']));
    await untilWaiting(64);
    gate.open();
    const outcomes = (await Promise.all(crowd)).map(outcomeOf);

    const failed = outcomes.filter((outcome) => typeof outcome === 'string');
    expect(outcomes.filter((outcome) => typeof outcome !== 'string')).toEqual(
      times(64 - failed.length, () => [{ length: 17 }]),
    );
    expect(failed.length).toBeLessThan(8);
  });
});

describe('a thread that is lost in mid-batch', () => {
  it('costs the request that ended it 503, and the others are answered by another thread', async () => {
    await start();
    await hold();

    const commands = times(16, (i) => (i === 7 ? 'exit' : 'answer'));
    const crowd = commands.map((command) => tell('crowded', [command]));
    await untilWaiting(16);
    gate.open();
    const answers = await Promise.all(crowd);

    expect(answers.map(outcomeOf)).toEqual(commands.map((command) => (command === 'exit' ? 'WORKER_LOST' : ANSWER)));
    expect(answers[7]!.json.detail).toBe(
      'The process that computed this request was lost and is being replaced. Try again.',
    );
    expect(outcomeOf(await tell('other', ['answer']))).toEqual(ANSWER);
  });

  it('costs nobody anything when no request is to blame', async () => {
    await start();
    await hold();

    const crowd = times(16, () => tell('crowded', ['block 20']));
    await untilWaiting(16);
    gate.open();
    await app.untilBusy('crowded');
    await app.threads[0]!.worker.terminate();
    const outcomes = (await Promise.all(crowd)).map(outcomeOf);

    expect(outcomes).toEqual(times(16, () => [{ length: 'block 20'.length }]));
    expect(app.events('thread-lost').map(({ msg }) => msg as string)).toEqual([
      'a thread that computes models was lost: another one takes its place',
    ]);
  });

  it('costs the other models nothing', async () => {
    await start({ INFERENCE_THREADS: '2' });

    const [ending, others] = await Promise.all([
      Promise.all(times(4, () => tell('crowded', ['exit'], { 'X-Timeout-Ms': '1000' }))),
      Promise.all(times(100, () => tell('other', ['answer']))),
    ]);

    for (const answer of ending) expect(['WORKER_LOST', 'PREDICTION_TIMEOUT']).toContain(outcomeOf(answer));
    expect(others.map(outcomeOf)).toEqual(times(100, () => ANSWER));
  });
});

describe('a model that sleeps for 30 s', () => {
  it('costs its own caller 504, and another model answers 100 requests meanwhile', async () => {
    await start({ INFERENCE_THREADS: '2', PREDICTION_TIMEOUT_MS: '1500' });
    const sleeping = tell('crowded', ['block 30000']);
    await app.untilBusy('crowded');

    const outcomes: unknown[] = [];
    for (let i = 0; i < 10; i++) {
      const some = await Promise.all(times(10, () => tell('other', ['answer'])));
      outcomes.push(...some.map(outcomeOf));
    }
    const asleep = (await app.holdings()).activeThreads;
    const answer = await sleeping;

    expect(outcomes).toEqual(times(100, () => ANSWER));
    expect(asleep).toBe(1);
    expect([answer.status, outcomeOf(answer)]).toEqual([504, 'PREDICTION_TIMEOUT']);
    expect(answer.json.message).toContain('1500 ms');
    expect(outcomeOf(await tell('crowded', ['answer']))).toEqual(ANSWER);
    await until(() => app.events('thread-hung').length === 1);
  });

  it('is found out in a crowd, and the crowd is answered', async () => {
    await start();
    await hold();

    const commands = ['answer', 'block 30000', 'answer', 'answer', 'answer'];
    const crowd = commands.map((command) => tell('crowded', [command], { 'X-Timeout-Ms': '4000' }));
    await untilWaiting(commands.length);
    gate.open();
    const outcomes = (await Promise.all(crowd)).map(outcomeOf);

    expect(outcomes).toEqual([
      ANSWER,
      expect.stringMatching(/^(WORKER_LOST|PREDICTION_TIMEOUT)$/),
      ANSWER,
      ANSWER,
      ANSWER,
    ]);
  });
});

describe('a model that answers with a row too many', () => {
  it('costs its own caller the answer, and the others get their own rows', async () => {
    await start();
    await hold();

    const commands = times(32, (i) => (i === 9 ? 'one-row-more' : `answer ${'x'.repeat(i)}`));
    const crowd = commands.map((command) => tell('crowded', [command]));
    await untilWaiting(32);
    gate.open();
    const outcomes = (await Promise.all(crowd)).map(outcomeOf);

    expect(outcomes).toEqual(
      commands.map((command) => (command === 'one-row-more' ? 'VALIDATION_FAILED' : [{ length: command.length }])),
    );
  });
});

describe('clients that hang up while they wait', () => {
  it.each([
    ['the short way', '*/*'],
    ['the ordinary way', ORDINARY],
  ])('leave the queue and its memory, on %s', async (_way, accept) => {
    await start({ MAX_QUEUED_REQUESTS: '100' });
    await hold();
    const leaving = await Promise.all(times(90, () => waitingSocket(accept, 'exit')));
    await untilWaiting(90);
    const staying = times(10, () => tell('crowded', ['answer'], { Accept: accept }));
    await untilWaiting(100);
    const tensors = app.waiting('crowded').map(({ inputs }) => new WeakRef(inputs));

    const refused = await tell('crowded', ['answer']);
    for (const socket of leaving) socket.abort();
    await untilWaiting(10);
    const welcome = tell('crowded', ['answer']);
    await untilWaiting(11);
    await until(() => app.answersLogged(499).length === 90);
    await untilFreed(tensors.slice(0, 90));

    gate.open();
    const answers = await Promise.all([...staying, welcome]);
    expect([refused.status, outcomeOf(refused)]).toEqual([503, 'QUEUE_FULL']);
    expect(answers.map(outcomeOf)).toEqual(times(11, () => ANSWER));
    expect(app.answersLogged(499)).toHaveLength(90);
    await untilFreed(tensors);
  });

  it('cost those who share their call nothing when they hang up while it is computed', async () => {
    await start();
    await hold();
    const leaving = await Promise.all(times(8, () => waitingSocket('*/*', 'block 20')));
    await untilWaiting(8);
    const staying = times(8, () => tell('crowded', ['block 20']));
    await untilWaiting(16);

    gate.open();
    await app.untilBusy('crowded');
    for (const socket of leaving) socket.abort();
    const outcomes = (await Promise.all(staying)).map(outcomeOf);

    expect(outcomes).toEqual(times(8, () => [{ length: 'block 20'.length }]));
    await until(() => app.answersLogged(499).length === 8);
  });
});

/** A connection that has asked for a prediction which waits. */
async function waitingSocket(accept: string, command: string): Promise<RawSocket> {
  const body = JSON.stringify({ inputs: [{ command }] });
  const head =
    `POST /models/crowded/predictions HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return (await RawSocket.open(app.baseUrl)).send(head + body);
}

/** Waits until nothing refers to the things any more. */
async function untilFreed(things: readonly WeakRef<object>[]): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  await until(async () => {
    collectGarbage();
    await sleep(10);
    return things.every((thing) => thing.deref() === undefined);
  });
}
