import { ask } from '../../support/http/ask.js';
import { TestStore } from '../../support/stores/build-store.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import type { Json } from '../../support/http/get-json.js';
import { logRun } from '../../support/stores/tiny-runs.js';

let store: TestStore;
let app: TestApp;

/** Model `adder` with five runs, `logarithm` (the default) with two. */
beforeAll(async () => {
  store = new TestStore().addModel('adder').addModel('logarithm');
  store
    .addRun('adder', 'a1', { metrics: { f1: 0.9, loss: 3 }, params: { seed: 1, lr: 0.1, kind: 'big', note: null } })
    .addRun('adder', 'a2', { metrics: { f1: 0.8, loss: 1 }, params: { seed: 2, lr: 0.01, layers: [64, 32] } })
    .addRun('adder', 'a3', {
      metrics: { f1: 0.7, loss: 2 },
      params: { seed: 3, lr: 'auto' },
      started_at: '2025-01-01T00:00:00Z',
    })
    .addRun('adder', 'a4', { metrics: { f1: 0.95 }, status: 'FAILED', ended_at: undefined })
    .addRun('adder', 'a5', { metrics: { f1: 0.6, loss: 4 }, status: 'RUNNING', tags: { team: 'blue' } })
    .addRun('logarithm', 'l1', { ...logRun, metrics: { f1: 0.2 } }, 'onnx-log')
    .addRun('logarithm', 'l2', { ...logRun, metrics: { f1: 0.1 } }, 'onnx-log');
  const broken = store.readJson('adder/runs/a5/run.json');
  store.write('adder/runs/a5/run.json', JSON.stringify(broken).replace('"loss":4', '"loss":NaN'));
  app = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'logarithm' });
});

afterAll(async () => {
  await app.close();
  store.remove();
});

const send = (path: string) => ask(app.baseUrl, path);
const list = async (query = '') => {
  const { data } = (await send(`/runs${query}`)).json;
  return { ids: data.runs.map(({ run_id }: Json) => run_id) as string[], total: data.total as number };
};

describe('GET /runs/{run_id}/metrics/{metric}', () => {
  it('gives the one value of a store that keeps no history, when training ended', async () => {
    const { status, json } = await send('/runs/a1/metrics/loss');

    expect(status).toBe(200);
    expect(json.data).toEqual({
      metric: 'loss',
      value: 3,
      history: [{ step: 0, timestamp: '2026-01-01T00:01:00Z', value: 3 }],
      total: 1,
    });
  });

  it('writes null where the trainer had no number', async () => {
    const { data } = (await send('/runs/a5/metrics/loss')).json;

    expect([data.value, data.history[0].value]).toEqual([null, null]);
  });

  it.each(['nope', '__proto__', 'f1%2Floss'])('is 404 for the metric %s and lists the metrics', async (metric) => {
    const { status, json, headers } = await send(`/runs/a1/metrics/${metric}`);

    expect([status, headers['x-error-code']]).toEqual([404, 'METRIC_NOT_FOUND']);
    expect(json.detail).toMatch(/It has: f1, loss\.$/);
  });

  it.each(['0', '1', '10001', 'many', '1.5'])('refuses %s points', async (points) => {
    const { status, json } = await send(`/runs/a1/metrics/f1?points=${points}`);

    expect([status, json.detail[0].loc]).toEqual([422, ['query', 'points']]);
  });
});

