import { rmSync } from 'node:fs';

import { TestStore } from '../../test/support/stores/build-store.js';
import { until } from '../../test/support/until.js';
import { CombinedRunSource } from './combined-run-source.js';
import { LocalRunSource } from './local/local-run-source.js';
import { RunSource } from './run-source.js';
import type { SourceModel } from './run-source.js';

/** Answers when the test says so. */
class SlowSource extends RunSource {
  readonly statuses = [];
  readonly description = 'The slow one';
  readonly asked: ((models: SourceModel[]) => void)[] = [];
  answer: SourceModel[] | undefined = [];

  listModels(): Promise<SourceModel[]> {
    if (this.answer) return Promise.resolve(this.answer);
    return new Promise((resolve) => this.asked.push(resolve));
  }
}

const named = (location: string): SourceModel => ({ location, card: undefined, issues: [], runs: [] });
const placesOf = (models: readonly SourceModel[]) => models.map(({ location }) => location);

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

    expect(model).toMatchObject({ card: { name: 'adder' }, issues: [] });
    expect(model!.runs.map(({ run }) => run?.run_id)).toEqual(['run-1', 'run-2']);
  });

  it('go on with the others when one cannot be read, and say so', async () => {
    first.addModel('adder');
    rmSync(second.folder, { recursive: true });
    const source = combined();

    expect((await source.listModels()).map(({ location }) => location)).toEqual(['adder']);
    expect(source.warnings).toEqual([expect.stringMatching(/cannot be read/)]);

    rmSync(first.folder, { recursive: true });
    await expect(source.listModels()).rejects.toThrow(/cannot be read.*\n.*cannot be read/);
  });

  it('keep the policy of a card that cannot be used any more, whatever card another source has', async () => {
    first.addModel('adder', { title: 'Of the first' }).addModel('other');
    second.addModel('adder', { title: 'Of the second' }).addRun('adder', 'run-2');
    const source = combined();
    await source.listModels();
    first.write('adder/card.json', '{');

    for (const _look of [1, 2]) {
      const [model] = await source.listModels();
      expect(model).toMatchObject({ card: undefined, issues: [expect.stringMatching(/^card.json is not JSON/)] });
      expect(model!.runs.map(({ run }) => run?.run_id)).toEqual(['run-2']);
    }

    first.addModel('adder', { title: 'Mended' });
    expect((await source.listModels())[0]!.card!.title).toBe('Mended');
    rmSync(first.path('adder'), { recursive: true });
    expect((await source.listModels()).find(({ location }) => location === 'adder')!.card!.title).toBe('Of the second');
  });

  it('keep the models of a folder that is not mounted any more', async () => {
    first.addModel('adder');
    second.addModel('other');
    const source = combined();
    const before = await source.listModels();
    rmSync(second.path('other'), { recursive: true });

    expect(await source.listModels()).toEqual(before);
    expect(source.statuses.map(({ problem }) => problem)).toEqual([
      undefined,
      'The models folder no longer holds any models.',
    ]);
  });

  it('give what one held that is suddenly empty, and say so', async () => {
    first.addModel('adder');
    second.addModel('other');
    const source = combined();
    const before = await source.listModels();
    rmSync(first.path('adder'), { recursive: true });

    for (const _look of [1, 2]) {
      expect(await source.listModels()).toEqual(before);
      expect(source.warnings).toEqual([
        expect.stringMatching(/^There are no longer any models in .*last known listing is served.$/),
      ]);
    }

    first.addModel('new');
    expect(placesOf(await source.listModels())).toEqual(['new', 'other']);
    expect(source.warnings).toEqual([]);
  });

  it('wait for every one at first', async () => {
    first.addModel('adder');
    const slow = new SlowSource();
    slow.answer = undefined;
    const listing = new CombinedRunSource([new LocalRunSource(first.folder), slow], { timeoutMs: 0 }).listModels();
    await until(() => slow.asked.length > 0);
    slow.asked[0]!([named('late')]);

    expect(placesOf(await listing)).toEqual(['adder', 'late']);
  });

  it('go on with what a slow one held, and take its answer at the next look; it is not asked twice at a time', async () => {
    // It answers at once, whatever the machine does: only the slow one can take longer than the 10 ms.
    const quick = new SlowSource();
    quick.answer = [named('adder')];
    const slow = new SlowSource();
    slow.answer = [named('early')];
    const source = new CombinedRunSource([quick, slow], { timeoutMs: 10 });
    await source.listModels();
    slow.answer = undefined;
    quick.answer = [named('adder'), named('new')];

    for (const _look of [1, 2]) {
      expect(placesOf(await source.listModels())).toEqual(['adder', 'new', 'early']);
      expect(source.warnings).toEqual(['The slow one has not answered yet. Its last known listing is served.']);
    }

    expect(slow.asked).toHaveLength(1);
    slow.asked[0]!([named('late')]);
    slow.answer = [named('late')];
    expect(placesOf(await source.listModels())).toEqual(['adder', 'new', 'late']);
    expect(source.warnings).toEqual([]);
  });
});
