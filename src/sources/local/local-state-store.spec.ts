import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

import { TestStore } from '../../../test/support/build-store.js';
import { EMPTY_STATE, MAX_HISTORY, withEvent } from '../../domain/model-state.js';
import type { HistoryEvent, ModelState } from '../../domain/model-state.js';
import { LocalStateStore, STATE_FILE } from './local-state-store.js';

const event = (runId: string, at = '2026-01-01T00:00:00.000Z'): HistoryEvent => ({
  at,
  event: 'promoted',
  run_id: runId,
  previous_run_id: null,
  contract: null,
  reason: 'better',
  by: 'policy',
});
const pinned = (runId: string) => (state: ModelState) => ({
  ...state,
  pin: { run_id: runId, reason: 'because', by: 'me', at: '2026-01-01T00:00:00.000Z' },
});
const adding = (runId: string) => (state: ModelState) => withEvent(state, event(runId));

describe('the state of a model', () => {
  let store: TestStore;
  beforeEach(() => (store = new TestStore().addModel('adder')));
  afterEach(() => store.remove());
  const open = (warn?: (message: string) => void) => new LocalStateStore(store.folder, warn);

  it('is empty at first, then what was written, for every process over the store', async () => {
    const [one, other] = [open(), open()];
    expect(await one.read('adder')).toEqual(EMPTY_STATE);

    const written = await one.update('adder', (state) => pinned('a')(adding('a')(state)));

    expect(await other.read('adder')).toEqual(written);
    expect(readdirSync(store.path('adder')).sort()).toEqual([STATE_FILE, 'card.json', 'runs']);
  });

  it('loses nothing when two processes write at once, and the last pin counts for both', async () => {
    const [one, other] = [open(), open()];
    const writes = Array.from({ length: 20 }, (_, i) => [
      one.update('adder', (state) => pinned(`one-${i}`)(adding(`one-${i}`)(state))),
      other.update('adder', (state) => pinned(`other-${i}`)(adding(`other-${i}`)(state))),
    ]);
    await Promise.all(writes.flat());

    const [a, b] = [await one.read('adder'), await other.read('adder')];
    expect(a).toEqual(b);
    expect(new Set(a.history.map(({ run_id: runId }) => runId)).size).toBe(40);
    expect(a.pin!.run_id).toBe(a.history[0]!.run_id);
  });

  it('remembers of a contract what it can, when somebody wrote oddly what is given to whom', async () => {
    const signature = {
      input: { type: 'object', properties: {} },
      output: { type: 'object', properties: {} },
    } as const;
    const served = { run_id: 'a', at: 'then', contract: 'x', signature };
    const document = {
      version: 1,
      pin: null,
      served: { ...served, on_request: 'x', primary: [1] },
      failed: [],
      history: [],
    };
    store.write(`adder/${STATE_FILE}`, document);

    expect((await open().read('adder')).served).toEqual(served);
  });

  it('keeps the newest events only', async () => {
    const states = open();
    await states.update('adder', (state) =>
      Array.from({ length: MAX_HISTORY + 5 }, (_, i) => `run-${i}`).reduce((so, id) => adding(id)(so), state),
    );

    const { history } = await states.read('adder');
    expect([history.length, history[0]!.run_id]).toEqual([MAX_HISTORY, `run-${MAX_HISTORY + 4}`]);
  });

  it('goes on in memory where nothing can be written, says so once, and writes when it can again', async () => {
    const warnings: string[] = [];
    const states = open((message) => void warnings.push(message));
    await states.update('adder', adding('first'));
    // Files where folders should be: nobody, not even root, can write then.
    rmSync(store.path('adder'), { recursive: true });
    writeFileSync(store.path('adder'), '');
    writeFileSync(store.path('.bestrun'), '');

    await states.update('adder', adding('second'));
    await states.update('adder', pinned('second'));
    const inMemory = await states.read('adder');
    rmSync(store.path('.bestrun'));
    await states.update('adder', adding('third'));

    expect(warnings).toEqual([expect.stringContaining('this process alone knows them')]);
    expect([inMemory.pin?.run_id, inMemory.history.map(({ run_id: id }) => id)]).toEqual(['second', ['second']]);
    expect((await open().read('adder')).history.map(({ run_id: id }) => id)).toEqual(['third', 'second']);
  });

  it('is written for models whose runs live elsewhere too', async () => {
    await open().update('remote', pinned('a'));

    expect((await open().read('remote')).pin?.run_id).toBe('a');
    expect(readdirSync(store.folder).sort()).toEqual(['.bestrun', 'adder']);
  });

  it('does not make a store anew that is away', async () => {
    const states = open();
    store.remove();

    await states.update('adder', pinned('a'));

    expect((await states.read('adder')).pin?.run_id).toBe('a');
    expect(existsSync(store.folder)).toBe(false);
  });

  it('takes no damaged file for a state, and puts it aside before it writes', async () => {
    store.write(`adder/${STATE_FILE}`, '{"version":1,"pin":');
    const states = open();

    expect(await states.read('adder')).toEqual(EMPTY_STATE);
    await states.update('adder', pinned('a'));

    expect((await states.read('adder')).pin?.run_id).toBe('a');
    expect(readFileSync(store.path(`adder/${STATE_FILE}.damaged`), 'utf8')).toContain('"pin":');
  });

  it('leaves out the parts of a file that make no sense', async () => {
    const served = { run_id: 'a', at: 'x', contract: 'x', signature: { input: {}, output: {} } };
    store.write(`adder/${STATE_FILE}`, {
      version: 1,
      pin: { run_id: 5 },
      served,
      failed: 'x',
      history: [null, { ...event('a'), event: 'abducted' }, event('b')],
    });

    expect(await open().read('adder')).toEqual({ ...EMPTY_STATE, history: [event('b')] });
  });

  it('does not wait for ever for the lock of a process that is no more', async () => {
    writeFileSync(store.path(`adder/${STATE_FILE}.lock`), '');

    await open().update('adder', pinned('a'));

    expect((await open().read('adder')).pin?.run_id).toBe('a');
  }, 15_000);
});
