import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';

import { TestStore } from '../../../../test/support/stores/build-store.js';
import { itOnPosix } from '../../../../test/support/posix.js';
import { NODE_FILE_SYSTEM } from '../../files/file-system.js';
import { Disk } from '../../files/disk.js';
import { LocalRunSource } from '../local-run-source.js';
import type { LocalSourceOptions } from '../local-run-source.js';

describe('the first listing of a store with many runs', () => {
  let store: TestStore;
  const sources: LocalRunSource[] = [];
  beforeEach(() => {
    store = new TestStore().addModel('adder');
    for (const name of ['one', 'two', 'three']) store.addRun('adder', name);
  });
  afterEach(() => {
    for (const source of sources.splice(0)) source.close();
    store.remove();
  });

  /** A source that counts the files it has read one by one. */
  function countingSource(options: LocalSourceOptions = {}) {
    const read: string[] = [];
    const readRegular = (path: string, maxBytes: number) => {
      read.push(path.slice(store.folder.length + 1));
      return NODE_FILE_SYSTEM.readRegular(path, maxBytes);
    };
    const disk = new Disk({ fileSystem: { ...NODE_FILE_SYSTEM, readRegular } });
    const source = new LocalRunSource(store.folder, { disk, minScanned: 1, settleMs: 10, ...options });
    sources.push(source);
    return { source, read };
  }
  const words = (models: Awaited<ReturnType<LocalRunSource['listModels']>>) =>
    models.map(({ runs, ...rest }) => ({ ...rest, runs: runs.map(({ open: _open, ...run }) => run) }));
  const runFilesIn = (read: readonly string[]) => read.filter((path) => path.endsWith('run.json')).sort();

  it('reads sound runs in threads, and finds what reading them one by one finds', async () => {
    const { source, read } = countingSource();
    const one = countingSource({ minScanned: Infinity });
    const models = await source.listModels();

    expect(runFilesIn(read)).toEqual([]);
    expect(words(models)).toEqual(words(await one.source.listModels()));
    expect(runFilesIn(one.read)).toHaveLength(3);
    expect(await models[0]!.runs[0]!.open()).toMatchObject({ folder: models[0]!.runs[0]!.folder });
  });

  it('knows afterwards that nothing has changed, and what has', async () => {
    const { source, read } = countingSource();
    const [first] = await source.listModels();
    const [second] = await source.listModels();
    store.addRun('adder', 'two', { metrics: { f1: 0.99 } });
    const [third] = await source.listModels();

    expect(second).toBe(first);
    expect(runFilesIn(read)).toEqual(['adder/runs/two/run.json']);
    expect(third!.runs.map((run, i) => run === first!.runs[i])).toEqual([true, true, false]);
  });

  it('leaves every run that is not plainly sound to whoever says what is wrong', async () => {
    store.write('adder/runs/broken/run.json', '{"run_id":');
    store.addRun('adder', 'invalid', { status: 'DONE' as never });
    store.addRun('adder', 'damaged');
    writeFileSync(store.path('adder/runs/damaged/artifacts/model.onnx'), 'damaged');
    mkdirSync(store.path('adder/runs/empty'));
    const { source, read } = countingSource();
    const one = countingSource({ minScanned: Infinity });
    const models = await source.listModels();

    expect(words(models)).toEqual(words(await one.source.listModels()));
    expect(
      models[0]!.runs
        .map(({ reasons }) => reasons[0]?.code)
        .filter(Boolean)
        .sort(),
    ).toEqual(['CHECKSUM_MISMATCH', 'RUN_FILE_INVALID', 'RUN_FILE_INVALID', 'RUN_FILE_MISSING']);
    expect(runFilesIn(read)).not.toContain('adder/runs/one/run.json');
  });

  itOnPosix('reads run by run those with a pipe in place of run.json, and waits for none', async () => {
    rmSync(store.path('adder/runs/one/run.json'));
    spawnSync('mkfifo', [store.path('adder/runs/one/run.json')]);
    const [model] = await countingSource().source.listModels();

    expect(model!.runs.map(({ run, reasons }) => [run?.name, reasons[0]?.code])).toEqual([
      [undefined, 'RUN_FILE_INVALID'],
      ['three', undefined],
      ['two', undefined],
    ]);
  });

  itOnPosix('follows no link out of the store', async () => {
    const other = new TestStore().addModel('adder').addRun('adder', 'secret');
    symlinkSync(other.path('adder/runs/secret'), store.path('adder/runs/secret'));
    const [model] = await countingSource().source.listModels();
    other.remove();

    expect(model!.runs.map(({ run, reasons }) => [run?.name, reasons[0]?.code])).toContainEqual([
      undefined,
      'ARTIFACT_OUTSIDE_RUN',
    ]);
  });
});

describe('later listings of a store with many runs', () => {
  it('look at some of the runs in turn, at all when asked, and always at those that matter', async () => {
    const store = new TestStore().addModel('adder');
    const names = Array.from({ length: 12 }, (_, i) => `run-${String(i).padStart(2, '0')}`);
    for (const name of names) store.addRun('adder', name);
    const looked = new Set<string>();
    const entries = (path: string) => {
      const name = path.split('/').at(-1)!;
      if (name.startsWith('run-')) looked.add(name);
      return NODE_FILE_SYSTEM.entries(path);
    };
    const disk = new Disk({ fileSystem: { ...NODE_FILE_SYSTEM, entries } });
    const source = new LocalRunSource(store.folder, { disk, settleMs: 10, maxLooks: 4 });
    const [first] = await source.listModels();
    const idOf = (name: string) => first!.runs.find(({ run }) => run?.name === name)!.run!.run_id;
    source.useExaminationHints(() => Promise.resolve({ mustExamine: new Set([idOf('run-11')]), skip: new Set() }));
    const list = async (mayTakeTurns = true) => {
      looked.clear();
      const [model] = await source.listModels({ mayTakeTurns });
      return { model, looked: [...looked].sort() };
    };

    const turns = [await list(), await list(), await list()];
    expect(turns.map((turn) => turn.looked.length)).toEqual([5, 5, 5]);
    expect(turns.every(({ model, looked: seen }) => model === first && seen.includes('run-11'))).toBe(true);
    expect(new Set(turns.flatMap((turn) => turn.looked)).size).toBe(12);
    expect((await list(false)).looked).toEqual(names);

    store.addRun('adder', 'run-99');
    expect((await list()).model!.runs.map(({ run }) => run?.name)).toContain('run-99');
    source.close();
    store.remove();
  });
});
