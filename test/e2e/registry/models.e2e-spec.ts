import { ask } from '../../support/http/ask.js';
import type { TestStore } from '../../support/stores/build-store.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import type { Json } from '../../support/http/get-json.js';
import { everyFieldRun, tinyStore } from '../../support/stores/tiny-runs.js';

let store: TestStore;
let app: TestApp;

beforeAll(async () => {
  store = tinyStore().addModel('empty').addModel('hopeless').addRun('hopeless', 'hopeless-1', { status: 'KILLED' });
  store.write('unusable/card.json', '{"name": "unusable"').write('adder/runs/half/run.json', '{"run_id":');
  app = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'texts' });
});

afterAll(async () => {
  await app.close();
  store.remove();
});

const send = (path: string) => ask(app.baseUrl, path);

describe('GET /models', () => {
  it('lists the default model first, then by name, those without a run too', async () => {
    const { models } = (await send('/models')).json.data;

    expect(models.map(({ name, ready, is_default }: Json) => [name, ready, is_default])).toEqual([
      ['texts', true, true],
      ['adder', true, false],
      ['empty', false, false],
      ['every-field', true, false],
      ['hopeless', false, false],
      ['logarithm', true, false],
    ]);
  });

  it('links to what answers', async () => {
    const { models } = (await send('/models')).json.data;

    for (const { links, ready } of models) {
      expect((await send(links.self)).status).toBe(200);
      for (const key of ['selection', 'runs']) expect((await send(links[key])).status).toBe(200);
      for (const key of ['schema', 'performance', 'params'])
        expect((await send(links[key])).status).toBe(ready ? 200 : 503);
    }
  });
});

describe('GET /models/{model}', () => {
  it('tells the best run and the contract', async () => {
    const { data } = (await send('/models/adder')).json;

    expect(data).toMatchObject({ name: 'adder', best_run_id: 'adder-best', metric: 'f1', value: 0.9, run_count: 4 });
    expect(data.contract).toBe((await send('/models/adder/schema')).json.data.contract);
  });

  it('answers 404 for an unknown one and lists those that are known', async () => {
    const { status, json } = await send('/models/nope');

    expect(status).toBe(404);
    expect(json.message).toContain('texts, adder, empty');
  });

  it('answers 503 and says why where a model has nothing to answer with', async () => {
    for (const [name, why] of [
      ['hopeless', 'STATUS_NOT_FINISHED'],
      ['empty', 'no runs'],
    ]) {
      const { status, headers, json } = await send(`/models/${name}/predictions?a=1`);
      expect([status, headers['x-error-code']]).toEqual([503, 'MODEL_NOT_READY']);
      expect(json.message).toContain(why);
    }
  });
});

describe('GET /models/{model}/selection', () => {
  it('tells the policy, every run with its verdict, and the winner', async () => {
    const { data } = (await send('/models/adder/selection')).json;

    expect(data.policy).toEqual({ metric: 'f1', goal: 'maximize' });
    expect(data.best_run_id).toBe('adder-best');
    expect(data.ranking.map(({ run_id, verdict }: Json) => [run_id, verdict.eligible])).toEqual([
      ['adder-best', true],
      ['adder-second', true],
      ['adder-failed', false],
    ]);
    expect(data.unreadable[0]).toMatchObject({ place: 'adder/runs/half', verdict: { eligible: false } });
    for (const { code, message, fix } of data.unreadable[0].verdict.reasons)
      expect([code, message, fix]).not.toContain('');
    expect(JSON.stringify(data)).not.toContain(store.folder);
  });

  it('is a page that leads to the others, with the champion on each', async () => {
    const { headers, json } = await send('/models/adder/selection?limit=1&offset=1');

    expect(json.data.ranking.map(({ run_id }: Json) => run_id)).toEqual(['adder-second']);
    expect(json.data).toMatchObject({ total: 4, unreadable_total: 1, unreadable: [] });
    expect(json.data).toMatchObject({
      champion: { run_id: 'adder-best' },
      next: { run_id: 'adder-second' },
      pinned: null,
    });
    const address = (offset: number) => `<${app.baseUrl}/models/adder/selection?limit=1&offset=${offset}>`;
    expect(headers.link).toBe(
      `${address(0)}; rel="first", ${address(0)}; rel="prev", ${address(2)}; rel="next", ${address(3)}; rel="last"`,
    );
  });

  it('refuses a page that cannot be', async () => {
    const { status, json } = await send('/models/adder/selection?limit=1001&offset=-1');

    expect(status).toBe(422);
    expect(json.detail.map(({ loc }: Json) => loc)).toEqual([
      ['query', 'limit'],
      ['query', 'offset'],
    ]);
  });
});

describe('GET /models/{model}/schema', () => {
  it('has the JSON Schemas of the rows, and an example that predicts', async () => {
    const { data } = (await send('/models/every-field/schema')).json;

    expect(data.input).toEqual(everyFieldRun.signature!.input);
    expect(data.output).toEqual(everyFieldRun.signature!.output);
    const answer = await ask(app.baseUrl, '/models/every-field/predictions', {
      method: 'POST',
      body: { inputs: [data.example.input] },
    });
    expect(answer.json.data.predictions).toEqual([data.example.output]);
  });
});

describe('health', () => {
  it('tells what is loaded, and that not everything could be', async () => {
    const { data } = (await send('/health')).json;

    expect(data).toMatchObject({ status: 'degraded', version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(data.models.find(({ name }: Json) => name === 'adder')).toMatchObject({
      ready: true,
      run_id: 'adder-best',
      backend: 'onnxruntime-cpu',
      sha256: expect.stringMatching(/^[\da-f]{64}$/),
    });
    expect(data.models.find(({ name }: Json) => name === 'hopeless')).toMatchObject({ ready: false, run_id: null });
    expect(data.problems).toEqual([
      { part: 'model', name: 'empty', message: 'it has no runs.' },
      { part: 'model', name: 'hopeless', message: expect.stringMatching(/^[A-Z_]+: \S.*\.$/) },
      { part: 'card', name: 'unusable', message: expect.stringMatching(/^card\.json is not JSON: /) },
    ]);
  });

  it.each(['/', '/livez'])('%s has nothing to say but that it is there', async (path) => {
    expect((await send(path)).json).toMatchObject({ 'status-code': 200, data: {} });
  });

  it('is ready while its served models are', async () => {
    expect((await send('/readyz')).status).toBe(200);
  });
});
