import { mkdirSync, rmSync } from 'node:fs';

import type { Run } from '../../../src/domain/run.js';
import { ADMIN_KEY, askAsAdmin, createManagedApp, refresh } from '../../support/http/admin.js';
import { ask } from '../../support/http/ask.js';
import { TestStore, sumRun } from '../../support/stores/build-store.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import type { Json } from '../../support/http/get-json.js';
import { throwingRun } from '../../support/stores/tiny-runs.js';
import { until } from '../../support/until.js';

const f1 = (value: number): Partial<Run> => ({ metrics: { f1: value } });
const { signature } = sumRun('any', '');
const renamedOutput: Partial<Run> = {
  ...f1(0.9),
  signature: { ...signature, output: { type: 'object', properties: { total: { type: ['number', 'null'] } } } },
  decode: { kind: 'regression', tensor: 'y', fields: ['total'] },
  examples: [{ input: { a: 1, b: 2 }, output: { total: 3 } }],
};

const data = async (app: TestApp, path: string): Promise<Json> => (await ask(app.baseUrl, path)).json.data;
const servedBy = async (app: TestApp): Promise<string> => (await data(app, '/models/adder')).best_run_id as string;
const eventsOf = async (app: TestApp) =>
  ((await data(app, '/models/adder/history')).history as Json[]).map(({ event, run_id }) => `${event} ${run_id}`);