describe('GET /runs', () => {
  it('lists the default model first, then the others, each best first', async () => {
    expect(await list()).toEqual({ ids: ['l1', 'l2', 'a1', 'a2', 'a3', 'a4', 'a5'], total: 7 });
  });

  it('says of each run what it is and why it is or is not served', async () => {
    const { runs } = (await send('/runs')).json.data;

    expect(runs[2]).toEqual({
      run_id: 'a1',
      model: 'adder',
      name: 'a1',
      status: 'FINISHED',
      rank: 1,
      is_best: true,
      state: 'serving',
      format: 'onnx',
      started_at: '2026-01-01T00:00:00Z',
      ended_at: '2026-01-01T00:01:00Z',
      metrics: { f1: 0.9, loss: 3 },
      params: { seed: 1, lr: 0.1, kind: 'big', note: null },
      tags: {},
      verdict: { eligible: true, reasons: [], warnings: [expect.objectContaining({ code: 'EXAMPLES_FEW' })] },
    });
    expect(runs[5]).toMatchObject({
      run_id: 'a4',
      is_best: false,
      verdict: { eligible: false, reasons: [{ code: 'STATUS_NOT_FINISHED' }] },
    });
    expect(runs[6]).toMatchObject({ run_id: 'a5', tags: { team: 'blue' }, metrics: { f1: 0.6, loss: null } });
  });

  it('calls a run that was asked by its id loaded, not serving', async () => {
    const state = async () => (await send('/runs/a2')).json.data.state;
    expect(await state()).toBe('checked');

    await ask(app.baseUrl, '/runs/a2/predictions', { method: 'POST', body: { inputs: [{ a: 1, b: 2 }] } });

    expect(await state()).toBe('loaded');
  });

  it.each([
    ['?top=1', ['l1'], 1],
    ['?top=0', [], 0],
    ['?top=100', ['l1', 'l2', 'a1', 'a2', 'a3', 'a4', 'a5'], 7],
    ['?top=%2B2', ['l1', 'l2'], 2],
    ['?top=%203%20', ['l1', 'l2', 'a1'], 3],
    ['?limit=2', ['l1', 'l2'], 7],
    ['?limit=0', [], 7],
    ['?offset=5', ['a4', 'a5'], 7],
    ['?offset=999', [], 7],
    ['?limit=2&offset=3', ['a2', 'a3'], 7],
    ['?top=4&limit=2&offset=3', ['a2'], 4],
    ['?model=adder', ['a1', 'a2', 'a3', 'a4', 'a5'], 5],
    ['?model=adder&top=1', ['a1'], 1],
    ['?model=adder&status=FINISHED', ['a1', 'a2', 'a3'], 3],
    ['?status=FAILED', ['a4'], 1],
    ['?status=KILLED', [], 0],
    ['?sort=rank', ['l1', 'l2', 'a1', 'a2', 'a3', 'a4', 'a5'], 7],
    ['?sort=metrics.f1', ['l2', 'l1', 'a5', 'a3', 'a2', 'a1', 'a4'], 7],
    ['?sort=-metrics.f1', ['a4', 'a1', 'a2', 'a3', 'a5', 'l1', 'l2'], 7],
    ['?model=adder&sort=metrics.loss', ['a2', 'a3', 'a1', 'a4', 'a5'], 5],
    ['?model=adder&sort=-metrics.loss', ['a1', 'a3', 'a2', 'a4', 'a5'], 5],
    ['?model=adder&sort=-run_id', ['a5', 'a4', 'a3', 'a2', 'a1'], 5],
    ['?model=adder&sort=-rank', ['a5', 'a4', 'a3', 'a2', 'a1'], 5],
    ['?model=adder&sort=started_at&top=1', ['a3'], 1],
    ['?model=adder&sort=-params.seed&status=FINISHED', ['a3', 'a2', 'a1'], 3],
    ['?model=adder&sort=params.nope', ['a1', 'a2', 'a3', 'a4', 'a5'], 5],
    ['?model=adder&sort=params.note', ['a1', 'a2', 'a3', 'a4', 'a5'], 5],
    ['?nonsense=1', ['l1', 'l2', 'a1', 'a2', 'a3', 'a4', 'a5'], 7],
  ])('%s', async (query, ids, total) => {
    expect(await list(query)).toEqual({ ids, total });
  });

  it('sorts numbers before texts where a parameter is both', async () => {
    expect((await list('?model=adder&sort=params.lr&status=FINISHED')).ids).toEqual(['a2', 'a1', 'a3']);
  });

  const notInteger = { msg: 'value is not a valid integer', type: 'type_error.integer' };
  const negative = {
    msg: 'ensure this value is greater than or equal to 0',
    type: 'value_error.number.not_ge',
    ctx: { limit_value: 0 },
  };

  it.each<[string, string, object]>([
    ['top=-1', 'top', negative],
    ['top=abc', 'top', notInteger],
    ['top=', 'top', notInteger],
    ['top=%20', 'top', notInteger],
    ['top=1.5', 'top', notInteger],
    ['top=1e1', 'top', notInteger],
    ['top=0x10', 'top', notInteger],
    ['top=true', 'top', notInteger],
    ['top=null', 'top', notInteger],
    ['top=NaN', 'top', notInteger],
    ['top=Infinity', 'top', notInteger],
    ['top=99999999999999999999', 'top', notInteger],
    ['limit=-1', 'limit', negative],
    [
      'limit=1001',
      'limit',
      {
        msg: 'ensure this value is less than or equal to 1000',
        type: 'value_error.number.not_le',
        ctx: { limit_value: 1000 },
      },
    ],
    ['limit=x', 'limit', notInteger],
    ['offset=-1', 'offset', negative],
    ['offset=x', 'offset', notInteger],
    [
      'status=finished',
      'status',
      { msg: expect.stringContaining("permitted: 'RUNNING'"), type: 'type_error.enum', ctx: expect.anything() },
    ],
    [
      'status=',
      'status',
      {
        msg: expect.stringContaining('not a valid enumeration member'),
        type: 'type_error.enum',
        ctx: expect.anything(),
      },
    ],
    [
      'model=nope',
      'model',
      {
        msg: "value is not a valid enumeration member; permitted: 'logarithm', 'adder'",
        type: 'type_error.enum',
        ctx: { enum_values: ['logarithm', 'adder'] },
      },
    ],
    [
      'model=',
      'model',
      { msg: expect.stringContaining("permitted: 'logarithm'"), type: 'type_error.enum', ctx: expect.anything() },
    ],
    [
      'sort=f1',
      'sort',
      {
        msg: expect.stringContaining('string does not match regex'),
        type: 'value_error.str.regex',
        ctx: { pattern: expect.any(String) },
      },
    ],
    [
      'sort=',
      'sort',
      {
        msg: 'ensure this value has at least 1 characters',
        type: 'value_error.any_str.min_length',
        ctx: { limit_value: 1 },
      },
    ],
    [
      'sort=--rank',
      'sort',
      { msg: expect.stringContaining('regex'), type: 'value_error.str.regex', ctx: expect.anything() },
    ],
    [
      `sort=metrics.${'x'.repeat(300)}`,
      'sort',
      {
        msg: 'ensure this value has at most 200 characters',
        type: 'value_error.any_str.max_length',
        ctx: { limit_value: 200 },
      },
    ],
  ])('refuses ?%.40s', async (query, field, fault) => {
    const { status, json } = await send(`/runs?${query}`);

    expect(status).toBe(422);
    expect(json.detail).toEqual([{ loc: ['query', field], ...fault }]);
  });

  it('names every bad parameter at once, in their declared order', async () => {
    const { json } = await send('/runs?offset=x&limit=x&top=x');

    expect(json.detail.map(({ loc }: Json) => loc[1])).toEqual(['limit', 'offset', 'top']);
  });
});

