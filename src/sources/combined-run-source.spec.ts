import { rmSync } from 'node:fs';

import { TestStore } from '../../test/support/build-store.js';
import { CombinedRunSource } from './combined-run-source.js';
import { LocalRunSource } from './local/local-run-source.js';

describe('several sources', () => {
  let first: TestStore;
  let second: TestStore;
  const combined = () => new CombinedRunSource([new LocalRunSource(first.folder), new LocalRunSource(second.folder)]);

  beforeEach(() => {
    first = new TestStore();
    second = new TestStore();
  });
  afterEach(() => [first, second].forEach((store) => store.remove()));

  it('join the runs of a model that both name, under the card of the first', async () => {
    first.addModel('adder', { title: 'Of the first' });
    second.addModel('adder', { title: 'Of the second' }).addRun('adder', 'run-2').addModel('other');

    const models = await combined().listModels();

    expect(models.map(({ card, runs }) => [card?.title, runs.map(({ run }) => run?.run_id)])).toEqual([
      ['Of the first', ['run-2']],
      ['The model other', []],
    ]);
  });

  it('take the card of the second when the first has none that is usable', async () => {
    first.addModel('adder').write('adder/card.json', '{').addRun('adder', 'run-1');
    second.addModel('adder').addRun('adder', 'run-2');

    const [model] = await combined().listModels();

    expect(model).toMatchObject({ card: { name: 'adder' }, problems: [] });
    expect(model!.runs.map(({ run }) => run?.run_id)).toEqual(['run-1', 'run-2']);
  });

  it('go on with the others when one cannot be read, and say so', async () => {
    first.addModel('adder');
    rmSync(second.folder, { recursive: true });
    const source = combined();

    expect((await source.listModels()).map(({ place }) => place)).toEqual(['adder']);
    expect(source.notices).toEqual([expect.stringMatching(/cannot be read/)]);

    rmSync(first.folder, { recursive: true });
    await expect(source.listModels()).rejects.toThrow(/cannot be read.*\n.*cannot be read/);
  });

  it('keep the models of a folder that is not mounted any more', async () => {
    first.addModel('adder');
    second.addModel('other');
    const source = combined();
    const before = await source.listModels();
    rmSync(second.path('other'), { recursive: true });

    expect(await source.listModels()).toEqual(before);
    expect(source.readings.map(({ problem }) => problem)).toEqual([
      undefined,
      'The models folder holds no models any more.',
    ]);
  });
});