describe('a person who overrides the policy', () => {
  let store: TestStore;
  let app: TestApp;
  beforeEach(async () => {
    store = new TestStore().addModel('adder').addRun('adder', 'best', f1(0.6)).addRun('adder', 'other', f1(0.5));
    app = await createManagedApp(store);
  });
  afterEach(async () => {
    await app.close();
    store.remove();
  });
  const pin = (runId: string, more: object = {}) =>
    askAsAdmin(app, 'PUT', '/models/adder/pin', { run_id: runId, reason: 'For the audit.', by: 'Ada', ...more });

  it('has a run tried again, whatever is remembered against it', async () => {
    const retry = (body: object) => askAsAdmin(app, 'POST', '/models/refresh', body);

    expect(await retry({ retry: 'other' })).toMatchObject({
      status: 200,
      json: { data: { models: [{ run_id: 'best' }] } },
    });
    expect(await retry({ retry: 'nope' })).toMatchObject({ status: 404, headers: { 'x-error-code': 'RUN_NOT_FOUND' } });
    const { status, json } = await retry({ retry: 1 });
    expect([status, json.detail]).toEqual([
      422,
      [{ loc: ['body', 'retry'], msg: 'str type expected', type: 'type_error.str' }],
    ]);
  });

  it('is told when a pin cannot be written down: it serves, but only until the process ends', async () => {
    const state = store.path('adder/.bestrun-state.json');
    rmSync(state, { force: true });
    mkdirSync(state);

    const { status, json } = await pin('other');

    expect([status, json.data.run_id]).toEqual([200, 'other']);
    expect(json.data.state_problem).toMatch(/^Pins and history of adder cannot be written \(EISNOTFILE\)/);
  });

  it('pins a run, which serves at once, and says why', async () => {
    const { status, json } = await pin('other');

    expect([status, json.data]).toEqual([
      200,
      {
        model: 'adder',
        run_id: 'other',
        contract: (await data(app, '/models/adder')).contract,
        pin: { run_id: 'other', reason: 'For the audit.', by: 'Ada', at: expect.any(String) as string },
        state_problem: null,
      },
    ]);
    const selection = await data(app, '/models/adder/selection');
    expect(selection).toMatchObject({ best_run_id: 'other', why: 'It is pinned by Ada: For the audit.' });
    expect(selection.to_win).toContain('Nothing takes over while a run is pinned.');
    expect((await data(app, '/models/adder/history')).history[0]).toMatchObject({
      event: 'pinned',
      run_id: 'other',
      previous_run_id: 'best',
      reason: 'For the audit.',
      by: 'Ada',
    });
  });

  it('keeps the pin over refreshes, better runs and restarts, until it is taken off', async () => {
    await pin('other');
    store.addRun('adder', 'new', f1(0.9));
    expect(await refresh(app)).toEqual({ adder: 'other' });
    await app.close();
    app = await createManagedApp(store);
    expect(await servedBy(app)).toBe('other');

    const { json } = await askAsAdmin(app, 'DELETE', '/models/adder/pin?by=Bob');

    expect(json.data).toMatchObject({ run_id: 'new', pin: null });
    expect(await eventsOf(app)).toEqual(['promoted new', 'unpinned other', 'pinned other', 'served best']);
    expect((await askAsAdmin(app, 'DELETE', '/models/adder/pin')).status).toBe(200);
    expect(await eventsOf(app)).toHaveLength(4);
  });

  it('pins a run that breaks clients: that is what pins are for; and the contract stays when the policy agrees', async () => {
    store.addRun('adder', 'renamed', renamedOutput);
    await refresh(app);
    expect(await servedBy(app)).toBe('best');

    expect((await pin('renamed')).status).toBe(200);
    await askAsAdmin(app, 'DELETE', '/models/adder/pin');

    expect(await servedBy(app)).toBe('renamed');
    expect(await refresh(app)).toEqual({ adder: 'renamed' });
  });

  it('goes back to the contract from before a pin by taking it off, when the policy wants another run', async () => {
    store.addRun('adder', 'renamed', { ...renamedOutput, ...f1(0.1) });
    await refresh(app);
    await pin('renamed');

    const { json } = await askAsAdmin(app, 'DELETE', '/models/adder/pin');

    expect(json.data.run_id).toBe('best');
  });

  it.each<[string, Partial<Run>, string]>([
    ['fails its examples', { examples: [{ input: { a: 1, b: 2 }, output: { sum: 4 } }] }, 'SELF_TEST_FAILED'],
    [
      'has other files than it says',
      { model: { format: 'onnx', path: 'artifacts/model.onnx', sha256: '0'.repeat(64) } },
      'CHECKSUM_MISMATCH',
    ],
  ])('cannot pin a run that %s: nothing changes', async (_what, run, code) => {
    store.addRun('adder', 'bad', run);
    await refresh(app);
    const before = await eventsOf(app);

    const { status, json, headers } = await pin('bad');

    expect([status, headers['x-error-code']]).toEqual([409, 'PIN_REFUSED']);
    // What is wrong with the run, and the cure of its verdict.
    expect(json.message).toMatch(new RegExp(`: ${code}: .+ → .+`));
    expect([await servedBy(app), (await data(app, '/models/adder/selection')).pin]).toEqual(['best', null]);
    expect((await eventsOf(app)).filter((event) => event.startsWith('pinned'))).toEqual([]);
    expect(before[before.length - 1]).toBe('served best');
  });

  it('rolls back to the run that served before, and once more to the one before that', async () => {
    store.addRun('adder', 'third', f1(0.7));
    await refresh(app);
    const rollBack = () => askAsAdmin(app, 'POST', '/models/adder/rollback', { reason: 'It is odd.' });

    expect((await rollBack()).json.data).toMatchObject({ run_id: 'best', pin: { reason: 'It is odd.', by: 'admin' } });
    expect(await refresh(app)).toEqual({ adder: 'best' });
    expect(await eventsOf(app)).toEqual(['rolled_back best', 'promoted third', 'served best']);
  });

  it.each([['no body', undefined] as const, ['an empty object', {}] as const])(
    'rolls back with %s, because nobody in a hurry writes a reason',
    async (_what, body) => {
      store.addRun('adder', 'third', f1(0.7));
      await refresh(app);

      const { status, json } = await askAsAdmin(app, 'POST', '/models/adder/rollback', body);

      expect([status, json.data?.run_id, json.data?.pin]).toMatchObject([
        200,
        'best',
        { reason: 'No reason given.', by: 'admin' },
      ]);
      const empty = await askAsAdmin(app, 'POST', '/models/adder/rollback', { reason: '' });
      expect([empty.status, empty.json.detail[0].loc]).toEqual([422, ['body', 'reason']]);
    },
  );

  it('is followed by an event of what serves instead, to which a rollback goes', async () => {
    await pin('other');
    await askAsAdmin(app, 'DELETE', '/models/adder/pin');
    store.addRun('adder', 'third', f1(0.7));
    await refresh(app);

    const { json } = await askAsAdmin(app, 'POST', '/models/adder/rollback', { reason: 'It is odd.' });

    expect(json.data.run_id).toBe('best');
    const { history } = await data(app, '/models/adder/history');
    expect((history as Json[]).map(({ event, run_id, previous_run_id }) => [event, run_id, previous_run_id])).toEqual([
      ['rolled_back', 'best', 'third'],
      ['promoted', 'third', 'best'],
      ['promoted', 'best', 'other'],
      ['unpinned', 'other', null],
      ['pinned', 'other', 'best'],
      ['served', 'best', null],
    ]);
  });

  it('is in the history once when the policy stays with the run that was pinned', async () => {
    store.addRun('adder', 'third', f1(0.7));
    await pin('other');
    store.addRun('adder', 'other', f1(0.9));
    await refresh(app);

    await askAsAdmin(app, 'DELETE', '/models/adder/pin');

    expect(await servedBy(app)).toBe('other');
    expect(await eventsOf(app)).toEqual(['unpinned other', 'pinned other', 'served best']);
  });

  it('says that a run serves that was in memory before because it was asked by its id', async () => {
    const state = async () => (await data(app, '/runs/other')).state as string;
    await ask(app.baseUrl, '/runs/other/predictions', { method: 'POST', body: { inputs: [{ a: 1, b: 2 }] } });
    expect(await state()).toBe('loaded');

    await pin('other');
    // The place among the runs that were asked by their id is given back a moment later.
    await ask(app.baseUrl, '/livez');

    expect(await state()).toBe('serving');
  });

  it('cannot roll back where nothing served before', async () => {
    const { status, headers } = await askAsAdmin(app, 'POST', '/models/adder/rollback', { reason: 'Why not.' });

    expect([status, headers['x-error-code']]).toEqual([409, 'NO_PREVIOUS_RUN']);
  });

  it.each<[string, object, string]>([
    ['a reason of blanks', { reason: '  ' }, 'reason'],
    ['a reason of several lines', { reason: 'One.\nTwo.' }, 'reason'],
    ['a reason with a character that is none', { reason: 'For\u0000 it.' }, 'reason'],
    ['a name of blanks', { by: '\u3000' }, 'by'],
    ['the name of the policy', { by: ' Policy' }, 'by'],
  ])('cannot leave %s in the history', async (_what, words, field) => {
    const before = await eventsOf(app);
    const { status, json } = await pin('other', words);
    const { by } = words as { by?: string };
    const query =
      by === undefined ? undefined : await askAsAdmin(app, 'DELETE', `/models/adder/pin?by=${encodeURIComponent(by)}`);

    expect([status, json.detail.map(({ loc }: Json) => loc)]).toEqual([422, [['body', field]]]);
    expect(query?.status ?? 422).toBe(422);
    expect(await eventsOf(app)).toEqual(before);
  });

  it('is told why a run that exists cannot be pinned: it cannot be read, or belongs to another model', async () => {
    store.write('adder/runs/half/run.json', '{').addModel('other').addRun('other', 'foreign');
    await refresh(app);
    const answers = await Promise.all(['half', 'foreign', 'nope'].map((runId) => pin(runId)));

    expect(answers.map(({ status, headers }) => [status, headers['x-error-code']])).toEqual([
      [404, 'RUN_NOT_OF_MODEL'],
      [404, 'RUN_NOT_OF_MODEL'],
      [404, 'RUN_NOT_FOUND'],
    ]);
    expect(answers[0]!.json.message).toContain('"half": RUN_FILE_INVALID: run.json is not JSON');
    expect(answers[1]!.json.message).toContain('"foreign": it belongs to the model "other".');
  });

  it('may pin what serves from memory, its folder being gone', async () => {
    rmSync(store.path('adder/runs/best'), { recursive: true });
    await refresh(app);

    const { status, json } = await pin('best');
    store.addRun('adder', 'third', f1(0.7));
    await refresh(app);

    expect([status, json.data.pin.run_id, await servedBy(app)]).toEqual([200, 'best', 'best']);
  });

  it.each(['\u200b', 'a\u202eb', '\ufeff'])('is to give a reason that can be read, unlike %j', async (reason) => {
    expect((await pin('other', { reason })).status).toBe(422);
  });

  it('is told what is wrong with what it asks', async () => {
    expect((await pin('nope')).headers['x-error-code']).toBe('RUN_NOT_FOUND');
    expect((await askAsAdmin(app, 'PUT', '/models/nope/pin', { run_id: 'best', reason: 'x' })).status).toBe(404);
    const { status, json } = await askAsAdmin(app, 'PUT', '/models/adder/pin', { run_id: 5, reason: '' });
    expect([status, json.detail.map(({ loc }: Json) => loc)]).toEqual([
      422,
      [
        ['body', 'run_id'],
        ['body', 'reason'],
      ],
    ]);
  });

  it.each([
    ['POST', '/models/refresh', { retyr: 'other' }, 'retyr', 'retry'],
    ['PUT', '/models/adder/pin', { run_id: 'other', reason: 'x', bye: 'Ada' }, 'bye', 'by'],
    ['POST', '/models/adder/rollback', { reasn: 'x' }, 'reasn', 'reason'],
  ])('is told by %s %s of a member that nobody reads', async (method, path, body, name, meant) => {
    const { status, json } = await askAsAdmin(app, method, path, body);
    const msg = `extra fields not permitted; did you mean "${meant}"?`;
    expect([status, json.detail]).toEqual([422, [{ loc: ['body', name], msg, type: 'value_error.extra' }]]);
    expect(await servedBy(app)).toBe('best');
  });

  it('may pin while refreshes go on', async () => {
    store.addRun('adder', 'new', f1(0.9));

    const [, { status }] = await Promise.all([refresh(app), pin('other'), refresh(app), refresh(app)]);

    expect([status, await servedBy(app)]).toEqual([200, 'other']);
  });

  it('keeps a pinned run in service whose folder is gone', async () => {
    await pin('other');
    rmSync(store.path('adder/runs/other'), { recursive: true });

    expect(await refresh(app)).toEqual({ adder: 'other' });
  });
});

