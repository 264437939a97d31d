import { mkdirSync, rmSync } from 'node:fs';

import type { Run } from '../../../src/domain/run.js';
import { askAsAdmin, createManagedApp, refresh } from '../../support/http/admin.js';
import { ask } from '../../support/http/ask.js';
import { TestStore, sumEncoding, sumRun } from '../../support/stores/build-store.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import type { Json } from '../../support/http/get-json.js';
import { textRun } from '../../support/stores/tiny-runs.js';
import { until } from '../../support/until.js';

const f1 = (value: number): Partial<Run> => ({ metrics: { f1: value } });
const { signature } = sumRun('any', '');
/** A better run that takes only half the range of `a`. */
const narrower: Partial<Run> = {
  ...f1(0.99),
  signature: {
    ...signature,
    input: {
      ...signature.input,
      properties: { ...signature.input.properties, a: { ...signature.input.properties.a!, maximum: 500 } },
    },
  },
};
/** A better run whose input `a` may be absent. */
const wider: Partial<Run> = {
  ...f1(0.98),
  signature: {
    input: { ...signature.input, required: ['b'] },
    output: signature.output,
  },
  encode: sumEncoding({ kind: 'number', field: 'a', missing: 0 }, { kind: 'number', field: 'b' }),
};

describe('a model whose store changes while it is served', () => {
  let store: TestStore;
  let app: TestApp;
  beforeEach(async () => {
    store = new TestStore().addModel('adder').addRun('adder', 'first', f1(0.5));
    app = await createManagedApp(store);
  });
  afterEach(async () => {
    await app.close();
    store.remove();
  });

  const data = async (path: string): Promise<Json> => (await ask(app.baseUrl, path)).json.data;
  const predict = async (model = 'adder'): Promise<Json> =>
    (await ask(app.baseUrl, `/models/${model}/predictions`, { method: 'POST', body: { inputs: [{ a: 1, b: 2 }] } }))
      .json;
  const servedBy = async () => (await predict()).data.run_id as string;
  const codesOf = async (runId: string) =>
    ((await data(`/runs/${runId}`)).verdict.reasons as Json[]).map(({ code }) => code);
  const eventsOf = async (model = 'adder') =>
    ((await data(`/models/${model}/history`)).history as Json[]).map(({ event, run_id }) => [event, run_id]);

  it('is served by a better run from the refresh that finds it', async () => {
    store.addRun('adder', 'second', f1(0.6));
    expect(await servedBy()).toBe('first');

    expect(await refresh(app)).toEqual({ adder: 'second' });

    expect(await servedBy()).toBe('second');
    expect(await data('/models/adder/selection')).toMatchObject({
      best_run_id: 'second',
      why: 'It has the highest f1 of 2 runs: 0.6.',
      to_win: 'A FINISHED run with f1 above 0.6 (or the same, and started later), and no change that breaks clients.',
    });
    expect((await data('/models/adder/history')).history[0]).toMatchObject({
      event: 'promoted',
      run_id: 'second',
      previous_run_id: 'first',
      reason: 'It has the highest f1 of 2 runs: 0.6.',
      by: 'policy',
    });
    expect((await ask(app.baseUrl, '/openapi.json')).text).toContain('Served by the run `second`');
  });

  it('was served by no other run before a refresh that changes nothing', async () => {
    store.addRun('adder', 'second', f1(0.6));
    const lastRefresh = async () => {
      const { json } = await askAsAdmin(app, 'POST', '/models/refresh');
      return json.data.models;
    };

    expect(await lastRefresh()).toEqual([{ model: 'adder', run_id: 'second', previous_run_id: 'first' }]);
    expect(await lastRefresh()).toEqual([{ model: 'adder', run_id: 'second', previous_run_id: null }]);
  });

  it('keeps its run when the new one is worse, or the same', async () => {
    store.addRun('adder', 'worse', f1(0.4)).addRun('adder', 'same', f1(0.5));

    await refresh(app);
    await refresh(app);

    expect(await servedBy()).toBe('first');
    expect(await eventsOf()).toEqual([['served', 'first']]);
  });

  it('keeps its run when the better one cannot be loaded, and does not try that one again until it changes', async () => {
    store.addRun('adder', 'liar', { ...f1(0.9), examples: [{ input: { a: 1, b: 2 }, output: { sum: 4 } }] });
    await refresh(app);
    await refresh(app);

    expect(await servedBy()).toBe('first');
    expect(await codesOf('liar')).toEqual(['SELF_TEST_FAILED']);
    expect(await eventsOf()).toEqual([
      ['load_failed', 'liar'],
      ['served', 'first'],
    ]);

    store.addRun('adder', 'liar', f1(0.9));
    expect(await refresh(app)).toEqual({ adder: 'liar' });
  });

  it('refuses a better run that would break clients, says what it would break, and takes the next best', async () => {
    store.addRun('adder', 'narrower', narrower).addRun('adder', 'modest', f1(0.6));

    expect(await refresh(app)).toEqual({ adder: 'modest' });

    expect(await codesOf('narrower')).toEqual(['CONTRACT_BREAKING']);
    const { refused, why } = await data('/models/adder/selection');
    expect(refused).toEqual({
      run_id: 'narrower',
      differences: [
        {
          pointer: '/input/properties/a/maximum',
          kind: 'breaking',
          message: 'The input "a": at most 500 now, at most 1000 before.',
        },
      ],
    });
    expect(why).toBe('It is the best of those that may serve (f1 0.6). Run "narrower" would break clients.');
    expect(await eventsOf()).toEqual([
      ['promoted', 'modest'],
      ['refused', 'narrower'],
      ['served', 'first'],
    ]);
    await refresh(app);
    expect((await eventsOf()).length).toBe(4);
  });

  it('takes a better run whose contract only grew, and its documents follow', async () => {
    const before = await data('/models/adder');
    store.addRun('adder', 'wider', wider);

    expect(await refresh(app)).toEqual({ adder: 'wider' });

    const after = await data('/models/adder');
    expect(after.contract).not.toBe(before.contract);
    const { components } = (await ask(app.baseUrl, '/openapi.json')).json;
    expect(components.schemas.AdderInput.required).toEqual(['b']);
    expect((await predict()).data.predictions).toEqual([{ sum: 3 }]);
  });

  it('refuses the same breaking run after a restart, by the contract it remembers', async () => {
    store.addRun('adder', 'narrower', narrower);
    await app.close();
    app = await createManagedApp(store);

    expect(await servedBy()).toBe('first');
    expect(await codesOf('narrower')).toEqual(['CONTRACT_BREAKING']);
    expect(await eventsOf()).toEqual([
      ['refused', 'narrower'],
      ['served', 'first'],
    ]);
  });

  it('is served by a breaking run at a start when nothing is left that breaks nobody', async () => {
    store.addRun('adder', 'narrower', narrower);
    await app.close();
    rmSync(store.path('adder/runs/first'), { recursive: true });
    app = await createManagedApp(store);

    expect(await servedBy()).toBe('narrower');
  });

  it('is served on by a run whose folder is gone, until something better comes', async () => {
    store.addRun('adder', 'worse', f1(0.4));
    rmSync(store.path('adder/runs/first'), { recursive: true });
    expect(await refresh(app)).toEqual({ adder: 'first' });
    expect(await servedBy()).toBe('first');
    expect((await data('/models/adder/selection')).why).toContain('gone from the store');

    store.addRun('adder', 'better', f1(0.6));
    expect(await refresh(app)).toEqual({ adder: 'better' });
  });

  it('takes what a folder holds now for the run that it held before', async () => {
    store.addRun('adder', 'first', { ...f1(0.3), name: 'renamed' });
    await refresh(app);

    expect(await data('/runs/first')).toMatchObject({ name: 'renamed', is_best: true });
  });

  it('follows a card that changes: another policy may choose another run', async () => {
    store.addRun('adder', 'worse', f1(0.4));
    await refresh(app);
    store.addModel('adder', { title: 'Smaller is better', selection: { metric: 'f1', goal: 'minimize' } });

    expect(await refresh(app)).toEqual({ adder: 'worse' });
    expect((await data('/models/adder')).title).toBe('Smaller is better');
  });

  it('keeps what it knows of a model whose card becomes unreadable', async () => {
    store.write('adder/card.json', '{"name":');
    expect(await refresh(app)).toEqual({ adder: 'first' });

    expect(await servedBy()).toBe('first');
    expect((await data('/health')).status).toBe('degraded');
  });

  it('gets company and loses it again, on all routes', async () => {
    store.addModel('other').addRun('other', 'other-1', f1(0.1));
    expect(await refresh(app)).toEqual({ adder: 'first', other: 'other-1' });
    expect((await predict('other')).data.predictions).toEqual([{ sum: 3 }]);
    expect(Object.keys((await ask(app.baseUrl, '/openapi.json')).json.paths)).toContain('/models/other/predictions');

    rmSync(store.path('other'), { recursive: true });
    expect(await refresh(app)).toEqual({ adder: 'first' });
    expect((await predict('other'))['status-code']).toBe(404);
    expect(Object.keys((await ask(app.baseUrl, '/openapi.json')).json.paths)).not.toContain(
      '/models/other/predictions',
    );
  });

  it('stays as it is while the store is away', async () => {
    const away = store.folder;
    for (const folder of ['runs', 'card.json']) rmSync(`${away}/adder/${folder}`, { recursive: true });
    rmSync(`${away}/adder`, { recursive: true });

    await expect(refresh(app)).rejects.toThrow('cannot be read now');
    expect(await servedBy()).toBe('first');

    store.addModel('adder').addRun('adder', 'second', f1(0.6));
    expect(await refresh(app)).toEqual({ adder: 'second' });
  });

  it.each([
    ['is gone', '', 'The models folder cannot be read (ENOENT).'],
    ['is empty', 'adder', 'The models folder no longer holds any models.'],
  ])('says in /health when the folder of the models %s, and since when', async (_what, removed, problem) => {
    const before = await data('/health');
    const [since] = before.sources;
    rmSync(`${store.folder}/${removed}`, { recursive: true });

    await expect(refresh(app)).rejects.toThrow('cannot be read now');
    const away = await data('/health');
    mkdirSync(store.folder, { recursive: true });
    store.addModel('adder').addRun('adder', 'second', f1(0.6));
    await refresh(app);
    const after = await data('/health');

    expect([before.status, since]).toEqual([
      'ok',
      { source: 'directory', last_read_at: expect.any(String) as string, problem: null },
    ]);
    expect([away.status, away.sources[0].problem]).toEqual(['degraded', problem]);
    expect(away.sources[0].last_read_at).toBe(since.last_read_at);
    expect([after.status, after.sources[0].problem]).toEqual(['ok', null]);
    expect(after.sources[0].last_read_at > since.last_read_at).toBe(true);
  });

  it('answers those that ask for a refresh together, with one look for those that come during another', async () => {
    store.addRun('adder', 'second', f1(0.6));

    const all = await Promise.all(Array.from({ length: 10 }, () => refresh(app)));

    expect(all).toEqual(Array.from({ length: 10 }, () => ({ adder: 'second' })));
    expect(await eventsOf()).toHaveLength(2);
  });

  it('predicts with what a run that is asked by its id holds now', async () => {
    store.addRun('adder', 'extra', f1(0.1));
    await refresh(app);
    const askForB = async () =>
      (await ask(app.baseUrl, '/runs/extra/predictions', { method: 'POST', body: { inputs: [{ b: 2 }] } })).status;
    expect(await askForB()).toBe(422);

    store.addRun('adder', 'extra', { ...wider, ...f1(0.1) });
    await refresh(app);
    expect(await askForB()).toBe(200);
  });
});

