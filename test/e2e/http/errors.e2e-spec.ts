import { ask } from '../../support/http/ask.js';
import type { AskOptions } from '../../support/http/ask.js';
import type { TestStore } from '../../support/stores/build-store.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { tinyStore } from '../../support/stores/tiny-runs.js';

let store: TestStore;
let app: TestApp;

beforeAll(async () => {
  store = tinyStore();
  app = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'texts', MAX_ROWS_PER_REQUEST: '200' });
});

afterAll(async () => {
  await app.close();
  store.remove();
});

const send = (path: string, options?: AskOptions) => ask(app.baseUrl, path, options);
const post = (path: string, body: unknown) => send(path, { method: 'POST', body });

/** The problems of one row for the model with a field of every kind. */
async function issuesOf(row: unknown) {
  const { status, json } = await post('/models/every-field/predictions', { inputs: [row] });
  expect(status).toBe(422);
  return json.detail;
}

describe('the problems of a row', () => {
  const range = (msg: string, rule: string, limit: number) => ({
    msg: `ensure this value is ${msg} ${limit}`,
    type: `value_error.number.${rule}`,
    ctx: { limit_value: limit },
  });
  const splitChars = (word: string, rule: string, limit: number) => ({
    msg: `ensure this value has at ${word} ${limit} characters`,
    type: `value_error.any_str.${rule}`,
    ctx: { limit_value: limit },
  });
  const items = (word: string, rule: string, limit: number) => ({
    msg: `ensure this value has at ${word} ${limit} items`,
    type: `value_error.list.${rule}`,
    ctx: { limit_value: limit },
  });
  const notInteger = { msg: 'value is not a valid integer', type: 'type_error.integer' };
  const notFloat = { msg: 'value is not a valid float', type: 'type_error.float' };
  const notBool = { msg: 'value could not be parsed to a boolean', type: 'type_error.bool' };
  const notText = { msg: 'str type expected', type: 'type_error.str' };
  const none = { msg: 'none is not an allowed value', type: 'type_error.none.not_allowed' };
  const notMember = {
    msg: "value is not a valid enumeration member; permitted: 'F', 'M'",
    type: 'type_error.enum',
    ctx: { enum_values: ['F', 'M'] },
  };

  it.each<[string, unknown, object]>([
    ['a', undefined, { msg: 'field required', type: 'value_error.missing' }],
    ['a', null, none],
    ['a', 'abc', notFloat],
    ['a', true, notFloat],
    ['a', [], notFloat],
    ['a', {}, notFloat],
    ['a', '1e1', notFloat],
    ['a', -1000.5, range('greater than or equal to', 'not_ge', -1000)],
    ['a', 1001, range('less than or equal to', 'not_le', 1000)],
    ['b', -5, range('greater than', 'not_gt', -5)],
    ['b', 5, range('less than', 'not_lt', 5)],
    ['count', 9.5, notInteger],
    ['count', '9.5', notInteger],
    ['count', true, notInteger],
    ['count', [2], notInteger],
    [
      'count',
      3,
      { msg: 'ensure this value is a multiple of 2', type: 'value_error.number.not_multiple', ctx: { multiple_of: 2 } },
    ],
    ['flag', 'enable', notBool],
    ['flag', '', notBool],
    ['flag', 2, notBool],
    ['flag', {}, notBool],
    ['word', 1, notText],
    ['word', ['ab'], notText],
    ['word', 'a', splitChars('least', 'min_length', 2)],
    ['word', 'abcde', splitChars('most', 'max_length', 4)],
    [
      'code',
      'abc',
      { msg: 'string does not match regex "^[A-Z]+$"', type: 'value_error.str.regex', ctx: { pattern: '^[A-Z]+$' } },
    ],
    ['sex', 'f', notMember],
    ['sex', '', notMember],
    ['day', '2026-02-30', { msg: 'invalid date format', type: 'value_error.date' }],
    ['moment', 'yesterday', { msg: 'invalid datetime format', type: 'value_error.datetime' }],
    ['id', 'not-a-uuid', { msg: 'value is not a valid uuid', type: 'type_error.uuid' }],
    ['list', 'x', { msg: 'value is not a valid list', type: 'type_error.list' }],
    ['list', {}, { msg: 'value is not a valid list', type: 'type_error.list' }],
    ['list', [], items('least', 'min_items', 1)],
    ['list', [1, 2, 3, 4], items('most', 'max_items', 3)],
  ])('%s = %j is refused by its first broken rule', async (field, value, fault) => {
    expect(await issuesOf({ a: 1, [field]: value })).toEqual([{ loc: ['body', 'inputs', 0, field], ...fault }]);
  });

  it('name the index inside a list as a number', async () => {
    expect(await issuesOf({ a: 1, list: [1, 'x', true] })).toEqual([
      { loc: ['body', 'inputs', 0, 'list', 1], ...notFloat },
      { loc: ['body', 'inputs', 0, 'list', 2], ...notFloat },
    ]);
  });

  it.each<[unknown, object]>([
    [null, none],
    [1, { msg: 'value is not a valid dict', type: 'type_error.dict' }],
    ['x', { msg: 'value is not a valid dict', type: 'type_error.dict' }],
    [[], { msg: 'value is not a valid dict', type: 'type_error.dict' }],
  ])('say that %j is no row', async (row, fault) => {
    expect(await issuesOf(row)).toEqual([{ loc: ['body', 'inputs', 0], ...fault }]);
  });

  it('are all told, rows in index order, fields in declared order', async () => {
    const { json } = await post('/models/every-field/predictions', {
      inputs: [{ sex: 'x', a: 'x' }, { a: 1 }, { flag: 3 }],
    });

    expect(json.detail.map(({ loc }: { loc: unknown }) => loc)).toEqual([
      ['body', 'inputs', 0, 'a'],
      ['body', 'inputs', 0, 'sex'],
      ['body', 'inputs', 2, 'a'],
      ['body', 'inputs', 2, 'flag'],
    ]);
  });

  it.each(['true', 'false', '1', '0', 'on', 'OFF', 'Yes', 'no', 'T', 'f', 'y', 'N'])(
    'do not include flag = "%s"',
    async (flag) => {
      expect((await post('/models/every-field/predictions', { inputs: [{ a: 1, flag }] })).status).toBe(200);
      expect((await send(`/models/every-field/predictions?a=1&flag=${flag}`)).status).toBe(200);
    },
  );

  it('are at most 100 per request, however many there are', async () => {
    const rows = Array.from({ length: 200 }, () => ({ a: 'x', b: 'x' }));
    const texts = Array.from({ length: 200 }, () => ({}));
    const numbers = Array.from({ length: 5_000 }, (_, i) => i);
    const words = numbers.map(String);

    for (const [path, body] of [
      ['/models/every-field/predictions', { inputs: rows }],
      ['/predict', { texts }],
      ['/predict', { texts: numbers }],
      ['/models/adder/predictions', { inputs: [{ a: 1, b: 2 }], include: numbers }],
      ['/models/adder/predictions', { inputs: [{ a: 1, b: 2 }], include: words }],
    ] as const) {
      const { status, json } = await post(path, body);
      expect([path, status, json.detail.length]).toEqual([path, 422, 100]);
    }
  });

  it('begin with the count when there are too many rows or texts', async () => {
    const rows = Array.from({ length: 201 }, () => ({ a: 1, text: 'a' }));
    const tooMany = {
      msg: 'ensure this value has at most 200 items',
      type: 'value_error.list.max_items',
      ctx: { limit_value: 200 },
    };

    expect((await post('/models/every-field/predictions', { inputs: rows })).json.detail).toEqual([
      { loc: ['body', 'inputs'], ...tooMany },
    ]);
    expect((await post('/predict', { texts: rows })).json).toEqual({
      detail: [{ loc: ['body', 'texts'], ...tooMany }],
    });
  });
});