describe("the operator's key", () => {
  const routes: [string, string, object | undefined][] = [
    ['POST', '/models/refresh', undefined],
    ['PUT', '/models/adder/pin', { run_id: 'first', reason: 'x' }],
    ['DELETE', '/models/adder/pin', undefined],
    ['POST', '/models/adder/rollback', { reason: 'x' }],
  ];
  let store: TestStore;
  beforeAll(() => (store = new TestStore().addModel('adder').addRun('adder', 'first')));
  afterAll(() => store.remove());

  it('is needed for all that changes which run serves', async () => {
    const app = await createManagedApp(store);
    for (const [method, path, body] of routes) {
      for (const key of [undefined, 'wrong', `${ADMIN_KEY}x`]) {
        const headers = key === undefined ? undefined : { 'X-API-Key': key };
        const { status, headers: told } = await ask(app.baseUrl, path, { method, body, headers });
        expect([path, status, told['x-error-code']]).toEqual([path, 401, 'ADMIN_KEY_WRONG']);
      }
    }
    await app.close();
  });

  it('lets nobody in where none is set', async () => {
    const app = await createManagedApp(store, { ADMIN_API_KEY: '' });
    for (const [method, path, body] of routes) {
      const { status, headers } = await askAsAdmin(app, method, path, body);
      expect([path, status, headers['x-error-code']]).toEqual([path, 403, 'ADMIN_KEY_NOT_SET']);
    }
    await app.close();
  });
});