/** Gives `whole` to everybody, not only to those that ask for it. */
const generous: Partial<Run> = {
  ...textRun,
  decode: { kind: 'tensors', fields: { echo: '13', whole: 'x.1' }, primary: ['echo'] },
  examples: [{ input: { text: 'hello', whole: 5 }, output: { echo: 'hello', whole: 5 } }],
};

describe('what a run gives without being asked', () => {
  let store: TestStore;
  let app: TestApp;
  afterEach(async () => {
    await app.close();
    store.remove();
  });
  const start = async (first: Partial<Run>) => {
    store = new TestStore().addModel('texts').addRun('texts', 'first', { ...first, ...f1(0.5) }, 'onnx-types');
    app = await createManagedApp(store);
  };
  const contract = async (runId: string) => (await ask(app.baseUrl, `/runs/${runId}`)).json.data.contract;
  const verdict = async () => (await ask(app.baseUrl, '/runs/second')).json.data.verdict.reasons[0]?.message;

  it('may not become something to ask for, not even after a restart', async () => {
    await start(generous);
    store.addRun('texts', 'second', { ...textRun, ...f1(0.9) }, 'onnx-types');

    expect(await refresh(app)).toEqual({ texts: 'first' });
    expect(await verdict()).toBe('The output "whole" is given on request only now. (/output/properties/whole)');
    expect(await contract('second')).not.toBe(await contract('first'));
    await app.close();
    rmSync(store.path('texts/runs/first'), { recursive: true });
    store.addRun('texts', 'third', { ...generous, ...f1(0.1) }, 'onnx-types');
    app = await createManagedApp(store);

    expect(await refresh(app)).toEqual({ texts: 'third' });
  });

  it('may grow by what clients had to ask for, and they may go on asking', async () => {
    await start(textRun);
    const before = await contract('first');
    store.addRun('texts', 'second', { ...generous, ...f1(0.9) }, 'onnx-types');

    expect(await refresh(app)).toEqual({ texts: 'second' });
    expect(await contract('second')).not.toBe(before);
    const asked = { method: 'POST', body: { inputs: [{ text: 'a', whole: 7 }], include: ['whole'] } };
    expect((await ask(app.baseUrl, '/models/texts/predictions', asked)).json.data.predictions).toEqual([
      { echo: 'a', whole: 7 },
    ]);
  });

  it('may not lose a field of the bare answer', async () => {
    await start({ ...generous, decode: { kind: 'tensors', fields: { echo: '13', whole: 'x.1' } } });
    store.addRun('texts', 'second', { ...generous, ...f1(0.9) }, 'onnx-types');

    expect(await refresh(app)).toEqual({ texts: 'first' });
    expect(await verdict()).toContain('The output "whole" is no longer part of the bare answer.');
  });
});

