import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

import { TestStore } from '../../../test/support/stores/build-store.js';
import { HangingDisk } from '../../../test/support/stores/hanging-disk.js';
import { itOnPosix } from '../../../test/support/posix.js';
import { until } from '../../../test/support/until.js';
import { fillDisk } from '../../../test/support/stores/full-disk.js';
import { EMPTY_STATE, MAX_HISTORY, withEvent } from '../../domain/model-state.js';
import type { HistoryEvent, ModelState } from '../../domain/model-state.js';
import { Disk } from '../files/disk.js';
import { NODE_FILE_SYSTEM } from '../files/file-system.js';
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
  const open = (warn: (message: string) => void = () => undefined) => new LocalStateStore(store.folder, { warn });

  it('is empty at first, then what was written, for every process over the store', async () => {
    const [one, other] = [open(), open()];
    expect(await one.read('adder')).toEqual(EMPTY_STATE);

    const written = await one.update('adder', (state) => pinned('a')(adding('a')(state)));

    expect(await other.read('adder')).toEqual(written);
    expect(readdirSync(store.path('adder')).sort()).toEqual([STATE_FILE, 'card.json', 'runs']);
  });

  it('is written without what a process left behind that was killed in the middle of it', async () => {
    store.write(`adder/${STATE_FILE}.508d5692-1fee-4afe-80f4-9ff6e1c7cf4d.tmp`, '{"version": 1, "pin"');
    store.write('adder/notes.tmp', 'mine');

    await open().update('adder', adding('a'));

    expect(readdirSync(store.path('adder')).sort()).toEqual([STATE_FILE, 'card.json', 'notes.tmp', 'runs']);
  });

  it('is parsed again only when its file has changed', async () => {
    const [one, other] = [open(), open()];
    await other.update('adder', adding('a'));
    const first = await one.read('adder');

    expect(await one.read('adder')).toBe(first);
    await other.update('adder', adding('b'));
    expect((await one.read('adder')).history).toHaveLength(2);
  });

  it('is recalled from memory, whoever asks how often, until a process has written it', async () => {
    const readRegular = jest.fn((path: string, maxBytes: number) => NODE_FILE_SYSTEM.readRegular(path, maxBytes));
    const disk = new Disk({ fileSystem: { ...NODE_FILE_SYSTEM, readRegular } });
    const [one, other] = [new LocalStateStore(store.folder, { disk }), open()];
    const recall = async () => {
      readRegular.mockClear();
      const [first, second] = [await one.readCached('adder'), await one.readCached('adder')];
      expect(second.history.map(({ run_id: id }) => id)).toEqual(first.history.map(({ run_id: id }) => id));
      return [first.history[0]?.run_id, readRegular.mock.calls.length];
    };
    await other.update('adder', adding('other'));

    expect(await recall()).toEqual(['other', 1]);
    expect(await recall()).toEqual(['other', 0]);
    await other.update('adder', adding('more'));
    expect(await recall()).toEqual(['more', 1]);
    await one.update('adder', adding('own'));
    expect(await recall()).toEqual(['own', 1]);
    rmSync(store.path(`adder/${STATE_FILE}`));
    expect((await recall())[0]).toBeUndefined();
  });

  it('is recalled with what could not be written', async () => {
    const states = open();
    await states.update('adder', adding('written'));
    await states.readCached('adder');
    fillDisk(store.folder);
    await states.update('adder', adding('unwritten'));

    expect((await states.readCached('adder')).history.map(({ run_id: id }) => id)).toEqual(['unwritten', 'written']);
    jest.restoreAllMocks();
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
    await states.update('remote', adding('first'));
    // A file where a folder should be: nobody, not even root, can write then.
    rmSync(store.path('.bestrun'), { recursive: true });
    writeFileSync(store.path('.bestrun'), '');

    await states.update('remote', adding('second'));
    await states.update('remote', pinned('second'));
    const inMemory = await states.read('remote');
    rmSync(store.path('.bestrun'));
    await states.update('remote', adding('third'));

    expect(warnings.filter((warning) => warning.includes('they are kept in memory'))).toHaveLength(1);
    expect([inMemory.pin?.run_id, inMemory.history.map(({ run_id: id }) => id)]).toEqual([
      'second',
      ['second', 'first'],
    ]);
    expect((await open().read('remote')).history.map(({ run_id: id }) => id)).toEqual(['third', 'second', 'first']);
  });

  it('is written by the next look at it when the disk was full, and the log says both each time', async () => {
    const said: string[] = [];
    const note = (message: string) => void said.push(message);
    const states = new LocalStateStore(store.folder, { warn: note, log: note });
    const fill = async (runId: string) => {
      fillDisk(store.folder);
      await states.update('adder', pinned(runId));
      await states.read('adder');
      jest.restoreAllMocks();
    };

    await fill('first');
    const ofOther = (await open().read('adder')).pin?.run_id;
    const first = await states.read('adder');
    await fill('second');
    await states.read('adder');

    expect([ofOther, first.pin?.run_id]).toEqual([undefined, 'first']);
    expect((await open().read('adder')).pin?.run_id).toBe('second');
    expect(readdirSync(store.path('adder')).sort()).toEqual([STATE_FILE, 'card.json', 'runs']);
    const [isUnwritten, isWritten] = [/cannot be written to the store \(ENOSPC\)/, /are written to the store again/];
    expect(said).toEqual(
      [isUnwritten, isWritten, isUnwritten, isWritten].map((w) => expect.stringMatching(w) as string),
    );
  });

  it('is written for models whose runs live elsewhere too', async () => {
    await open().update('remote', pinned('a'));

    expect((await open().read('remote')).pin?.run_id).toBe('a');
    expect(readdirSync(store.folder).sort()).toEqual(['.bestrun', 'adder']);
  });

  describe('that this process has read and cannot read any more', () => {
    const spoilt: [string, () => void][] = [
      ['is damaged', () => store.write(`adder/${STATE_FILE}`, '{"version":1,"pin":')],
      ['was written by a newer version', () => store.write(`adder/${STATE_FILE}`, '{"version":2}')],
      [
        'cannot be opened',
        () => {
          rmSync(store.path(`adder/${STATE_FILE}`));
          mkdirSync(store.path(`adder/${STATE_FILE}`));
        },
      ],
      ['is away with its folder', () => rmSync(store.path('adder'), { recursive: true })],
    ];

    it.each(spoilt)('stays in use when the file %s, and the log says so once', async (_what, spoil) => {
      const warnings: string[] = [];
      const states = open((message) => void warnings.push(message));
      await states.update('adder', pinned('a'));
      spoil();

      const [first, second] = [await states.read('adder'), await states.read('adder')];

      expect([first.pin?.run_id, second.pin?.run_id]).toEqual(['a', 'a']);
      expect(warnings).toEqual([
        expect.stringMatching(
          /^The pin and history of model adder cannot be read \(.+\): the last known ones stay in use/,
        ),
      ]);
    });

    it('holds no pin in a process that began later, and the log says so, and where the damaged file is kept', async () => {
      const warnings: string[] = [];
      await open().update('adder', pinned('a'));
      store.write(`adder/${STATE_FILE}`, '{"version":1,"pin":');
      const later = open((message) => void warnings.push(message));

      expect((await later.read('adder')).pin).toBeUndefined();
      expect(later.problem).toContain('none is known, so a pin in it does not hold');
      await later.update('adder', pinned('b'));

      expect(warnings).toEqual([
        'The pin and history of model adder cannot be read (it is damaged): none is known, so a pin in it does not hold, and no contract, until it can be read',
        `The damaged file of model adder is kept as ${store.path(`adder/${STATE_FILE}`)}.damaged; a new one that knows nothing of it is written in its place`,
      ]);
      expect(later.problem).toBeUndefined();
    });

    it('is not written over when it is of a newer version, and a pin made meanwhile holds', async () => {
      const states = open();
      await states.update('adder', pinned('a'));
      store.write(`adder/${STATE_FILE}`, '{"version":2}');

      await states.update('adder', pinned('b'));

      expect((await states.read('adder')).pin?.run_id).toBe('b');
      expect(readFileSync(store.path(`adder/${STATE_FILE}`), 'utf8')).toBe('{"version":2}');
      expect(existsSync(store.path(`adder/${STATE_FILE}.damaged`))).toBe(false);
    });

    it('is forgotten when somebody deletes the file alone', async () => {
      const states = open();
      await states.update('adder', pinned('a'));
      rmSync(store.path(`adder/${STATE_FILE}`));

      expect(await states.read('adder')).toEqual(EMPTY_STATE);
    });
  });

  it('lies in the folder for states when there is one, which is made when needed', async () => {
    const folder = store.path('states/of-this-server');
    const inFolder = () => new LocalStateStore(store.folder, { stateDir: folder });
    await inFolder().update('adder', pinned('a'));

    expect((await inFolder().read('adder')).pin?.run_id).toBe('a');
    expect(readdirSync(folder)).toEqual([`adder${STATE_FILE}`]);
    expect(readdirSync(store.path('adder')).sort()).toEqual(['card.json', 'runs']);
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

    await new LocalStateStore(store.folder, { lock: { staleMs: 20 } }).update('adder', pinned('a'));

    expect((await open().read('adder')).pin?.run_id).toBe('a');
  });

  it('stays in memory, and the log says why, when another process does not give its lock back', async () => {
    const lock = store.path(`adder/${STATE_FILE}.lock`);
    const renewed = setInterval(() => writeFileSync(lock, String(performance.now())), 5);
    const warnings: string[] = [];
    const states = new LocalStateStore(store.folder, {
      lock: { maxWaitMs: 50 },
      warn: (message) => void warnings.push(message),
    });
    writeFileSync(lock, '');

    await states.update('adder', pinned('a'));
    clearInterval(renewed);

    expect(warnings).toEqual([expect.stringContaining('cannot be written to the store (ELOCKED)')]);
    expect((await open().read('adder')).pin).toBeUndefined();
  });

  itOnPosix('takes a pipe in place of its file, or of its lock, for no state, and waits for neither', async () => {
    const warnings: string[] = [];
    spawnSync('mkfifo', [store.path(`adder/${STATE_FILE}`), store.path(`adder/${STATE_FILE}.lock`)]);
    const states = new LocalStateStore(store.folder, {
      warn: (message) => warnings.push(message),
      lock: { staleMs: 10_000, maxWaitMs: 20 },
    });

    expect(await states.read('adder')).toEqual(EMPTY_STATE);
    await states.update('adder', pinned('a'));

    expect((await states.read('adder')).pin?.run_id).toBe('a');
    expect(states.problem).toBe(
      'Pins and history of adder cannot be written (ELOCKED): they are kept in memory until they can be, and lost if this process ends before. ' +
        'Make room and give the right to write, or set STATE_DIR to another folder.',
    );
    expect(warnings.join()).toContain('cannot be read (EISNOTFILE)');
  });

  it('keeps what it knows in memory while its disk does not answer, and says so', async () => {
    const hanging = new HangingDisk();
    const disk = new Disk({ timeoutMs: 20, fileSystem: hanging.fileSystem });
    const states = new LocalStateStore(store.folder, { disk, writeTimeoutMs: 200 });
    // Each look at the state tries again to write what could not be written: a busy machine may take as long as a hung disk.
    const untilWritten = (runId: string) =>
      until(async () => (await states.read('adder')).pin?.run_id === runId && states.problem === undefined);
    await states.update('adder', pinned('a'));
    await untilWritten('a');
    hanging.hang(store.path('adder'));

    expect((await states.read('adder')).pin?.run_id).toBe('a');
    expect(states.problem).toBe(
      'The pin and history of adder cannot be read (ETIMEDOUT): the last known ones stay in use.',
    );
    await states.update('adder', pinned('b'));
    expect((await states.read('adder')).pin?.run_id).toBe('b');

    hanging.release();
    await until(() => disk.hungPlaces.length === 0);
    await untilWritten('b');
    expect((await open().read('adder')).pin?.run_id).toBe('b');
  });
});
