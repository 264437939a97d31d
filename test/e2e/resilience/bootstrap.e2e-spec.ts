import { copyFileSync, symlinkSync, writeFileSync } from 'node:fs';

import { TestStore, sha256 } from '../../support/stores/build-store.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { getJson } from '../../support/http/get-json.js';

interface Verdict {
  readonly eligible: boolean;
  readonly reasons: readonly { readonly code: string; readonly message: string; readonly fix: string }[];
}

let store: TestStore;
let app: TestApp | undefined;

beforeEach(() => {
  store = new TestStore().addModel('adder');
});

afterEach(async () => {
  await app?.close();
  app = undefined;
  store.remove();
});

const start = async (environment: Record<string, string> = {}) =>
  (app = await createTestApp({ MODELS_DIR: store.folder, ...environment }));

const get = (path: string) => getJson(`${app!.baseUrl}${path}`);

/** The reasons of a run that is not the winner, started beside a good one. */
async function reasonsBeside(good: string): Promise<Verdict['reasons']> {
  await start();
  const { data } = await get('/models/adder/selection');
  expect(data.best_run_id).toBe(good);
  const others = [...data.ranking, ...data.unreadable].filter((entry: { run_id?: string }) => entry.run_id !== good);
  expect(others).toHaveLength(1);
  expect(others[0].verdict.eligible).toBe(false);
  return others[0].verdict.reasons;
}

describe('the choice of the best run', () => {
  it('takes the highest metric, and tells the whole ranking', async () => {
    store.addRun('adder', 'low', { metrics: { f1: 0.4 } }).addRun('adder', 'high', { metrics: { f1: 0.68 } });
    store.addRun('adder', 'middle', { metrics: { f1: 0.52 } });

    await start();

    const { data } = await get('/models/adder/selection');
    expect(data.policy).toEqual({ metric: 'f1', goal: 'maximize' });
    expect(data.best_run_id).toBe('high');
    expect(data.ranking.map(({ rank, run_id, value }: never) => [rank, run_id, value])).toEqual([
      [1, 'high', 0.68],
      [2, 'middle', 0.52],
      [3, 'low', 0.4],
    ]);
  });

  it('takes the lowest metric where the owner wants it small', async () => {
    store.addModel('adder', { selection: { metric: 'loss', goal: 'minimize' } });
    store.addRun('adder', 'big', { metrics: { loss: 2 } }).addRun('adder', 'small', { metrics: { loss: 0.5 } });

    await start();

    expect((await get('/models/adder/selection')).data.best_run_id).toBe('small');
  });

  it('takes the newest of equals, then the smallest run_id', async () => {
    store.addRun('adder', 'b-new', { started_at: '2026-02-01T00:00:00Z' });
    store.addRun('adder', 'a-new', { started_at: '2026-02-01T00:00:00Z' }).addRun('adder', 'a-old');

    await start();

    const { data } = await get('/models/adder/selection');
    expect(data.ranking.map(({ run_id }: { run_id: string }) => run_id)).toEqual(['a-new', 'b-new', 'a-old']);
  });

  it('ranks a NaN metric after every number and writes it as null', async () => {
    store.addRun('adder', 'good', { metrics: { f1: 0.1 } }).addRun('adder', 'nan', { run_id: 'nan' });
    const file = 'adder/runs/nan/run.json';
    store.write(file, JSON.stringify(store.readJson(file)).replace('"metrics":{"f1":0.5}', '"metrics":{"f1":NaN}'));

    await start();

    const { data } = await get('/runs');
    expect(data.runs.map(({ run_id, metrics }: never) => [run_id, metrics])).toEqual([
      ['good', { f1: 0.1 }],
      ['nan', { f1: null }],
    ]);
  });

  it('leaves out a run that breaks a guardrail or a condition, and says which', async () => {
    store.addModel('adder', {
      selection: {
        metric: 'f1',
        goal: 'maximize',
        where: { 'params.seed': 7 },
        guardrails: [{ metric: 'precision', minimum: 0.6 }],
      },
    });
    store.addRun('adder', 'good', { metrics: { f1: 0.2, precision: 0.9 } });
    store.addRun('adder', 'bad', { metrics: { f1: 0.9, precision: 0.3 }, params: { seed: 8 } });

    const reasons = await reasonsBeside('good');

    expect(reasons.map(({ code, message }) => [code, message])).toEqual([
      ['CONDITION_NOT_MET', 'The policy requires params.seed to be 7; it is 8.'],
      ['GUARDRAIL_NOT_MET', 'The policy requires precision at least 0.6; it is 0.3.'],
    ]);
  });
});

