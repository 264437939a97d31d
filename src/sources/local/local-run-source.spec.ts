import { chmodSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';

import { TestStore } from '../../../test/support/build-store.js';
import type { SourcedModel } from '../run-source.js';
import { LocalRunSource } from './local-run-source.js';

const SETTLE_MS = 40;

describe('a folder of models that is listed again', () => {
  let store: TestStore;
  let source: LocalRunSource;
  beforeEach(() => {
    store = new TestStore().addModel('adder').addRun('adder', 'one').addRun('adder', 'two');
    source = new LocalRunSource(store.folder, SETTLE_MS);
  });
  afterEach(() => store.remove());

  const ids = ([model]: readonly SourcedModel[]) => model!.runs.map(({ run }) => run?.run_id);

  it('gives the same objects for what did not change', async () => {
    const [first] = await source.listModels();
    const [second] = await source.listModels();

    expect(second!.card).toBe(first!.card);
    expect(second!.runs.map((run, i) => run === first!.runs[i])).toEqual([true, true]);
  });

  it('gives the same object for a run that was only touched or copied again', async () => {
    const [first] = await source.listModels();
    utimesSync(store.path('adder/runs/one/run.json'), 1, 1);
    store.addRun('adder', 'two');
    const [second] = await source.listModels();

    expect(second!.runs.map((run, i) => run === first!.runs[i])).toEqual([true, true]);
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
    expect(broken!.problems).toEqual([expect.stringContaining('card.json is not JSON')]);
  });

  it('fails as a whole when the folder of models is away, and goes on when it is back', async () => {
    const [first] = await source.listModels();
    renameSync(store.folder, `${store.folder}-away`);
    await expect(source.listModels()).rejects.toThrow('cannot be read');
    renameSync(`${store.folder}-away`, store.folder);
    const [again] = await source.listModels();

    expect(again!.runs.map((run, i) => run === first!.runs[i])).toEqual([true, true]);
  });

  it('keeps the runs it knows of a model whose folder cannot be read', async () => {
    await source.listModels();
    const runs = store.path('adder/runs');
    chmodSync(runs, 0o000);
    const listed = await source.listModels();
    chmodSync(runs, 0o755);

    expect(ids(listed)).toEqual(['one', 'two']);
  });

  it('looks at a thousand runs without keeping anybody waiting', async () => {
    for (let i = 0; i < 1000; i++) store.write(`adder/runs/r${i}/run.json`, '{}');
    await source.listModels();
    let longestMs = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - last);
      last = performance.now();
    }, 1);
    const [model] = await source.listModels();
    clearInterval(timer);

    expect(model!.runs).toHaveLength(1002);
    expect(longestMs).toBeLessThan(250);
  });
});
