import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import { TestStore } from '../../../test/support/stores/build-store.js';
import { until } from '../../../test/support/until.js';
import type { SourceModel } from '../run-source.js';
import { LocalRunSource } from './local-run-source.js';
import { itOnPosix } from '../../../test/support/posix.js';

const SETTLE_MS = 40;

describe('a folder of models that is listed again', () => {
  let store: TestStore;
  let source: LocalRunSource;
  beforeEach(() => {
    store = new TestStore().addModel('adder').addRun('adder', 'one').addRun('adder', 'two');
    source = new LocalRunSource(store.folder, { settleMs: SETTLE_MS });
  });
  afterEach(() => store.remove());

  const ids = ([model]: readonly SourceModel[]) => model!.runs.map(({ run }) => run?.run_id);

  it('gives the same objects for what did not change', async () => {
    const [first] = await source.listModels();
    const [second] = await source.listModels();

    expect(second!.card).toBe(first!.card);
    expect(second!.runs.map((run, i) => run === first!.runs[i])).toEqual([true, true]);
  });

  it.each(['license', 'licence'])('takes "%s" in a card', async (field) => {
    store.addModel('adder', { [field]: 'MIT' });

    expect(await source.listModels()).toMatchObject([{ card: { [field]: 'MIT' }, issues: [] }]);
  });

  it('reads the NaN that Python writes into examples as null', async () => {
    const run = store.readJson('adder/runs/one/run.json');
    const examples = [{ input: { a: 'NaN', b: 2 }, output: { sum: 'NaN' } }];
    store.write('adder/runs/one/run.json', JSON.stringify({ ...run, examples }).replaceAll('"NaN"', 'NaN'));

    const [model] = await source.listModels();

    expect(model!.runs[0]!.run!.examples).toEqual([{ input: { a: null, b: 2 }, output: { sum: null } }]);
  });

  it('gives the same object for a run that was only touched or copied again', async () => {
    const [first] = await source.listModels();
    utimesSync(store.path('adder/runs/one/run.json'), 1, 1);
    store.addRun('adder', 'two');
    const [second] = await source.listModels();

    expect(second!.runs.map((run, i) => run === first!.runs[i])).toEqual([true, true]);
  });

  itOnPosix('opens a run where it lies now when the store is a link that was moved', async () => {
    const link = `${store.folder}-link`;
    const copy = `${store.folder}-copy`;
    cpSync(store.folder, copy, { recursive: true });
    symlinkSync(store.folder, link);
    const linked = new LocalRunSource(link, { settleMs: SETTLE_MS });
    const [before] = await linked.listModels();
    rmSync(link);
    symlinkSync(copy, link);

    const [after] = await linked.listModels();

    const paths = await Promise.all([before!, after!].map(async ({ runs }) => (await runs[0]!.open()).folder));
    expect(paths).toEqual([store.folder, copy].map((folder) => join(realpathSync(folder), 'adder/runs/one')));
    rmSync(link);
    rmSync(copy, { recursive: true });
  });

  itOnPosix('takes nothing for a file that is none, and does not wait for it', async () => {
    for (const path of ['adder/runs/pipe/run.json', 'piped/card.json']) {
      mkdirSync(join(store.path(path), '..'), { recursive: true });
      spawnSync('mkfifo', [store.path(path)]);
    }

    const [adder, piped] = await source.listModels();

    expect(adder!.runs.map(({ reasons }) => reasons[0]?.message)).toContain('run.json is not a file.');
    expect(piped).toMatchObject({ location: 'piped', issues: ['There is no readable card.json.'] });
  });

  it('sees runs that are new, changed and gone', async () => {
    await source.listModels();
    store.addRun('adder', 'three').addRun('adder', 'two', { name: 'renamed' });
    rmSync(store.path('adder/runs/one'), { recursive: true });
    const listed = await source.listModels();

    expect(ids(listed)).toEqual(['three', 'two']);
    expect(listed[0]!.runs[1]!.run!.name).toBe('renamed');
  });

  it('sees a change that keeps the size and the date of a file', async () => {
    const [first] = await source.listModels();
    const file = store.path('adder/runs/one/run.json');
    const text = JSON.stringify({ ...first!.runs[0]!.run, name: 'eno' }, null, 2);
    writeFileSync(file, text);
    utimesSync(file, 1, 1);
    await source.listModels();
    writeFileSync(file, text.replace('eno', 'noe'));
    utimesSync(file, 1, 1);
    const [last] = await source.listModels();

    expect(last!.runs[0]!.run!.name).toBe('noe');
  });

  it('leaves a run as it was while its files change', async () => {
    const [first] = await source.listModels();
    const file = store.path('adder/runs/one/artifacts/model.onnx');
    const writer = setInterval(() => writeFileSync(file, 'x'.repeat(Math.ceil(performance.now()))), 5);
    store.addRun('adder', 'new').write('adder/runs/new/growing', '');
    const other = setInterval(() => store.write('adder/runs/new/growing', String(performance.now())), 5);
    const listed = await source.listModels();
    clearInterval(writer);
    clearInterval(other);
    const settled = await source.listModels();

    expect(ids(listed)).toEqual(['one', 'two']);
    expect(listed[0]!.runs[0]).toBe(first!.runs[0]);
    expect(ids(settled)).toEqual(['new', 'one', 'two']);
    expect(settled[0]!.runs[1]!.reasons.map(({ code }) => code)).toEqual(['CHECKSUM_MISMATCH']);
  });

  it('knows a file that Git LFS has not fetched', async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 123\n`;
    store.write('adder/runs/one/artifacts/model.onnx', pointer);
    await source.listModels();
    const [model] = await source.listModels();

    expect(model!.runs.find(({ run }) => run?.run_id === 'one')!.reasons).toEqual([
      {
        code: 'CHECKSUM_MISMATCH',
        message: '"artifacts/model.onnx" is a pointer of Git LFS, and not the file itself.',
        fix: 'Fetch the files with git lfs pull, and copy the run again.',
      },
    ]);
  });

  it('takes no notice of clocks: files may come from tomorrow', async () => {
    await source.listModels();
    store.addRun('adder', 'three');
    const tomorrow = Date.now() / 1000 + 86_400;
    utimesSync(store.path('adder/runs/three/run.json'), tomorrow, tomorrow);

    expect(ids(await source.listModels())).toEqual(['one', 'three', 'two']);
  });

  it('sees a card that changed, and says what is wrong with a broken one', async () => {
    await source.listModels();
    store.addModel('adder', { title: 'Another' });
    const [changed] = await source.listModels();
    store.write('adder/card.json', '{');
    const [broken] = await source.listModels();

    expect(changed!.card!.title).toBe('Another');
    expect(broken!.issues).toEqual([expect.stringContaining('card.json is not JSON')]);
  });

  it('fails as a whole when the folder of models is away, and goes on when it is back', async () => {
    const [first] = await source.listModels();
    renameSync(store.folder, `${store.folder}-away`);
    await expect(source.listModels()).rejects.toThrow('cannot be read');
    renameSync(`${store.folder}-away`, store.folder);
    const [again] = await source.listModels();

    expect(again!.runs.map((run, i) => run === first!.runs[i])).toEqual([true, true]);
  });

  itOnPosix('keeps the runs it knows of a model whose folder cannot be read', async () => {
    await source.listModels();
    const runs = store.path('adder/runs');
    chmodSync(runs, 0o000);
    const listed = await source.listModels();
    chmodSync(runs, 0o755);

    expect(ids(listed)).toEqual(['one', 'two']);
  });

  itOnPosix.each([
    ['a link to nowhere', 'nowhere', 'The run folder is a link to something that is not there.', 'Correct the link'],
    ['a link to a file', '../card.json', 'There is no readable run.json in the run folder.', 'Write run.json'],
    ['a link to itself', 'odd', 'The run folder cannot be read (ELOOP).', 'Check the disk'],
  ])('lists %s among the runs that cannot be read, as a start does', async (_what, target, message, fix) => {
    await source.listModels();
    symlinkSync(target, store.path('adder/runs/odd'));
    const unreadable = async (from: LocalRunSource) =>
      (await from.listModels())[0]!.runs
        .filter(({ run }) => !run)
        .map(({ location, reasons: [why] }) => ({ location, why }));
    const expected = [
      {
        location: 'adder/runs/odd',
        why: { code: 'RUN_FILE_MISSING', message, fix: expect.stringContaining(fix) as string },
      },
    ];

    expect(await unreadable(source)).toEqual(expected);
    expect(await unreadable(new LocalRunSource(store.folder))).toEqual(expected);
  });

  itOnPosix('leaves a run as it was while its folder cannot be looked at, and reads it when that is over', async () => {
    const [first] = await source.listModels();
    renameSync(store.path('adder/runs/one'), store.path('adder/away'));
    symlinkSync('one', store.path('adder/runs/one'));
    const [during] = await source.listModels();
    rmSync(store.path('adder/runs/one'));
    renameSync(store.path('adder/away'), store.path('adder/runs/one'));
    const [after] = await source.listModels();

    expect([during, after].map((model) => model!.runs[0] === first!.runs[0])).toEqual([true, true]);
  });

  it('takes no folder for a model that has neither a card nor runs', async () => {
    mkdirSync(store.path('lost+found'));
    mkdirSync(store.path('notes/old'), { recursive: true });
    store.write('half/runs/one/run.json', '{}').write('no-model/card.json', '{');

    const places = (await source.listModels()).map(({ location }) => location);

    expect(places).toEqual(['adder', 'half', 'no-model']);
  });

  it('takes a folder for the model it was, when its card and runs are gone and it is still there', async () => {
    await source.listModels();
    rmSync(store.path('adder/card.json'));
    rmSync(store.path('adder/runs'), { recursive: true });

    for (const _look of [1, 2]) expect((await source.listModels()).map(({ location }) => location)).toEqual(['adder']);
  });

  it('looks at a thousand runs without keeping anybody waiting', async () => {
    for (let i = 0; i < 1000; i++) store.write(`adder/runs/r${i}/run.json`, '{}');
    await source.listModels();
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const [model] = await source.listModels();
    clearInterval(timer);

    expect(model!.runs).toHaveLength(1002);
    expect(turns).toBeGreaterThan(3);
  });
});

describe('a folder of models that is watched', () => {
  let store: TestStore;
  let source: LocalRunSource;
  let hints: number;
  let endWatch: () => void;
  beforeEach(async () => {
    store = new TestStore().addModel('adder').addRun('adder', 'one');
    source = new LocalRunSource(store.folder, { settleMs: SETTLE_MS });
    await source.listModels();
    hints = 0;
    endWatch = source.watch(() => void (hints += 1));
    await until(() => hints > 0);
  });
  afterEach(() => {
    endWatch();
    store.remove();
  });

  /** Waits until what the file system has told so far has been heard: it has no word for "that was all" but silence. */
  const quiet = async () => {
    for (let before = -1; before !== hints;) {
      before = hints;
      await sleep(50);
      // What came while this process could not run is heard in the next turn of its loop.
      await nextTurn();
    }
    hints = 0;
  };

  it.each(['adder', 'adder/runs'])(
    'hints at a run that appears after %s was removed and made again',
    async (folder) => {
      rmSync(store.path(folder), { recursive: true });
      await quiet();
      store.addModel('adder');
      await quiet();
      store.write('adder/runs/two/run.json', '{}');

      await until(() => hints > 0);
    },
  );

  it('hints at a run that appears after the whole store was made again, once it has been listed', async () => {
    rmSync(store.folder, { recursive: true });
    store.addModel('adder');
    await source.listModels();
    await quiet();
    store.write('adder/runs/two/run.json', '{}');

    await until(() => hints > 0);
  });

  it('hints once more when a run was being written as it was listed', async () => {
    store.addRun('adder', 'two').write('adder/runs/two/growing', '');
    await quiet();
    const writer = setInterval(() => store.write('adder/runs/two/growing', String(performance.now())), 5);
    const [model] = await source.listModels();
    expect(hints).toBe(0);
    await until(() => hints > 0);
    clearInterval(writer);

    expect(model!.runs).toHaveLength(1);
  });

  it('does not hint by itself when nothing is being written', async () => {
    await quiet();
    await source.listModels();
    await quiet();

    expect(hints).toBe(0);
  });
});