describe('two servers over one store', () => {
  it('roll back from what the other has pinned, before they have come to it', async () => {
    const store = new TestStore().addModel('adder');
    for (const [i, name] of ['one', 'two', 'three'].entries()) store.addRun('adder', name, f1(0.5 + i / 10));
    const [a, b] = [await createManagedApp(store), await createManagedApp(store)];

    await askAsAdmin(a, 'PUT', '/models/adder/pin', { run_id: 'one', reason: 'A try.' });
    const { json } = await askAsAdmin(b, 'POST', '/models/adder/rollback', { reason: 'It is odd.' });
    await refresh(a);
    const { history } = await data(a, '/models/adder/history');
    const serving = [await servedBy(a), await servedBy(b)];
    await a.close();
    await b.close();
    store.remove();

    expect(json.data.run_id).toBe('three');
    expect(serving).toEqual(['three', 'three']);
    expect(history[0]).toMatchObject({ event: 'rolled_back', run_id: 'three', previous_run_id: 'one' });
  });

  it('come to the same run, and nothing that either did is lost', async () => {
    const store = new TestStore().addModel('adder');
    for (const [i, name] of ['one', 'two', 'three'].entries()) store.addRun('adder', name, f1(0.5 + i / 10));
    const [a, b] = [await createManagedApp(store), await createManagedApp(store)];
    const pin = (app: TestApp, runId: string) =>
      askAsAdmin(app, 'PUT', '/models/adder/pin', { run_id: runId, reason: 'Mine!' });

    await Promise.all([pin(a, 'one'), pin(b, 'two')]);
    await Promise.all([refresh(a), refresh(b)]);
    const pinned = [await servedBy(a), await servedBy(b)];
    const events = await eventsOf(a);
    await askAsAdmin(b, 'DELETE', '/models/adder/pin');
    await refresh(a);
    const unpinned = [await servedBy(a), await servedBy(b)];
    await a.close();
    await b.close();
    store.remove();

    expect(pinned[0]).toBe(pinned[1]);
    expect(`pinned ${pinned[0]}`).toBe(events[0]);
    expect([...events].sort()).toEqual(['pinned one', 'pinned two', 'served three']);
    expect(unpinned).toEqual(['three', 'three']);
  });
});