/** Answers up to 5: the sum of the first example is 3, and 6 where rows mingle. */
const bounded: Partial<Run> = {
  signature: {
    input: signature.input,
    output: { type: 'object', properties: { sum: { type: ['number', 'null'], maximum: 5 } }, required: ['sum'] },
  },
};

describe('a rehearsal', () => {
  it.each<[string, object, Partial<Run>, string | undefined, string]>([
    ['a size', { max_size_bytes: 10 }, f1(0.9), undefined, 'bytes; card.json allows 10.'],
    ['a latency', { max_latency_ms: 0.000001 }, f1(0.9), undefined, 'card.json allows 0.000001 ms.'],
    [
      'a share of other answers',
      { max_label_changes: 0.4 },
      { ...f1(0.9), examples: [{ input: { a: 0, b: 0 }, output: { sum: 0 } }] },
      'onnx-mingled',
      '1 of 1 examples of the served run get another answer; card.json allows a share of 0.4.',
    ],
    [
      'answers within the contract',
      {},
      { ...f1(0.9), ...bounded, examples: [{ input: { a: 0, b: 0 }, output: { sum: 0 } }] },
      'onnx-mingled',
      'Its answer to example 0 of the served run is outside the contract: sum: ensure this value is less than or equal',
    ],
  ])('holds back a run that does not keep %s', async (_what, promotion, better, fixture, message) => {
    const store = new TestStore().addModel('adder', { promotion }).addRun('adder', 'first', {
      ...better,
      ...f1(0.5),
      examples: [{ input: { a: 1, b: 2 }, output: { sum: 3 } }],
    });
    const app = await createManagedApp(store);
    store.addRun('adder', 'second', better, fixture);

    const served = await refresh(app);
    const [reason] = (await ask(app.baseUrl, '/runs/second')).json.data.verdict.reasons;
    await app.close();
    store.remove();

    expect(served).toEqual({ adder: 'first' });
    expect([reason.code, reason.message]).toEqual(['REHEARSAL_FAILED', expect.stringContaining(message)]);
  });

  it('lets a run pass that keeps all of them', async () => {
    const promotion = { max_size_bytes: 1e6, max_latency_ms: 10_000, max_label_changes: 0 };
    const store = new TestStore().addModel('adder', { promotion }).addRun('adder', 'first', f1(0.5));
    const app = await createManagedApp(store);
    store.addRun('adder', 'second', f1(0.9));

    const served = await refresh(app);
    await app.close();
    store.remove();

    expect(served).toEqual({ adder: 'second' });
  });
});

