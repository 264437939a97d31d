import { aFakeRegistry, aRegisteredModel } from '../../test/support/registry/fake-registry.js';
import { reason } from '../domain/verdict.js';
import { RegisteredRun } from '../registry/state/registered-run.js';
import { ModelsService } from './models.service.js';

describe('the license of a model', () => {
  it.each([
    [{ license: 'MIT' }, 'MIT'],
    [{ licence: 'MIT' }, 'MIT'],
    [{ license: 'MIT', licence: 'Apache-2.0' }, 'MIT'],
    [{}, null],
  ])('is taken from either spelling in its card: %j', (fields, expected) => {
    const model = aRegisteredModel();
    model.card = { ...model.card, ...fields };
    const service = new ModelsService(aFakeRegistry({ getModel: () => model, findDefaultModel: () => model }));

    expect(service.getModel('adder').licence).toBe(expected);
  });
});

describe('the selection of a model with many runs', () => {
  /** Runs `run-1` to `run-5` by rank, of which the third serves and the last is pinned; the second cannot be served. */
  function aLongModel() {
    const model = aRegisteredModel('run-3');
    const { registered } = model.best;
    const others = [1, 2, 3, 4, 5].map((rank) => {
      if (rank === 3) return Object.assign(registered, { rank });
      const run = { ...registered.run, run_id: `run-${rank}` };
      return Object.assign(new RegisteredRun(model.card, run, { ...registered.sourceRun, run }), { rank });
    });
    others[0]!.reject(reason('LOAD_FAILED', 'It does not load.'));
    const pin = { run_id: 'run-5', reason: 'Wanted.', by: 'Ada', at: '2026-01-01T00:00:00.000Z' };
    const unreadable = ['a', 'b'].map((location) => ({ ...registered.sourceRun, location, run: undefined }));
    Object.assign(model, { runs: others, pin, unreadable });
    return { model, service: new ModelsService(aFakeRegistry({ getModel: () => model })) };
  }

  it.each([
    [{ limit: 2 }, ['run-1', 'run-2'], []],
    [{ limit: 2, offset: 4 }, ['run-5'], ['a']],
    [{ limit: 2, offset: 6 }, [], ['b']],
    [{ limit: 2, offset: 60 }, [], []],
    [{ limit: 0 }, [], []],
    [{}, ['run-1', 'run-2', 'run-3', 'run-4', 'run-5'], ['a', 'b']],
  ])('is a page of the runs and then of the unreadable folders: %j', (query, ranking, unreadable) => {
    const { content, bounds } = aLongModel().service.getSelection('adder', query);

    expect(content.ranking.map(({ run_id: id }) => id)).toEqual(ranking);
    expect(content.unreadable.map(({ place }) => place)).toEqual(unreadable);
    expect([content.total, content.unreadable_total, bounds.total]).toEqual([7, 2, 7]);
  });

  it.each([{}, { limit: 0 }, { limit: 1, offset: 6 }])(
    'names champion, pinned run and next on the page %j',
    (query) => {
      const { champion, pinned, next } = aLongModel().service.getSelection('adder', query).content;

      expect([champion, pinned, next].map((run) => [run?.rank, run?.run_id])).toEqual([
        [3, 'run-3'],
        [5, 'run-5'],
        [2, 'run-2'],
      ]);
    },
  );

  it('has none of the three where nothing serves, is pinned or could be', () => {
    const { model, service } = aLongModel();
    Object.assign(model, { best: undefined, pin: undefined, runs: model.runs.slice(0, 1) });

    expect(service.getSelection('adder').content).toMatchObject({ champion: null, pinned: null, next: null });
  });
});
