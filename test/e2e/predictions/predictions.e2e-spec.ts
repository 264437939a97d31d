import { ask } from '../../support/http/ask.js';
import type { AskOptions } from '../../support/http/ask.js';
import { sumEncoding } from '../../support/stores/build-store.js';
import type { TestStore } from '../../support/stores/build-store.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import type { Json } from '../../support/http/get-json.js';
import { tinyStore } from '../../support/stores/tiny-runs.js';

let store: TestStore;
let app: TestApp;

beforeAll(async () => {
  store = tinyStore()
    .addModel('inclusive')
    .addRun('inclusive', 'inclusive-1', {
      signature: {
        input: {
          type: 'object',
          properties: { include: { type: 'number' }, b: { type: 'number' } },
          required: ['include', 'b'],
          additionalProperties: false,
        },
        output: { type: 'object', properties: { sum: { type: ['number', 'null'] } }, required: ['sum'] },
      },
      encode: sumEncoding({ kind: 'number', field: 'include' }, { kind: 'number', field: 'b' }),
      examples: [{ input: { include: 1, b: 2 }, output: { sum: 3 } }],
    });
  app = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'texts', MAX_ROWS_PER_REQUEST: '1000' });
});

afterAll(async () => {
  await app.close();
  store.remove();
});

const send = (path: string, options?: AskOptions) => ask(app.baseUrl, path, options);
const post = (path: string, body: unknown) => send(path, { method: 'POST', body });

