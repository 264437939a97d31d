import { appendFileSync, cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import type { Run } from '../../../src/domain/run.js';
import { askAsAdmin, createManagedApp, refresh } from '../../support/http/admin.js';
import { ask } from '../../support/http/ask.js';
import { TestStore, sha256 } from '../../support/stores/build-store.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import type { Json } from '../../support/http/get-json.js';

const f1 = (value: number): Partial<Run> => ({ metrics: { f1: value } });

describe('a store that is not as anybody meant it', () => {
  let store: TestStore;
  let app: TestApp;
  beforeEach(() => {
    store = new TestStore().addModel('adder').addRun('adder', 'orig', f1(0.9)).addRun('adder', 'other', f1(0.3));
  });
  afterEach(async () => {
    await app.close();
    store.remove();
  });
  const start = async () => (app = await createManagedApp(store));
  const data = async (path: string): Promise<Json> => (await ask(app.baseUrl, path)).json.data;
  const copyOf = (to: string, change: object = {}) => {
    cpSync(store.path('adder/runs/orig'), store.path(to), { recursive: true });
    const run = store.readJson(`${to}/run.json`);
    store.write(`${to}/run.json`, { ...run, ...change });
  };

  it('leaves the run that serves its id, whatever copies of its folder there are, after a restart too', async () => {
    await start();
    copyOf('adder/runs/aaa-copy', f1(0.1));
    store.addModel('aaa');
    copyOf('aaa/runs/copy');

    const refreshed = await refresh(app);
    const { unreadable } = await data('/models/adder/selection');
    await app.close();
    await start();

    expect(refreshed).toEqual({ aaa: null, adder: 'orig' });
    expect(unreadable).toMatchObject([{ place: 'adder/runs/aaa-copy', verdict: { eligible: false } }]);
    const [reason] = unreadable[0].verdict.reasons;
    expect([reason.code, reason.message]).toEqual([
      'RUN_ID_DUPLICATE',
      'The run adder/runs/orig has the run_id "orig" already.',
    ]);
    expect((await data('/models/adder')).best_run_id).toBe('orig');
    expect((await data('/runs/orig')).metrics).toEqual({ f1: 0.9 });
  });

  it('leaves the ids to the runs of a model, whatever copies of the model cannot be used', async () => {
    cpSync(store.path('adder'), store.path('aaa-backup'), { recursive: true });
    cpSync(store.path('adder'), store.path('Backup of adder'), { recursive: true });

    await start();

    expect((await data('/models/adder')).best_run_id).toBe('orig');
    expect((await data('/models/adder/selection')).unreadable).toEqual([]);
  });

  it('keeps a pin on the run that was pinned, although another folder has its id after a restart', async () => {
    await start();
    await askAsAdmin(app, 'PUT', '/models/adder/pin', { run_id: 'other', reason: 'Hold.' });
    cpSync(store.path('adder/runs/other'), store.path('adder/runs/aaa-copy'), { recursive: true });
    const run = store.readJson('adder/runs/aaa-copy/run.json');
    store.write('adder/runs/aaa-copy/run.json', { ...run, ...f1(0.1) });
    await app.close();

    await start();

    expect((await data('/models/adder')).best_run_id).toBe('other');
    expect((await data('/runs/other')).metrics).toEqual({ f1: 0.3 });
  });

  it('keeps the id with the run that serves when its folder got another name before a copy came', async () => {
    await start();
    renameSync(store.path('adder/runs/orig'), store.path('adder/runs/zzz'));
    await refresh(app);
    cpSync(store.path('adder/runs/zzz'), store.path('adder/runs/aaa-copy'), { recursive: true });
    store.write('adder/runs/aaa-copy/run.json', { ...store.readJson('adder/runs/aaa-copy/run.json'), ...f1(0.1) });
    await app.close();

    await start();

    expect((await data('/runs/orig')).metrics).toEqual({ f1: 0.9 });
  });

  it('tells when a folder holds another model under the same id', async () => {
    await start();
    const file = store.path('adder/runs/orig/artifacts/model.onnx');
    // `producer_version`, a field of every ONNX model: the same sums from other bytes.
    appendFileSync(file, Buffer.from([0x1a, 1, 0x78]));
    const run = store.readJson('adder/runs/orig/run.json');
    store.write('adder/runs/orig/run.json', { ...run, model: { ...(run.model as Json), sha256: sha256(file) } });

    await refresh(app);

    const { history } = await data('/models/adder/history');
    expect(history[0]).toMatchObject({
      event: 'promoted',
      run_id: 'orig',
      previous_run_id: 'orig',
      reason: 'Its files hold another model now. It has the highest f1 of 2 runs: 0.9.',
    });
  });

  it('gives the id to a copy once the run itself is gone', async () => {
    await start();
    copyOf('adder/runs/copy', f1(0.8));
    await refresh(app);
    rmSync(store.path('adder/runs/orig'), { recursive: true });
    await refresh(app);

    expect((await data('/runs/orig')).metrics).toEqual({ f1: 0.8 });
  });

  it('starts although the served contract was edited by hand into something that is none', async () => {
    await start();
    await app.close();
    const state = store.readJson('adder/.bestrun-state.json') as Json;
    state.served.signature.input.properties.a = { typ: 'number' };
    store.write('adder/.bestrun-state.json', state);

    await start();
    const mended = store.readJson('adder/.bestrun-state.json') as Json;
    store.addRun('adder', 'better', f1(0.95));

    expect(mended.served.signature.input.properties.a).toMatchObject({ type: 'number' });
    expect(await refresh(app)).toEqual({ adder: 'better' });
  });

  it('compares numbers of 64 bits in conditions, and lets no run stop the others', async () => {
    const seed = '12345678901234567890';
    store.addModel('beta', { selection: { metric: 'f1', goal: 'maximize', where: { 'params.seed': 7 } } });
    store
      .addRun('beta', 'b1', { ...f1(0.5), params: { seed: 7 } })
      .addRun('beta', 'b2', { ...f1(0.9), params: { seed: 8 } });
    const file = store.path('beta/runs/b2/run.json');
    writeFileSync(file, JSON.stringify(store.readJson('beta/runs/b2/run.json')).replace('"seed":8', `"seed":${seed}`));
    await start();
    store.addRun('adder', 'better', f1(0.95));

    expect(await refresh(app)).toEqual({ adder: 'better', beta: 'b1' });
    const { ranking } = await data('/models/beta/selection');
    expect(ranking[1].verdict.reasons[0].message).toBe(`The policy requires params.seed to be 7; it is ${seed}.`);

    const card = JSON.stringify(store.readJson('beta/card.json')).replace('"params.seed":7', `"params.seed":${seed}`);
    writeFileSync(store.path('beta/card.json'), card);
    expect(await refresh(app)).toEqual({ adder: 'better', beta: 'b2' });
  });
});

describe('a person who pins', () => {
  let store: TestStore;
  let app: TestApp;
  beforeEach(async () => {
    store = new TestStore().addModel('adder').addRun('adder', 'a', f1(0.5)).addRun('adder', 'b', f1(0.4));
    app = await createManagedApp(store);
  });
  afterEach(async () => {
    await app.close();
    store.remove();
  });
  const data = async (path: string): Promise<Json> => (await ask(app.baseUrl, path)).json.data;
  const servedBy = async () => (await data('/models/adder')).best_run_id as string;
  const pin = (runId: string) =>
    askAsAdmin(app, 'PUT', '/models/adder/pin', { run_id: runId, reason: 'For the audit.' });
  const unpin = () => askAsAdmin(app, 'DELETE', '/models/adder/pin');
  const rollBack = () => askAsAdmin(app, 'POST', '/models/adder/rollback', { reason: 'Back.' });

  it('goes back to the run that served before, also when that was pinned', async () => {
    await pin('b');
    store.addRun('adder', 'c', f1(0.8));
    await refresh(app);
    await unpin();
    const [latest] = (await data('/models/adder/history')).history as Json[];

    await rollBack();

    expect(latest).toMatchObject({ event: 'promoted', run_id: 'c', previous_run_id: 'b' });
    expect(await servedBy()).toBe('b');
  });

  it('goes further back when asking again, not forth', async () => {
    for (const [i, name] of ['c', 'd'].entries()) {
      store.addRun('adder', name, f1(0.8 + i / 10));
      await refresh(app);
    }

    await rollBack();
    const first = await servedBy();
    await rollBack();
    const second = await servedBy();
    const third = await rollBack();

    expect([first, second, third.status, third.headers['x-error-code']]).toEqual(['c', 'a', 409, 'NO_PREVIOUS_RUN']);
  });

  it('finds the way back among hundreds of refusals', async () => {
    store.addRun('adder', 'c', f1(0.6));
    await refresh(app);
    const { signature } = store.readJson('adder/runs/a/run.json') as unknown as Run;
    const input = { ...signature.input, required: ['a', 'b', 'c'] };
    (input as Json).properties = { ...signature.input.properties, c: { type: 'number' } };
    for (let i = 0; i < 220; i++) {
      store.addRun('adder', `breaking-${i}`, { ...f1(0.9), signature: { ...signature, input } });
    }
    await refresh(app);

    const { status } = await rollBack();

    expect([status, await servedBy()]).toEqual([200, 'a']);
  });

  it('is served what the folder of the pinned run holds now', async () => {
    await pin('b');
    store.addRun('adder', 'b', { ...f1(0.4), params: { seed: 99 } });
    await refresh(app);

    expect((await data('/models/adder/params')).params).toEqual({ seed: 99 });
    expect((await data('/runs/b')).params).toEqual({ seed: 99 });
  });

  it.each(['RUNNING', 'FAILED'] as const)('is refused a run that is %s', async (status) => {
    store.addRun('adder', 'c', { ...f1(0.8), status });
    await refresh(app);

    const { json, headers } = await pin('c');

    expect(headers['x-error-code']).toBe('PIN_REFUSED');
    expect(json.detail).toContain(`STATUS_NOT_FINISHED: The run's status is ${status}.`);
    expect(await servedBy()).toBe('a');
  });

  it('is not told any more that the pinned run is refused', async () => {
    const { signature } = store.readJson('adder/runs/a/run.json') as unknown as Run;
    const input = { ...signature.input, required: ['a', 'b', 'c'] };
    (input as Json).properties = { ...signature.input.properties, c: { type: 'number' } };
    const examples = [{ input: { a: 1, b: 2, c: 0 }, output: { sum: 3 } }];
    store.addRun('adder', 'breaking', { ...f1(0.9), signature: { ...signature, input }, examples });
    await refresh(app);
    const before = (await data('/models/adder/selection')).refused;

    await pin('breaking');
    await refresh(app);

    expect([before.run_id, (await data('/models/adder/selection')).refused]).toEqual(['breaking', null]);
  });
});
