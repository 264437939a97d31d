import { Logger } from '@nestjs/common';

import { aFakeRegistry, aRegisteredModel } from '../../test/support/registry/fake-registry.js';
import { until } from '../../test/support/until.js';
import type { ReadyModel } from '../registry/model-registry.service.js';
import { DocsService } from './docs.service.js';
import { documentSteps } from './openapi/build-document.js';
import type { OpenApiDocument } from './openapi/openapi-types.js';

const FIXED: OpenApiDocument = {
  openapi: '3.1.0',
  info: { title: 'bestrun' },
  servers: [],
  security: [],
  tags: [],
  paths: { '/models/{model}/predictions': { get: operation('get'), post: operation('post'), put: operation('put') } },
  components: { schemas: {} },
};

function operation(id: string) {
  return { operationId: id, summary: id, tags: ['Prediction'], responses: {} };
}

/** A model that the documents can speak of; its check counts the rows it is asked about. */
function aModel(runId: string, fields = 2) {
  const model = aRegisteredModel(runId);
  const { run } = model.best.registered;
  const names = Array.from({ length: fields }, (_, i) => `field_${i}`);
  const properties = Object.fromEntries(names.map((name) => [name, { type: 'number', minimum: 0 }]));
  const wide = {
    ...run,
    signature: { ...run.signature, input: { type: 'object', required: names, properties } },
    examples: [{ input: Object.fromEntries(names.map((name) => [name, 1])), output: { sum: 3 } }],
  };
  const validate = jest.fn((_row, loc, _options, issues: object[]) => void issues.push({ loc, msg: 'no', type: 'no' }));
  Object.assign(model.best.registered, { currentRun: wide });
  Object.assign(model.best.loaded, { codec: { validator: { validate }, decoder: { primaryFields: ['sum'] } } });
  return { model: model as ReadyModel, validate };
}

/** A registry whose served model the test changes. */
function changingRegistry() {
  let served = [aModel('first')];
  let notify = () => {};
  const registry = aFakeRegistry({
    listReadyModels: () => served.map(({ model }) => model),
    findDefaultModel: () => served[0]?.model,
    onChange: (listener) => (notify = listener),
  });
  const serve = (...runIds: string[]) => {
    served = runIds.map((runId) => aModel(runId));
    notify();
    return served.map(({ validate }) => validate);
  };
  return { registry, serve, notify: () => notify(), first: served[0]!.validate };
}

describe('the documents of the API', () => {
  it('are built once for each change, and once for all changes in the meantime', async () => {
    const { registry, serve, notify, first } = changingRegistry();
    const docs = new DocsService(registry);
    docs.publish(FIXED);
    const changes = Array.from({ length: 10 }, (_, i) => serve(`meanwhile-${i}`)[0]!);
    const document = await docs.getDocument();

    notify();
    const again = await docs.getDocument();

    const builtFor = [first, ...changes].map(({ mock }) => mock.calls.length > 0);
    expect(builtFor).toEqual([...Array<boolean>(10).fill(false), true]);
    expect(document.text).toContain('meanwhile-9');
    expect(again).toBe(document);
  });

  it('are built a moment after a change when nobody asks for them', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance', 'nextTick'] });
    const { registry, serve, first } = changingRegistry();
    const docs = new DocsService(registry);
    docs.publish(FIXED);
    const [second] = serve('second');

    expect([first, second!].map(({ mock }) => mock.calls.length > 0)).toEqual([false, false]);
    jest.advanceTimersByTime(1_000);
    jest.useRealTimers();
    // In slices, of which a busy machine needs several.
    await until(() => second!.mock.calls.length > 0);

    expect(first).not.toHaveBeenCalled();
  });

  it('are those of the last model when none is served any more', async () => {
    const { registry, serve } = changingRegistry();
    const docs = new DocsService(registry);
    docs.publish(FIXED);
    const before = await docs.getDocument();

    serve();

    expect(await docs.getDocument()).toBe(before);
  });

  it('are built again after a failure', async () => {
    const { registry, first } = changingRegistry();
    first.mockImplementationOnce(() => {
      throw new Error('no memory');
    });
    jest.spyOn(Logger.prototype, 'error').mockImplementationOnce(() => undefined);
    const docs = new DocsService(registry);
    docs.publish(FIXED);

    await expect(docs.getDocument()).rejects.toThrow('no memory');

    expect((await docs.getDocument()).text).toContain('"openapi":"3.1.0"');
  });

  it('are the JSON text of the document, compressed twice', async () => {
    const { registry } = changingRegistry();
    const docs = new DocsService(registry);
    docs.publish(FIXED);

    const { text, encoded } = await docs.getDocument();

    expect(text).toBe(JSON.stringify(JSON.parse(text)));
    expect([encoded.br.length, encoded.gzip.length].every((length) => length < text.length)).toBe(true);
  });
});

describe('building the document of a wide model', () => {
  it('asks the model’s check about a few rows, however many fields there are', () => {
    const { model, validate } = aModel('wide', 2_000);

    run(documentSteps(FIXED, [model]));

    expect(validate.mock.calls.length).toBeLessThan(10);
  });

  it('pauses for each model and each operation', () => {
    const one = run(documentSteps(FIXED, [aModel('a').model])).pauses;
    const models = ['a', 'b', 'c', 'd'].map((name) => {
      const { model } = aModel(name);
      return { ...model, card: { ...model.card, name } };
    });

    expect(run(documentSteps(FIXED, models)).pauses - one).toBe(3 * (2 + 3));
  });

  it('writes again only the models that have changed, and the first, whose address all share', async () => {
    const namedModel = (name: string) => {
      const { model, validate } = aModel(`${name}-run`);
      Object.assign(model, { card: { ...model.card, name } });
      return { model, validate };
    };
    let served = ['a', 'b', 'c', 'd', 'e'].map(namedModel);
    let notify = () => {};
    const registry = aFakeRegistry({
      listReadyModels: () => served.map(({ model }) => model),
      findDefaultModel: () => served[0]!.model,
      onChange: (listener) => (notify = listener),
    });
    const docs = new DocsService(registry);
    docs.publish(FIXED);
    await docs.getDocument();
    for (const { validate } of served) validate.mockClear();

    served = served.map((one, i) => (i === 3 ? namedModel('d') : one));
    notify();
    const { text } = await docs.getDocument();

    expect(served.map(({ validate }) => validate.mock.calls.length > 0)).toEqual([true, false, false, true, false]);
    const fresh = new DocsService(registry);
    fresh.publish(FIXED);
    expect(text).toBe((await fresh.getDocument()).text);
    expect(text).toBe(
      JSON.stringify(
        run(
          documentSteps(
            FIXED,
            served.map(({ model }) => model),
          ),
        ).document,
      ),
    );
  });

  it('has parameters for the first fields of a query, and one for the others', () => {
    const { document } = run(documentSteps(FIXED, [aModel('wide', 2_000).model]));
    const { get } = document.paths['/models/adder/predictions']!;

    expect(get!.parameters!.map(({ name }) => name).slice(99)).toEqual(['field_99', 'fields', 'include']);
    expect(get!.parameters![100]).toMatchObject({ name: 'fields', style: 'form', explode: true });
    expect(Object.keys(document.components.schemas.AdderInput!.properties as object)).toHaveLength(1_000);
    expect(document.components.schemas.AdderInput!.description).toContain('1000 more fields');
  });
});

function run(steps: Generator<void, OpenApiDocument>): { document: OpenApiDocument; pauses: number } {
  for (let pauses = 0; ; pauses++) {
    const { done, value } = steps.next();
    if (done) return { document: value, pauses };
  }
}