describe('predictions as a resource', () => {
  const inputs = [
    { a: 1, b: 2 },
    { a: 30, b: 0.5 },
    { a: '-4', b: 4 },
  ];
  const predictions = [{ sum: 3 }, { sum: 30.5 }, { sum: 0 }];

  it.each(['POST', 'PUT'])('answer %s with one prediction per row, in order, in an envelope', async (method) => {
    const { status, json } = await send('/models/adder/predictions', { method, body: { inputs } });

    expect(status).toBe(200);
    expect(Object.keys(json)).toEqual(['message', 'method', 'status-code', 'timestamp', 'url', 'data']);
    expect(json).toMatchObject({ message: 'OK', method, 'status-code': 200 });
    expect(json.data).toEqual({ model: 'adder', run_id: 'adder-best', predictions });
  });

  it.each(['POST', 'PUT'])('with any run: %s /runs/{run_id}/predictions', async (method) => {
    const { json } = await send('/runs/adder-second/predictions', { method, body: { inputs } });

    expect(json.data).toEqual({ model: 'adder', run_id: 'adder-second', predictions });
  });

  it.each(['POST', 'PUT'])('with the model or run that the body names: %s /predictions', async (method) => {
    const dataOf = async (body: object) => (await send('/predictions', { method, body })).json.data;

    expect(await dataOf({ model: 'adder', inputs })).toMatchObject({ run_id: 'adder-best', predictions });
    expect(await dataOf({ run_id: 'adder-second', inputs })).toMatchObject({ model: 'adder', run_id: 'adder-second' });
    expect(await dataOf({ model: 'adder', run_id: 'adder-second', inputs })).toMatchObject({ run_id: 'adder-second' });
    expect(await dataOf({ inputs: [{ text: 'hi' }] })).toEqual({
      model: 'texts',
      run_id: 'texts-1',
      predictions: [{ echo: 'hi' }],
    });
  });

  it('refuse a run of another model than the one named', async () => {
    const { status, json } = await post('/predictions', { model: 'texts', run_id: 'adder-second', inputs });

    expect([status, json.detail]).toEqual([
      422,
      [{ loc: ['body', 'run_id'], msg: 'this run belongs to the model adder', type: 'value_error' }],
    ]);
  });

  it.each<[unknown, string[]]>([
    [{ inputs: [{}], model: 5 }, ['body', 'model']],
    [{ inputs: [{}], run_id: null }, ['body', 'run_id']],
    [{ inputs: [{}], include: 'x' }, ['body', 'include']],
    [{ inputs: {} }, ['body', 'inputs']],
    [{ inputs: null }, ['body', 'inputs']],
    [{ inputs: [] }, ['body', 'inputs']],
    [{}, ['body', 'inputs']],
    ['null', ['body']],
    ['', ['body']],
    ['3', ['body']],
  ])('refuse the body %j', async (body, loc) => {
    const { status, json } = await post('/predictions', body);

    expect([status, json.detail[0].loc]).toEqual([422, loc]);
  });

  it('answer 404 for what the body names and nobody knows', async () => {
    expect((await post('/predictions', { model: 'nope', inputs })).headers['x-error-code']).toBe('MODEL_NOT_FOUND');
    expect((await post('/predictions', { run_id: 'nope', inputs })).headers['x-error-code']).toBe('RUN_NOT_FOUND');
    expect((await post('/runs/nope/predictions', { inputs })).status).toBe(404);
    expect((await post('/models/nope/predictions', { inputs })).status).toBe(404);
  });

  it('come from a run that the policy rejects, when it is asked by its id', async () => {
    const { status, json } = await post('/runs/adder-failed/predictions', { inputs });

    expect([status, json.data]).toEqual([200, { model: 'adder', run_id: 'adder-failed', predictions }]);
  });

  it('are the same when a PUT is repeated', async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => send('/models/adder/predictions', { method: 'PUT', body: { inputs } })),
    );

    for (const { json } of answers) expect(json.data).toEqual(answers[0]!.json.data);
  });

  it('take as many rows as the operator allows and no more', async () => {
    const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ a: i % 1000, b: 0 }));

    const full = await post('/models/adder/predictions', { inputs: rows(1000) });

    expect(full.json.data.predictions.map(({ sum }: Json) => sum)).toEqual(rows(1000).map(({ a }) => a));
    expect((await post('/models/adder/predictions', { inputs: rows(1001) })).json.detail).toEqual([
      {
        loc: ['body', 'inputs'],
        msg: 'ensure this value has at most 1000 items',
        type: 'value_error.list.max_items',
        ctx: { limit_value: 1000 },
      },
    ]);
  });

  it('compute nothing when one row of many is wrong', async () => {
    const { status, json } = await post('/models/adder/predictions', { inputs: [...inputs, { a: 'x', b: 1 }] });

    expect([status, json.detail.length, json.detail[0].loc]).toEqual([422, 1, ['body', 'inputs', 3, 'a']]);
  });
});

describe('a row in the query', () => {
  it('is read as the fields of the model', async () => {
    const { status, json, headers } = await send('/models/adder/predictions?a=1.5&b=%202%20');

    expect([status, json.data]).toEqual([200, { model: 'adder', run_id: 'adder-best', predictions: [{ sum: 3.5 }] }]);
    expect(headers['cache-control']).toBe('no-store');
  });

  it('may hold a list as JSON', async () => {
    expect((await send('/models/every-field/predictions?a=1&list=[1,2]')).status).toBe(200);
    expect((await send('/models/every-field/predictions?a=1&list=1,2')).json.detail[0].loc).toEqual(['query', 'list']);
  });

  it('is checked as strictly as a body', async () => {
    const { status, json } = await send('/models/adder/predictions?a=1001&b=');

    expect(status).toBe(422);
    expect(json.detail).toEqual([
      {
        loc: ['query', 'a'],
        msg: 'ensure this value is less than or equal to 1000',
        type: 'value_error.number.not_le',
        ctx: { limit_value: 1000 },
      },
      { loc: ['query', 'b'], msg: 'value is not a valid float', type: 'type_error.float' },
    ]);
  });
});