describe('a run that fails on real requests', () => {
  it('goes from the other servers over the store as well', async () => {
    const store = new TestStore()
      .addModel('gather')
      .addRun('gather', 'good', { ...throwingRun, ...f1(0.5) }, 'onnx-gather-long');
    const [a, b] = [await createManagedApp(store), await createManagedApp(store)];
    store.addRun('gather', 'bad', { ...throwingRun, ...f1(0.9) }, 'onnx-gather');
    const promoted = [await refresh(a), await refresh(b)];
    for (let i = 0; i < 5; i++) {
      await ask(a.baseUrl, '/models/gather/predictions', { method: 'POST', body: { inputs: [{ index: 9 }] } });
    }

    await until(async () => (await data(a, '/models/gather')).best_run_id === 'good');
    const after = [await refresh(a), await refresh(b), await refresh(b)];
    await a.close();
    await b.close();
    store.remove();

    expect(promoted).toEqual([{ gather: 'bad' }, { gather: 'bad' }]);
    expect(after).toEqual([{ gather: 'good' }, { gather: 'good' }, { gather: 'good' }]);
  });

  it('gives way to its predecessor at once, and is not tried again until it changes', async () => {
    const store = new TestStore()
      .addModel('gather')
      .addRun('gather', 'good', { ...throwingRun, ...f1(0.5) }, 'onnx-gather-long');
    const app = await createManagedApp(store);
    const predict = (index: number) =>
      ask(app.baseUrl, '/models/gather/predictions', { method: 'POST', body: { inputs: [{ index }] } });
    store.addRun('gather', 'bad', { ...throwingRun, ...f1(0.9) }, 'onnx-gather');
    expect(await refresh(app)).toEqual({ gather: 'bad' });

    const runIds: string[] = [];
    for (const index of [1, 1, 1, 9, 9]) {
      const { status, json } = await predict(index);
      runIds.push(status === 200 ? (json.data.run_id as string) : String(status));
    }
    // The predecessor is asked whether it could have answered.
    await until(async () => (await data(app, '/models/gather')).best_run_id === 'good');
    runIds.push((await predict(9)).json.data.run_id as string);
    const afterwards = await refresh(app);
    const { verdict } = await data(app, '/runs/bad');
    const [latest] = (await data(app, '/models/gather/history')).history as Json[];
    await app.close();
    const again = await createManagedApp(store);
    const afterRestart = await data(again, '/models/gather');
    store.addRun('gather', 'bad', { ...throwingRun, ...f1(0.9), name: 'mended' }, 'onnx-gather');
    const mended = await refresh(again);
    await again.close();
    store.remove();

    expect(runIds).toEqual(['bad', 'bad', 'bad', '422', '422', 'good']);
    expect([afterwards, afterRestart.best_run_id]).toEqual([{ gather: 'good' }, 'good']);
    expect(verdict.reasons).toMatchObject([
      { code: 'FAILED_IN_SERVICE', message: '2 of its first 5 predictions failed.' },
    ]);
    expect(latest).toMatchObject({ event: 'stepped_back', run_id: 'good', previous_run_id: 'bad' });
    expect(mended).toEqual({ gather: 'bad' });
  });

  it('stays when its predecessor fails on the same rows', async () => {
    const store = new TestStore()
      .addModel('gather')
      .addRun('gather', 'good', { ...throwingRun, ...f1(0.5) }, 'onnx-gather');
    const app = await createManagedApp(store);
    store.addRun('gather', 'better', { ...throwingRun, ...f1(0.9) }, 'onnx-gather');
    await refresh(app);

    const statuses: number[] = [];
    for (let i = 0; i < 8; i++) {
      const body = { inputs: [{ index: 9 }] };
      statuses.push((await ask(app.baseUrl, '/models/gather/predictions', { method: 'POST', body })).status);
    }
    const after = await refresh(app);
    await app.close();
    store.remove();

    expect(new Set(statuses)).toEqual(new Set([422]));
    expect(after).toEqual({ gather: 'better' });
  });
});