describe('a body that is not JSON', () => {
  const REASONS: [string, string, number][] = [
    ['{"a":1', "Expecting ',' delimiter", 6],
    ['{"a" 1}', "Expecting ':' delimiter", 5],
    ['nope', 'Expecting value', 0],
    ['[1,]', 'Expecting value', 3],
    ['{"a":1,}', 'Expecting property name enclosed in double quotes', 7],
    ["{'age':10}", 'Expecting property name enclosed in double quotes', 1],
    ['{', 'Expecting property name enclosed in double quotes', 1],
    ['{"a":1} x', 'Extra data', 8],
    ['{"a":tru}', 'Expecting value', 5],
    ['{"a":01}', "Expecting ',' delimiter", 6],
    ['{"a":"\\x"}', 'Invalid \\escape', 6],
    ['{"a":"\n"}', 'Invalid control character at', 6],
    ['{"a":"b', 'Unterminated string starting at', 5],
    ['{"a":"\\u12"}', 'Invalid \\uXXXX escape', 7],
    ['   ', 'Expecting value', 3],
    ['{"a":NaN}', 'NaN is not JSON: send null', 5],
    ['{"a":Infinity}', 'Infinity is not JSON: send null', 5],
    ['{"a":-Infinity}', '-Infinity is not JSON: send null', 5],
    ['{"inputs":[{"image":[[0.5,NaN]]}]}', 'NaN is not JSON: send null', 26],
    ['NaN', 'NaN is not JSON: send null', 0],
    ['{"a":.5}', 'Expecting value', 5],
    ['{"a":+1}', 'Expecting value', 5],
    ['{"💥":x}', 'Expecting value', 5],
  ];

  it.each(REASONS)('%j is refused with "%s" at %d, and is not echoed', async (text, reason, position) => {
    const entry = {
      loc: ['body', position],
      msg: expect.stringMatching(
        `^${reason.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}: line \\d+ column \\d+ \\(char ${position}\\)$`,
      ),
      type: 'value_error.jsondecode',
      ctx: { msg: reason, pos: position, lineno: expect.any(Number), colno: expect.any(Number) },
    };

    const seed = await send('/predict', { method: 'PUT', body: text });
    const own = await post('/models/adder/predictions', text);

    expect([seed.status, seed.json]).toEqual([422, { detail: [entry] }]);
    expect([own.status, own.json['status-code'], own.json.detail]).toEqual([422, 422, [entry]]);
  });

  it('is placed by line and column from 1', async () => {
    const { json } = await post('/predictions', '{\n "a": 1,\n "b": x}');

    expect(json.detail[0]).toMatchObject({ loc: ['body', 17], ctx: { lineno: 3, colno: 7 } });
    expect(json.detail[0].msg).toBe('Expecting value: line 3 column 7 (char 17)');
  });
});