describe('fields on request', () => {
  const texts = '/models/texts/predictions';
  const refused = (loc: (string | number)[]) => ({
    loc,
    msg: "value is not a valid enumeration member; permitted: 'whole', 'notes'",
    type: 'type_error.enum',
    ctx: { enum_values: ['whole', 'notes'] },
  });

  it('are not there unless asked for', async () => {
    expect((await post(texts, { inputs: [{ text: 'a', whole: 7 }] })).json.data.predictions).toEqual([{ echo: 'a' }]);
  });

  it('come with include in the body', async () => {
    const body = { inputs: [{ text: 'a', whole: 7 }], include: ['whole', 'whole'] };

    expect((await post(texts, body)).json.data.predictions).toEqual([{ echo: 'a', whole: 7 }]);
  });

  it('come with include in the query', async () => {
    const { json } = await send(`${texts}?text=a&whole=7&include=whole`);

    expect(json.data.predictions).toEqual([{ echo: 'a', whole: 7 }]);
  });

  it('are refused by name when the run has no such field', async () => {
    expect((await post(texts, { inputs: [{ text: 'a' }], include: ['whole', 'nope', 'text'] })).json.detail).toEqual([
      refused(['body', 'include', 1]),
      refused(['body', 'include', 2]),
    ]);
    expect((await send(`${texts}?text=a&include=nope`)).json.detail).toEqual([refused(['query', 'include'])]);
  });

  it('may be asked for by a name that is given anyway: who does gets it', async () => {
    for (const path of [texts, '/models/adder/predictions']) {
      const [input, include] = path === texts ? [{ text: 'a' }, ['echo']] : [{ a: 1, b: 2 }, ['sum']];

      expect(await post(path, { inputs: [input], include })).toMatchObject({
        status: 200,
        json: { data: { predictions: [path === texts ? { echo: 'a' } : { sum: 3 }] } },
      });
    }
  });

  it('must be texts in a list', async () => {
    expect((await post(texts, { inputs: [{ text: 'a' }], include: [1] })).json.detail).toEqual([
      { loc: ['body', 'include', 0], msg: 'str type expected', type: 'type_error.str' },
    ]);
  });

  it('leave the parameter alone where the model has a field of that name', async () => {
    const { json } = await send('/models/inclusive/predictions?include=1&b=2');

    expect(json.data.predictions).toEqual([{ sum: 3 }]);
  });
});

describe('the bare answer', () => {
  it('holds the primary fields only, of the model the fields belong to', async () => {
    expect((await send('/predict?text=hi&whole=3')).text).toBe('{"echo":"hi"}');
    expect((await send('/predict?x=1')).text).toBe('{"log":0}');
    expect((await send('/predict', { method: 'PUT', body: { include: 1, b: 2 } })).text).toBe('{"sum":3}');
  });

  it('refuses fields of two models, or of two that fit equally, and lists the candidates', async () => {
    for (const query of ['x=1&text=a', 'a=1&b=2&sex=M&include=1']) {
      const { status, json } = await send(`/predict?${query}`);
      expect([status, Object.keys(json)]).toEqual([422, ['detail', 'candidates']]);
      expect(Object.keys(json.candidates)).toEqual(['texts', 'adder', 'every-field', 'inclusive', 'logarithm']);
    }
  });

  it('takes the model of which most required fields are given', async () => {
    expect((await send('/predict?a=1&b=2')).text).toBe('{"sum":3}');
  });
});

