import type { FieldSchema } from '../../../src/domain/signature.js';
import { ask } from '../../support/http/ask.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { TestStore, sumEncoding } from '../../support/stores/build-store.js';
import { textRun } from '../../support/stores/tiny-runs.js';

const observed = (field: FieldSchema, seen: FieldSchema['x-observed']): FieldSchema => ({
  ...field,
  'x-observed': seen,
});
const input = {
  type: 'object',
  required: ['a', 'b'],
  properties: {
    a: observed({ type: 'number' }, { minimum: 0, maximum: 10, p01: 1, p99: 9, mean: 5, missing: 0 }),
    b: observed({ type: ['number', 'null'], default: 0 }, { minimum: -5 }),
    town: observed({ type: 'string' }, { values: ['Bonn', 'Kiel'], missing: 0 }),
    list: observed({ type: 'array', items: { type: 'array', items: { type: 'number' } } }, { maximum: 1 }),
  },
} as const;

describe.each([
  ['fast path', 'true'],
  ['general path', 'false'],
])('notes about the rows of a request, over the %s', (_name, fastPath) => {
  let store: TestStore;
  let app: TestApp;
  const row = { a: 1, b: 2, town: 'Bonn', list: [[0.5]] };
  const post = (inputs: object[], include: string[] = ['notes'], path = '/models/adder/predictions') =>
    ask(app.baseUrl, path, { method: 'POST', body: { inputs, ...(include.length > 0 && { include }) } });
  const notesOf = async (...inputs: object[]) => (await post(inputs)).json.data.notes;

  beforeAll(async () => {
    const output = { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] } as const;
    const notesOutput = { type: 'object', properties: { notes: { type: 'number' } }, required: ['notes'] } as const;
    store = new TestStore()
      .addModel('adder')
      .addRun('adder', 'adder-1', { signature: { input, output } })
      .addModel('notes')
      .addRun('notes', 'notes-1', {
        signature: { input, output: notesOutput },
        encode: sumEncoding({ kind: 'number', field: 'a' }, { kind: 'number', field: 'b' }),
        decode: { kind: 'regression', tensor: 'y', fields: ['notes'] },
        examples: [{ input: { a: 1, b: 2 }, output: { notes: 3 } }],
      })
      .addModel('texts')
      .addRun('texts', 'texts-1', textRun, 'onnx-types');
    app = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'adder', FAST_PATH: fastPath });
  });
  afterAll(async () => {
    await app.close();
    store.remove();
  });

  it('are there only when asked for', async () => {
    const { json } = await post([row], []);

    expect(Object.keys(json.data)).toEqual(['model', 'run_id', 'predictions']);
  });

  it('come one per row, in the order of the rows, beside the predictions', async () => {
    const { data } = (await post([row, { ...row, a: 11 }, { ...row, colour: 'red' }])).json;

    expect(Object.keys(data)).toEqual(['model', 'run_id', 'predictions', 'notes']);
    expect(data.predictions).toHaveLength(3);
    expect(data.notes).toEqual([
      { outside_training: [], unknown_fields: [] },
      { outside_training: ['a'], unknown_fields: [] },
      { outside_training: [], unknown_fields: ['colour'] },
    ]);
  });

  it('name what lies outside the numbers, the values and the lists that training saw', async () => {
    const outside = (await notesOf({ ...row, a: -1, b: -6, town: 'Ulm', list: [[0.5], [2]] }))[0].outside_training;

    expect(outside).toEqual(['a', 'b', 'town', 'list']);
    expect((await notesOf({ ...row, a: '10', b: -5 }))[0].outside_training).toEqual([]);
  });

  it('name a value that is missing only where training never saw it missing', async () => {
    expect((await notesOf({ a: 1, b: null, list: [] }))[0].outside_training).toEqual(['town']);
  });

  it.each(['/runs/adder-1/predictions', '/predictions'])('come from every route with include: %s', async (path) => {
    expect((await post([{ ...row, a: 99 }], ['notes', 'sum'], path)).json.data.notes).toEqual([
      { outside_training: ['a'], unknown_fields: [] },
    ]);
  });

  it('come for the row of a query, whose key is no field', async () => {
    const { json } = await ask(
      app.baseUrl,
      '/models/adder/predictions?a=99&b=1&town=Kiel&colour=red&apikey=secret&include=notes',
    );

    expect(json.data.notes).toEqual([{ outside_training: ['a'], unknown_fields: ['colour'] }]);
  });

  it('give way to an output of that name', async () => {
    const { data } = (await post([row], ['notes'], '/models/notes/predictions')).json;

    expect(data).toEqual({ model: 'notes', run_id: 'notes-1', predictions: [{ notes: 3 }] });
  });

  it('are in the document, with what training saw', async () => {
    const { json } = await ask(app.baseUrl, '/openapi.json');
    const { schemas } = json.components;

    expect(schemas.AdderPredictionsRequest.properties.include.items.enum).toEqual(['notes']);
    expect(schemas.AdderPredictions.properties.notes.items).toEqual({ $ref: '#/components/schemas/RowNoteDto' });
    expect(schemas.AdderInput.properties.a['x-observed']).toMatchObject({ minimum: 0, maximum: 10 });
  });
});