describe('a run that cannot be served', () => {
  beforeEach(() => {
    store.addRun('adder', 'good', { metrics: { f1: 0.1 } });
  });

  it.each<[string, () => void]>([
    ['RUN_FILE_MISSING', () => store.write('adder/runs/bad/artifacts/model.onnx', 'half written')],
    ['RUN_FILE_INVALID', () => store.write('adder/runs/bad/run.json', '{"run_id": "bad", ')],
    ['RUN_FILE_INVALID', () => store.write('adder/runs/bad/run.json', { run_id: 'bad' })],
    ['STATUS_NOT_FINISHED', () => store.addRun('adder', 'bad', { status: 'FAILED', metrics: { f1: 0.9 } })],
    ['METRIC_MISSING', () => store.addRun('adder', 'bad', { metrics: { accuracy: 1 } })],
    ['RUN_ID_DUPLICATE', () => store.addRun('adder', 'zz', { run_id: 'good', metrics: { f1: 0.9 } })],
    ['FORMAT_UNKNOWN', () => store.addRun('adder', 'bad', { model: { ...model(), format: 'pickle' as never } })],
    ['CHECKSUM_MISMATCH', () => store.addRun('adder', 'bad', { model: { ...model(), sha256: '0'.repeat(64) } })],
    ['ARTIFACT_MISSING', () => store.addRun('adder', 'bad', { model: { ...model(), path: 'artifacts/gone.onnx' } })],
    [
      'ARTIFACT_OUTSIDE_RUN',
      () => store.addRun('adder', 'bad', { model: { ...model(), path: '../good/artifacts/model.onnx' } }),
    ],
    ['ARTIFACT_OUTSIDE_RUN', linkOut],
    ['LOAD_FAILED', damagedArtifact],
    ['NON_TENSOR_OUTPUT', () => addWithOwnDigest('onnx-zipmap')],
    ['KERAS3_LAYERS_MODEL', addKeras3],
    ['SIGNATURE_MISMATCH', () => store.addRun('adder', 'bad', { metrics: { f1: 0.9 }, decode: decodeOf('nope') })],
    [
      'SIGNATURE_MISMATCH',
      () => store.addRun('adder', 'bad', { metrics: { f1: 0.9 }, decode: { ...decodeOf('y'), fields: ['x'] } }),
    ],
    [
      'SELF_TEST_FAILED',
      () =>
        store.addRun('adder', 'bad', {
          metrics: { f1: 0.9 },
          examples: [{ input: { a: 1, b: 2 }, output: { sum: 4 } }],
        }),
    ],
    [
      'SELF_TEST_FAILED',
      () => store.addRun('adder', 'bad', { metrics: { f1: 0.9 }, examples: [{ input: { a: 1 }, output: { sum: 4 } }] }),
    ],
  ])('gets the verdict %s and gives way to the next best', async (code, arrange) => {
    arrange();

    const reasons = await reasonsBeside('good');

    expect(reasons.map((reason) => reason.code)).toContain(code);
    expect(JSON.stringify(reasons)).not.toContain(store.folder);
    const answer = await get('/models/adder/predictions?a=1&b=2');
    expect(answer.data).toEqual({ model: 'adder', run_id: 'good', predictions: [{ sum: 3 }] });
  });

  const model = () => ({
    format: 'onnx' as const,
    path: 'artifacts/model.onnx',
    sha256: sha256(store.path('adder/runs/good/artifacts/model.onnx')),
  });
  const decodeOf = (tensor: string) => ({ kind: 'regression' as const, tensor, fields: ['sum'] });

  function linkOut() {
    const outside = store.path('secret.onnx');
    copyFileSync(store.path('adder/runs/good/artifacts/model.onnx'), outside);
    store.addRun('adder', 'bad', { metrics: { f1: 0.9 }, model: { ...model(), path: 'artifacts/link.onnx' } });
    symlinkSync(outside, store.path('adder/runs/bad/artifacts/link.onnx'));
  }

  function damagedArtifact() {
    store.addRun('adder', 'bad', { metrics: { f1: 0.9 } });
    const file = store.path('adder/runs/bad/artifacts/model.onnx');
    writeFileSync(file, 'not a graph');
    store.write('adder/runs/bad/run.json', { ...readRun('bad'), model: { ...model(), sha256: sha256(file) } });
  }

  function addWithOwnDigest(fixture: string) {
    store.addRun('adder', 'bad', { metrics: { f1: 0.9 }, decode: decodeOf('probabilities') }, fixture);
  }

  function addKeras3() {
    store.addRun('adder', 'bad', { metrics: { f1: 0.9 } }, 'tfjs-layers-keras3');
    const file = store.path('adder/runs/bad/artifacts/model.json');
    store.write('adder/runs/bad/run.json', {
      ...readRun('bad'),
      model: { format: 'tfjs-layers', path: 'artifacts/model.json', sha256: sha256(file) },
    });
  }

  const readRun = (name: string) => store.readJson(`adder/runs/${name}/run.json`);
});

describe('a store that cannot be served', () => {
  it('stops the start with a readable report', async () => {
    store.addRun('adder', 'bad', { status: 'RUNNING' });

    await expect(start()).rejects.toThrow(/Nothing can be served[^]*STATUS_NOT_FINISHED/);
  });

  it('stops the start when the default model is not there', async () => {
    store.addRun('adder', 'good');

    await expect(start({ DEFAULT_MODEL: 'nope' })).rejects.toThrow('Known models: adder');
  });

  it('serves the other models when one card is broken', async () => {
    store.addRun('adder', 'good').write('broken/card.json', { name: 'other' });

    await start();

    expect((await get('/health')).data).toMatchObject({
      status: 'degraded',
      problems: expect.arrayContaining([
        { part: 'card', name: 'broken', message: "card.json /: must have required property 'task'." },
      ]),
      models: [{ name: 'adder', ready: true }],
    });
  });
});
