import newman from 'newman';

import type { FieldSchema } from '../../../src/domain/signature.js';
import type { Run } from '../../../src/domain/run.js';
import { listOperations } from '../../support/docs/open-api.js';
import { ask } from '../../support/http/ask.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import type { Json } from '../../support/http/get-json.js';
import { TestStore, sumEncoding } from '../../support/stores/build-store.js';

const MAX_EXAMPLE = 2_000;
const SIDE = 128;
const COLUMNS = 2_000;

const list = (length: number, items: FieldSchema): FieldSchema => ({
  type: 'array',
  minItems: length,
  maxItems: length,
  items,
});
const image = [1, 2, 3].map(() => Array.from({ length: SIDE }, (_, i) => Array<number>(SIDE).fill(i / SIDE)));

/** A run whose rows hold more than the two numbers that the model adds. */
function sumWith(fields: Record<string, FieldSchema>, values: Record<string, unknown>): Partial<Run> {
  const number: FieldSchema = { type: 'number' };
  return {
    signature: {
      input: {
        type: 'object',
        properties: { a: number, b: number, ...fields },
        required: ['a', 'b', ...Object.keys(fields)],
      },
      output: { type: 'object', properties: { sum: number }, required: ['sum'] },
    },
    encode: sumEncoding({ kind: 'number', field: 'a' }, { kind: 'number', field: 'b' }),
    examples: [1, 2, 3].map((a) => ({ input: { a, b: 2, ...values } as never, output: { sum: a + 2 } })),
  };
}

describe('the documents of models with large rows', () => {
  const columns = Array.from({ length: COLUMNS }, (_, i) => `gene_${i}`);
  const pixels = list(3, list(SIDE, list(SIDE, { type: 'number' })));
  const photo: FieldSchema = {
    type: 'string',
    examples: ['iVBORw0K'.repeat(5_000)],
    default: 'iVBORw0K'.repeat(5_000),
  };
  let store: TestStore;
  let app: TestApp;
  let document: Json;

  beforeAll(async () => {
    const genes = Object.fromEntries(columns.map((name) => [name, { type: 'number', minimum: 0 } as const]));
    store = new TestStore()
      .addModel('image')
      .addRun(
        'image',
        'image-run',
        sumWith({ pixels: { ...pixels, examples: [image] }, photo }, { pixels: image, photo: 'x'.repeat(50_000) }),
      )
      .addModel('wide')
      .addRun('wide', 'wide-run', sumWith(genes, Object.fromEntries(columns.map((name) => [name, 0.5]))));
    app = await createTestApp({ MODELS_DIR: store.folder });
    document = (await ask(app.baseUrl, '/openapi.json')).json;
  });
  afterAll(async () => {
    await app.close();
    store.remove();
  });

  it('show no example of more than 2,000 characters', () => {
    const tooLong = examplesIn(document).filter((value) => JSON.stringify(value).length > MAX_EXAMPLE);

    expect(tooLong).toEqual([]);
  });

  it('are no longer than a few ordinary models make them', async () => {
    const texts = await Promise.all(
      ['/openapi.json', '/postman.json', '/models/image/schema'].map(
        async (path) => (await ask(app.baseUrl, path)).text,
      ),
    );

    expect(texts[0]!.length).toBeLessThan(1_000_000);
    expect(texts[1]!.length).toBeLessThan(1_500_000);
    // Its default, of 40,000 characters, is part of the contract.
    expect(texts[2]!.length).toBeLessThan(50_000);
  });

  it('say which bodies are shortened, so that none is taken for a working one', () => {
    const shortened = listOperations(document).filter(({ operation }) => operation['x-example-shortened']);
    const { value, summary } =
      document.paths['/models/wide/predictions'].post.requestBody.content['application/json'].examples.one_row;

    expect(shortened.map(({ path }) => path)).toContain('/models/image/predictions');
    expect(summary).toBe('One row (shortened)');
    expect(value.inputs[0]).toMatchObject({ a: 1, gene_0: 0.5, '…': expect.stringMatching(/^\d+ more fields$/) });
  });

  it('keep every rule in the schema of the model, and shorten its examples', async () => {
    const { data } = (await ask(app.baseUrl, '/models/wide/schema')).json;
    const { data: ofImage } = (await ask(app.baseUrl, '/models/image/schema')).json;

    expect(Object.keys(data.input.properties)).toHaveLength(COLUMNS + 2);
    expect(data.input.required).toHaveLength(COLUMNS + 2);
    expect(ofImage.input.properties.photo.default).toHaveLength(40_000);
    expect(JSON.stringify([data.example.input, ofImage.input.properties.pixels.examples]).length).toBeLessThan(
      2 * MAX_EXAMPLE + 10,
    );
  });

  it('give a collection that passes when newman runs it', async () => {
    const collection = (await ask(app.baseUrl, '/postman.json')).json;
    // Here no model takes texts, which the routes for texts say.
    for (const folder of collection.item) folder.item = folder.item.filter(({ name }: Json) => !/text|POST/.test(name));

    const failures = await new Promise((resolve, reject) => {
      newman.run({ collection, reporters: [] }, (error, summary) =>
        error
          ? reject(error)
          : resolve(summary.run.failures.map(({ source, error: { message } }) => [source?.name, message])),
      );
    });

    expect(failures).toEqual([]);
  });

  it.each(['/openapi.json', '/postman.json'])('are compressed for clients that take it: %s', async (path) => {
    const answers = await Promise.all(
      ['br', 'gzip', 'identity'].map(async (encoding) => {
        const { headers, ...answer } = await fetch(app.baseUrl + path, {
          headers: { 'accept-encoding': encoding },
        }).then(async (response) => ({ headers: response.headers, text: await response.text() }));
        return {
          ...answer,
          encoding: headers.get('content-encoding'),
          etag: headers.get('etag'),
          length: Number(headers.get('content-length')),
          vary: headers.get('vary'),
        };
      }),
    );

    expect(answers.map(({ encoding }) => encoding)).toEqual(['br', 'gzip', null]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(new Set(answers.map(({ etag }) => etag)).size).toBe(3);
    expect(answers[0]!.length).toBeLessThan(answers[2]!.length / 5);
    expect(answers.every(({ vary }) => vary?.includes('Accept-Encoding'))).toBe(true);
  });

  it('answer 304 to a client that has the compressed one', async () => {
    const headers = { 'accept-encoding': 'gzip' };
    const { etag } = (await ask(app.baseUrl, '/openapi.json', { headers, method: 'HEAD' })).headers;

    const again = await ask(app.baseUrl, '/openapi.json', { headers: { ...headers, 'if-none-match': etag! } });

    expect(again.status).toBe(304);
  });
});

/** Every example of a document: of bodies, answers, parameters and fields. */
function examplesIn(value: Json, isFieldMap = false): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item) => examplesIn(item));
  return Object.entries(value as Record<string, Json>).flatMap(([key, item]) => {
    if (isFieldMap) return examplesIn(item);
    if (key === 'example') return [item];
    if (key === 'examples') return Array.isArray(item) ? item : Object.values<Json>(item).map((named) => named.value);
    return examplesIn(item, key === 'properties');
  });
}