describe('an error', () => {
  const CASES: [string, string, AskOptions, number][] = [
    ['ROUTE_NOT_FOUND', '/nope', {}, 404],
    ['METHOD_NOT_ALLOWED', '/runs', { method: 'DELETE' }, 405],
    ['MODEL_NOT_FOUND', '/models/nope', {}, 404],
    ['RUN_NOT_FOUND', '/runs/nope', {}, 404],
    ['PARAM_NOT_FOUND', '/params/nope', {}, 404],
    ['PERFORMANCE_NOT_FOUND', '/performance?filter=nope', {}, 404],
    ['BAD_URL', '/params/%ff', {}, 400],
    ['BAD_URL', '/runs?top=%ff', {}, 400],
    ['NOT_ACCEPTABLE', '/', { headers: { Accept: 'application/xml' } }, 406],
    [
      'UNSUPPORTED_MEDIA_TYPE',
      '/predictions',
      { method: 'POST', body: 'x', headers: { 'Content-Type': 'text/css' } },
      415,
    ],
    [
      'UNSUPPORTED_ENCODING',
      '/predictions',
      { method: 'POST', body: '{}', headers: { 'Content-Encoding': 'zstd' } },
      415,
    ],
    ['BODY_NOT_READABLE', '/predictions', { method: 'POST', body: Buffer.from([0x22, 0xff, 0x22]) }, 400],
    ['VALIDATION_FAILED', '/runs?top=x', {}, 422],
  ];

  it.each(CASES)('%s is the envelope with its sentence, at %s', async (code, path, options, status) => {
    const { headers, json, ...answer } = await send(path, options);

    expect([answer.status, headers['x-error-code']]).toEqual([status, code]);
    expect(Object.keys(json)).toEqual(['message', 'method', 'status-code', 'timestamp', 'url', 'detail']);
    expect(json['status-code']).toBe(status);
    if (status !== 422) expect(json.detail).toBe(json.message);
  });

  it.each(CASES)('%s is RFC 9457 for a client that asks for it, at %s', async (code, path, options, status) => {
    // The one that asks for XML too cannot be told from this one.
    if (code === 'NOT_ACCEPTABLE') return;
    const problemJson = { Accept: 'application/problem+json' };
    const plain = await send(path, options);

    const { headers, json, ...answer } = await send(path, {
      ...options,
      headers: { ...options.headers, ...problemJson },
    });

    expect(answer.status).toBe(status);
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(json).toMatchObject({ type: `urn:bestrun:error:${code}`, status, code, instance: plain.json.url });
    expect(json.request_id).toBe(headers['x-request-id']);
    expect(typeof json.title).toBe('string');
    if (status === 422) expect(json.errors).toEqual(plain.json.detail);
    else expect(json.detail).toBe(plain.json.detail);
  });

  it('of the routes of 2021 is RFC 9457 too when asked for', async () => {
    const { status, json } = await send('/predict', {
      method: 'POST',
      body: { texts: [] },
      headers: { Accept: 'application/problem+json' },
    });

    expect([status, json.status, json.code]).toEqual([422, 422, 'VALIDATION_FAILED']);
    expect(json.errors).toEqual([
      { loc: ['body', 'texts'], msg: 'List of texts to classify cannot be empty.', type: 'value_error' },
    ]);
  });

  it('repeats no more than a little of what the client said', async () => {
    const long = 'x'.repeat(100_000);

    for (const body of [
      { inputs: [{ a: 1 }], model: long },
      { inputs: [{ a: 1 }], run_id: long },
    ]) {
      const { status, text } = await post('/predictions', body);
      expect(status).toBe(404);
      expect(text.length).toBeLessThan(2_000);
    }
  });

  it('names no file, no path and no engine, even when the model itself fails', async () => {
    const answers = [
      await send('/runs/..%2f..%2frun.json'),
      await post('/runs/adder-failed/predictions', { inputs: [{ a: 1, b: 2 }] }),
      await send('/models/texts/predictions?text=%00'),
    ];

    for (const { text, status } of answers) {
      expect(status).not.toBe(500);
      expect(text).not.toContain(store.folder);
      expect(text).not.toMatch(/onnx(runtime)?[/_-]?node|node_modules|\.ts:|\.js:|Error:/);
    }
  });
});