describe('many clients at once', () => {
  it('each get their own answer, of their own model', async () => {
    const asked = Array.from({ length: 300 }, (_, i) => i);

    const answers = await Promise.all(
      asked.map((i) => {
        if (i % 3 === 0)
          return post('/models/adder/predictions', {
            inputs: [
              { a: i, b: 0.5 },
              { a: 0, b: i },
            ],
          });
        if (i % 3 === 1) return post('/predict', { texts: [{ text: `text ${i}` }] });
        return post('/runs/adder-second/predictions', { inputs: [{ a: i, b: -i }] });
      }),
    );

    answers.forEach(({ status, json }, i) => {
      expect(status).toBe(200);
      if (i % 3 === 0)
        expect(json.data).toEqual({
          model: 'adder',
          run_id: 'adder-best',
          predictions: [{ sum: i + 0.5 }, { sum: i }],
        });
      else if (i % 3 === 1)
        expect(json.data).toEqual({ model: 'texts', run_id: 'texts-1', predictions: [{ echo: `text ${i}` }] });
      else expect(json.data).toEqual({ model: 'adder', run_id: 'adder-second', predictions: [{ sum: 0 }] });
    });
  });

  it('get the ids they sent with their requests', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => `request-${i}`);

    const answers = await Promise.all(ids.map((id) => send('/predict?x=1', { headers: { 'X-Request-Id': id } })));

    expect(answers.map(({ headers }) => headers['x-request-id'])).toEqual(ids);
  });

  it('may hang up early without harm to the others', async () => {
    const quitters = Array.from({ length: 50 }, () => {
      const body = { inputs: Array.from({ length: 1000 }, () => ({ a: 1, b: 1 })) };
      return send('/models/adder/predictions', { method: 'POST', body, timeoutMs: 1 }).catch(() => 'gave up');
    });

    const { json } = await post('/models/adder/predictions', { inputs: [{ a: 1, b: 2 }] });

    expect(json.data.predictions).toEqual([{ sum: 3 }]);
    await Promise.all(quitters);
  });
});

