import { RowReader } from '../../../src/row-reading/row-reader.js';
import { createManagedApp } from '../../support/http/admin.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { ask } from '../../support/http/ask.js';
import { TestStore } from '../../support/stores/build-store.js';

/** Each character of a text costs as many steps as the pattern has characters, 903. */
const COSTLY = '.*a.{900}[cd]$';
const number = { type: 'number' } as const;

describe('a model with a pattern that is costly to match', () => {
  const store = new TestStore();
  let app: TestApp;
  let open: jest.SpyInstance;
  beforeAll(async () => {
    const output = { type: 'object', properties: { sum: number } } as const;
    for (const [name, pattern] of [
      ['costly', COSTLY],
      ['cheap', '^[ab]+$'],
    ] as const) {
      const properties = { a: number, b: number, note: { type: 'string', pattern } } as const;
      store.addModel(name).addRun(name, `${name}-1`, {
        signature: { input: { type: 'object', properties, required: ['a', 'b'] }, output },
      });
    }
    app = await createManagedApp(store);
    open = jest.spyOn(RowReader.prototype, 'open');
  });
  beforeEach(() => open.mockClear());
  afterAll(async () => {
    open.mockRestore();
    await app.close();
    store.remove();
  });
  const post = (path: string, notes: readonly string[], more: object = {}) =>
    ask(app.baseUrl, path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...more, inputs: notes.map((note) => ({ a: 1, b: 2, note })) }),
    });
  const texts = (count: number, length: number) => new Array<string>(count).fill('ab'.repeat(length / 2));

  it('has a text that is longer than nobody waits for refused before it is matched', async () => {
    const { status, json } = await post('/models/costly/predictions', texts(1, 1_800));

    expect(status).toBe(422);
    expect(json.detail).toMatchObject([{ loc: ['body', 'inputs', 0, 'note'], type: 'value_error.any_str.max_length' }]);
  });

  it('has many texts read in a thread, with the same answer', async () => {
    const path = '/models/costly/predictions';
    const few = await post(path, texts(1, 1_200));
    expect(open).not.toHaveBeenCalled();

    const many = await post(path, texts(4, 1_200));
    expect(open).toHaveBeenCalledTimes(1);
    expect([few.status, many.status]).toEqual([422, 422]);
    expect(many.json.detail).toHaveLength(4);
    expect(many.json.detail[0]).toEqual(few.json.detail[0]);
  });

  it('has them read so where only the body says whose they are', async () => {
    await post('/predictions', texts(4, 1_200), { model: 'costly' });

    expect(open).toHaveBeenCalledTimes(1);
  });

  it('costs a model with other patterns nothing', async () => {
    const { status } = await post('/models/cheap/predictions', texts(10, 6_000));

    expect(status).toBe(200);
    expect(open).not.toHaveBeenCalled();
  });
});