describe('the Link header', () => {
  const relations = (header: string | undefined): Record<string, string> =>
    Object.fromEntries([...(header ?? '').matchAll(/<([^>]+)>; rel="(\w+)"/g)].map(([, url, rel]) => [rel, url]));

  const walk = async (start: string, relation: 'next' | 'prev') => {
    const ids: string[] = [];
    for (let path: string | undefined = start; path !== undefined;) {
      const { headers, json } = await send(path);
      const page = json.data.runs.map(({ run_id }: Json) => run_id);
      ids[relation === 'next' ? 'push' : 'unshift'](...page);
      const next: string | undefined = relations(headers.link as string | undefined)[relation];
      path = next?.slice(app.baseUrl.length);
    }
    return ids;
  };

  it.each([1, 2, 3, 7, 8])('leads through every run once and back, %d per page', async (limit) => {
    const { ids } = await list();
    const last = relations((await send(`/runs?limit=${limit}`)).headers.link as string).last!;

    expect(await walk(`/runs?limit=${limit}`, 'next')).toEqual(ids);
    expect(await walk(last.slice(app.baseUrl.length), 'prev')).toEqual(ids);
  });

  it('keeps the other parameters of the request', async () => {
    const { headers } = await send('/runs?model=adder&sort=-run_id&limit=2&offset=2');

    expect(relations(headers.link as string)).toEqual({
      first: `${app.baseUrl}/runs?model=adder&sort=-run_id&limit=2&offset=0`,
      prev: `${app.baseUrl}/runs?model=adder&sort=-run_id&limit=2&offset=0`,
      next: `${app.baseUrl}/runs?model=adder&sort=-run_id&limit=2&offset=4`,
      last: `${app.baseUrl}/runs?model=adder&sort=-run_id&limit=2&offset=4`,
    });
  });

  it('leads back from beyond the end, and is not there without a page size', async () => {
    expect(relations((await send('/runs?limit=3&offset=500')).headers.link as string)).toEqual({
      first: `${app.baseUrl}/runs?limit=3&offset=0`,
      prev: `${app.baseUrl}/runs?limit=3&offset=6`,
      last: `${app.baseUrl}/runs?limit=3&offset=6`,
    });
    expect((await send('/runs?limit=0')).headers.link).toBeUndefined();
  });

  it('repeats no key that came with the address', async () => {
    expect((await send('/runs?limit=1&apikey=s3cret')).headers.link).not.toContain('s3cret');
  });
});