describe('rows as lists of values under the names of their columns', () => {
  const columns = ['b', 'a'];
  const data = [[2, 1], [0.5, 30], [4, '-4']]; // prettier-ignore
  const predictions = [{ sum: 3 }, { sum: 30.5 }, { sum: 0 }];
  const detailOf = async (body: object, model = 'adder') =>
    (await post(`/models/${model}/predictions`, body)).json.detail;

  it.each(['/models/adder/predictions', '/runs/adder-best/predictions', '/predictions'])(
    'are answered like objects: %s',
    async (path) => {
      for (const method of ['POST', 'PUT']) {
        const named = path === '/predictions' ? { model: 'adder' } : {};
        const { status, json } = await send(path, { method, body: { ...named, columns, data } });

        expect([status, json.data]).toEqual([200, { model: 'adder', run_id: 'adder-best', predictions }]);
      }
    },
  );

  it('are read by the generated function when they are plain, and say the same of notes', async () => {
    const body = { columns: [...columns, 'c'], data: [[2, 1, 'x']], include: ['notes'] };
    const { json } = await post('/models/adder/predictions', body);

    expect(json.data).toMatchObject({ predictions: [{ sum: 3 }], notes: [{ unknown_fields: ['c'] }] });
    expect((await post('/models/adder/predictions', { columns, data: [[2, 1]] })).json.data.predictions).toEqual([
      { sum: 3 },
    ]);
  });

  it('are answered as columns when that is asked for, as objects are', async () => {
    const answer = { columns: ['sum'], data: [[3], [30.5], [0]] };
    const inputs = data.map(([b, a]) => ({ a, b }));
    const shape = 'columns';

    for (const rows of [{ columns, data }, { inputs }, { columns, data: data.slice(0, 2) }]) {
      const { json } = await post('/models/adder/predictions', { ...rows, shape });
      expect(json.data.predictions).toEqual({ ...answer, data: answer.data.slice(0, (rows.data ?? inputs).length) });
    }
    expect((await post('/models/adder/predictions', { columns, data, shape: 'rows' })).json.data.predictions).toEqual(
      predictions,
    );
  });

  it('are answered with fields on request and texts, too', async () => {
    const body = { columns: ['text'], data: [['a'], ['b\n']], include: ['whole'], shape: 'columns' };

    expect((await post('/models/texts/predictions', body)).json.data.predictions).toEqual({
      columns: ['echo', 'whole'],
      data: [['a', 0], ['b\n', 0]], // prettier-ignore
    });
  });

  it('tell what is wrong with a value as with that of an object, at its place', async () => {
    const wrong = [[2, 1], ['x', 2000], [null, 1]]; // prettier-ignore
    const ofObjects = await detailOf({ inputs: wrong.map(([b, a]) => ({ a, b })) });
    const places: Json = { a: 1, b: 0 };

    expect(await detailOf({ columns, data: wrong })).toEqual(
      ofObjects.map(({ loc: [, , row, name], ...rest }: Json) => ({
        loc: ['body', 'data', row, places[name]],
        ...rest,
      })),
    );
    expect(ofObjects).toHaveLength(3);
  });

  it('tell rows of another length, and rows that are none', async () => {
    const detail = await detailOf({ columns, data: [[1], [1, 2, 3], {}, null, [1, 2]] });

    expect(detail.map(({ loc, type, ctx }: Json) => [loc, type, ctx?.limit_value])).toEqual([
      [['body', 'data', 0], 'value_error.list.min_items', 2],
      [['body', 'data', 1], 'value_error.list.max_items', 2],
      [['body', 'data', 2], 'type_error.list', undefined],
      [['body', 'data', 3], 'type_error.none.not_allowed', undefined],
    ]);
  });

  it('tell columns that are missing or refused, with the name that is probably meant', async () => {
    const missing = (name: string, msg: string) => ({
      loc: ['body', 'columns', name],
      msg,
      type: 'value_error.missing',
    });
    const extra = (place: number, msg: string) => ({ loc: ['body', 'columns', place], msg, type: 'value_error.extra' });

    expect(await detailOf({ columns: ['A', 'c'], data: [[1, 2]] })).toEqual([
      missing('a', 'field required; did you mean it by "A"?'),
      missing('b', 'field required'),
    ]);
    expect(await detailOf({ columns: ['include', 'b', 'B', 'other'], data: [[1, 2, 3, 4]] }, 'inclusive')).toEqual([
      extra(2, 'extra fields not permitted; did you mean "b"?'),
      extra(3, 'extra fields not permitted'),
    ]);
  });

  it('ignore columns that nobody knows where fields are ignored that nobody knows', async () => {
    const { status } = await post('/models/adder/predictions', { columns: ['a', 'b', 'c'], data: [[1, 2, {}]] });
    expect(status).toBe(200);
  });

  it.each<[object, [(string | number)[], string][]]>([
    [{ columns }, [[['body', 'data'], 'value_error.missing']]],
    [{ data }, [[['body', 'columns'], 'value_error.missing']]],
    [{ columns, data, inputs: [{}] }, [[['body'], 'value_error.one_of']]],
    [{ columns: [], data }, [[['body', 'columns'], 'value_error.list.min_items']]],
    [{ columns: 'a', data }, [[['body', 'columns'], 'type_error.list']]],
    [{ columns, data: [] }, [[['body', 'data'], 'value_error.list.min_items']]],
    [{ columns, data: {} }, [[['body', 'data'], 'type_error.list']]],
    [{ columns: ['a', 1], data }, [[['body', 'columns', 1], 'type_error.str']]],
    [{ columns: ['a', 'b', 'a'], data }, [[['body', 'columns', 2], 'value_error.list.unique_items']]],
    [{ columns, data, shape: 'split' }, [[['body', 'shape'], 'type_error.enum']]],
  ])('are refused: %j', async (body, expected) => {
    const detail = await detailOf(body);
    expect(detail.map(({ loc, type }: Json) => [loc, type])).toEqual(expected);
  });

  it('are no more than objects may be', async () => {
    const detail = await detailOf({ columns, data: Array.from({ length: 1001 }, () => [1, 2]) });
    expect(detail).toMatchObject([{ loc: ['body', 'data'], ctx: { limit_value: 1000 } }]);
  });
});