describe('a store that is watched', () => {
  it('gives a better run to clients by itself, long before the next poll', async () => {
    const store = new TestStore().addModel('adder').addRun('adder', 'first', f1(0.5));
    const app = await createManagedApp(store, { REFRESH_INTERVAL_MS: '3600000' });
    store.addRun('adder', 'second', f1(0.9));

    const runId = await eventually(
      async () => (await ask(app.baseUrl, '/models/adder')).json.data.best_run_id,
      (id) => id === 'second',
    );
    await app.close();
    store.remove();

    expect(runId).toBe('second');
  });

  it('is polled as well', async () => {
    const store = new TestStore().addModel('adder').addRun('adder', 'first', f1(0.5));
    const app = await createManagedApp(store, { REFRESH_INTERVAL_MS: '100' });
    // Nothing is created in a folder that is watched.
    store.write('adder/runs/first/run.json', { ...store.readJson('adder/runs/first/run.json'), name: 'renamed' });

    const name = await eventually(
      async () => (await ask(app.baseUrl, '/runs/first')).json.data.name,
      (found) => found === 'renamed',
    );
    await app.close();
    store.remove();

    expect(name).toBe('renamed');
  });
});

/** Asks again and again until the answer is as wanted; gives the last one. */
async function eventually<T>(ask: () => Promise<T>, isThere: (answer: T) => boolean): Promise<T> {
  let answer = await ask();
  await until(async () => isThere(answer) || isThere((answer = await ask()))).catch(() => undefined);
  return answer;
}