describe('GET /models/{model}/runs', () => {
  it('lists the runs of that model with the same parameters', async () => {
    const { json, headers } = await send(
      '/models/adder/runs?status=FINISHED&sort=-metrics.loss&limit=1&model=logarithm',
    );

    expect(json.data.runs.map(({ run_id }: Json) => run_id)).toEqual(['a1']);
    expect(json.data.total).toBe(3);
    expect(headers.link).toContain('/models/adder/runs?');
  });

  it('checks its parameters and its model', async () => {
    expect((await send('/models/adder/runs?top=-1')).json.detail[0].loc).toEqual(['query', 'top']);
    expect((await send('/models/nope/runs')).status).toBe(404);
  });
});

describe('GET /runs/{run_id}', () => {
  it('shows a run with its report, contract and how it is computed', async () => {
    const { data } = (await send('/runs/a1')).json;

    expect(data).toMatchObject({
      run_id: 'a1',
      performance: { overall: { f1: 0.5 } },
      backend: 'onnxruntime-cpu',
      contract: expect.stringMatching(/^[\da-f]{16}$/),
      sha256: expect.stringMatching(/^[\da-f]{64}$/),
      notes: expect.any(Array),
      loaded_at: expect.stringMatching(/^\d{4}-/),
    });
    expect(JSON.stringify(data)).not.toContain(store.folder);
  });

  it('shows a run that was never loaded, and NaN as null', async () => {
    const { data } = (await send('/runs/a5')).json;

    expect(data).toMatchObject({ run_id: 'a5', backend: null, loaded_at: null, metrics: { loss: null } });
  });

  it.each(['nope', 'A1', 'a1%20', '%20a1', 'a1%00', 'invalid_run_id'])('answers 404 for %s', async (id) => {
    const { status, json } = await send(`/runs/${id}`);

    expect([status, json['status-code']]).toEqual([404, 404]);
    expect(json.message).toMatch(/^Invalid run ID/);
    expect(Object.hasOwn(json, 'data')).toBe(false);
  });
});

describe.each(['/runs/a1', '/models/adder'])('the report and the parameters at %s', (base) => {
  it('are whole without a filter', async () => {
    expect((await send(`${base}/performance`)).json.data).toEqual({
      performance: { overall: { f1: 0.5, num_samples: 10 }, class: { 'node.js': { f1: 0.25 } } },
    });
    expect((await send(`${base}/performance?filter=`)).json.data.performance.overall.f1).toBe(0.5);
    expect((await send(`${base}/params`)).json.data).toEqual({ params: { seed: 1, lr: 0.1, kind: 'big', note: null } });
  });

  it.each([
    ['overall', { overall: { f1: 0.5, num_samples: 10 } }],
    ['overall.f1', { 'overall.f1': 0.5 }],
    ['class.node.js', { 'class.node.js': { f1: 0.25 } }],
    ['class.node.js.f1', { 'class.node.js.f1': 0.25 }],
  ])('filter=%s gives that part under its own name', async (filter, data) => {
    expect((await send(`${base}/performance?filter=${filter}`)).json.data).toEqual(data);
  });

  it.each([
    'nope',
    'overall.f1.x',
    'overall.',
    '.overall',
    '.',
    'class.node',
    'overall..f1',
    'Overall',
    '__proto__',
    'overall.length',
    'overall[f1]',
    '%00',
  ])('filter=%s is 404 and says what there is', async (filter) => {
    const { status, json } = await send(`${base}/performance?filter=${filter}`);

    expect(status).toBe(404);
    expect(json.message).toMatch(/overall|f1|node\.js/);
  });

  it('refuse a filter of a thousand characters and more', async () => {
    const { status, json } = await send(`${base}/performance?filter=${'x'.repeat(1001)}`);

    expect([status, json.detail[0].type]).toEqual([422, 'value_error.any_str.max_length']);
  });

  it.each([
    ['seed', { seed: 1 }],
    ['lr', { lr: 0.1 }],
    ['kind', { kind: 'big' }],
    ['note', { note: null }],
  ])('params/%s keeps its JSON type', async (param, data) => {
    expect((await send(`${base}/params/${param}`)).json.data).toEqual(data);
  });

  it.each(['nope', 'Seed', 'seed.x', '__proto__', '%20seed'])(
    'params/%s is 404 and lists the parameters',
    async (param) => {
      const { status, json } = await send(`${base}/params/${param}`);

      expect(status).toBe(404);
      expect(json.message).toContain('seed, lr, kind, note');
    },
  );
});
