import { ask } from '../../support/http/ask.js';
import type { Answer, AskOptions } from '../../support/http/ask.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import type { Json } from '../../support/http/get-json.js';

/** The routes of the documents this API grew from, on the models that ship with the project. */
let app: TestApp;
let titanicRuns: string[];
let tagRuns: string[];

const get = (path: string, options: AskOptions = {}) => ask(app.baseUrl, path, options);
const post = (path: string, body: unknown) => ask(app.baseUrl, path, { method: 'POST', body });
const put = (path: string, body: unknown) => ask(app.baseUrl, path, { method: 'PUT', body });

beforeAll(async () => {
  app = await createTestApp();
  const idsOf = async (model: string) =>
    (await get(`/models/${model}/runs`)).json.data.runs
      .filter(({ verdict }: Json) => verdict.eligible)
      .map(({ run_id }: Json) => run_id) as string[];
  titanicRuns = await idsOf('titanic-survival');
  tagRuns = await idsOf('project-tags');
});

afterAll(() => app.close());

const missing = (...loc: string[]) => ({ loc, msg: 'field required', type: 'value_error.missing' });
const notFloat = (source: string) => ({
  loc: [source, 'age'],
  msg: 'value is not a valid float',
  type: 'type_error.float',
});
const notText = { loc: ['body', 'sex'], msg: 'str type expected', type: 'type_error.str' };
const isNone = (...loc: string[]) => ({
  loc,
  msg: 'none is not an allowed value',
  type: 'type_error.none.not_allowed',
});

/** A 422 of these routes is its list of problems and nothing else. */
function expectProblems(answer: Answer, detail: unknown[]): void {
  expect([answer.status, answer.json]).toEqual([422, { detail }]);
  expect(answer.headers['x-error-code']).toBe('VALIDATION_FAILED');
}

describe('GET /predict', () => {
  it.each([
    ['age=10&sex=M', '{"survived":0}'],
    ['age=15&sex=F', '{"survived":1}'],
    ['age=9&sex=M', '{"survived":1}'],
    ['age=9.5&sex=M', '{"survived":1}'],
    ['age=9.0&sex=M', '{"survived":1}'],
    ['age=%2010%20&sex=M', '{"survived":0}'],
    ['age=0010&sex=M', '{"survived":0}'],
    ['age=%2B9&sex=M', '{"survived":1}'],
    ['age=1_0&sex=M', '{"survived":0}'],
    ['age=12345678901234567890123&sex=M', '{"survived":0}'],
    ['age=-5&sex=M', '{"survived":1}'],
    ['age=9&age=50&sex=M', '{"survived":0}'],
    ['age=10&sex=M&more=1', '{"survived":0}'],
    ['sex=M&age=10', '{"survived":0}'],
  ])('answers %s with exactly %s', async (query, text) => {
    const answer = await get(`/predict?${query}`);

    expect([answer.status, answer.text]).toEqual([200, text]);
  });

  it.each(['f', 'female', 'male', '', 'zzz'])('takes any text for sex, as it always did: "%s"', async (sex) => {
    const answer = await get(`/predict?age=30&sex=${sex}`);

    expect([answer.status, Object.keys(answer.json)]).toEqual([200, ['survived']]);
    expect([0, 1]).toContain(answer.json.survived);
  });

  it.each(['abc', '', '%20', '1e1', '0x10', 'true', 'null', 'NaN', 'Infinity', '1e400', '1_', '9,5', '%D9%A3'])(
    'refuses age=%s instead of guessing a number',
    async (age) => {
      expectProblems(await get(`/predict?age=${age}&sex=M`), [notFloat('query')]);
    },
  );

  it('names each missing field, in their order', async () => {
    expectProblems(await get('/predict?age=10'), [missing('query', 'sex')]);
    expectProblems(await get('/predict?sex=M'), [missing('query', 'age')]);
  });

  it('names the models and their fields when no field is given', async () => {
    const { status, json } = await get('/predict');

    expect(status).toBe(422);
    expect(json.detail).toEqual([missing('query', 'age'), missing('query', 'sex')]);
    expect(json.candidates).toEqual({
      'project-tags': ['text'],
      'titanic-survival': ['age', 'sex', 'pclass'],
      'written-digits': ['image', 'pixels'],
    });
  });

  it('names the models and their fields when the fields belong to two of them', async () => {
    const { status, json } = await get('/predict?age=10&text=hello');

    expect(status).toBe(422);
    expect(json.detail).toEqual([
      { loc: ['query'], msg: expect.stringContaining('age, sex, pclass'), type: 'value_error.model' },
    ]);
    expect(Object.keys(json.candidates)).toEqual(['project-tags', 'titanic-survival', 'written-digits']);
  });

  it('is kept by nobody and read by no other page', async () => {
    const { headers } = await get('/predict?age=10&sex=M');

    expect(headers['cache-control']).toBe('no-store');
    expect(headers['referrer-policy']).toBe('no-referrer');
  });
});

describe('PUT /predict', () => {
  it('takes a JSON text without a content type, as the tutorial sends it', async () => {
    const answer = await put('/predict', '{"age":10,"sex":"F"}');

    expect([answer.status, answer.text]).toEqual([200, '{"survived":1}']);
  });

  it.each<[string, string]>([
    ['{"age":10,"sex":"F"}', '{"survived":1}'],
    ['{"age":10,"sex":"M"}', '{"survived":0}'],
    ['{"age":"9","sex":"M"}', '{"survived":1}'],
    ['{"age":9.5,"sex":"M"}', '{"survived":1}'],
    ['{"age":9.0,"sex":"M"}', '{"survived":1}'],
    ['{"age":"9.0","sex":"M"}', '{"survived":1}'],
    ['{"age":10,"sex":"F","more":{"x":1}}', '{"survived":1}'],
    ['{"age":1,"age":50,"sex":"M"}', '{"survived":0}'],
    ['{"age":50,"sex":"f"}', '{"survived":0}'],
    ['\uFEFF{"age":10,"sex":"F"}', '{"survived":1}'],
    ['  {"age":10,\n"sex":"F"}\r\n', '{"survived":1}'],
    ['{"age":10,"sex":"F","__proto__":{"age":1},"constructor":2}', '{"survived":1}'],
  ])('answers %s with exactly %s', async (body, text) => {
    const answer = await put('/predict', body);

    expect([answer.status, answer.text]).toEqual([200, text]);
  });

  it.each<[string, unknown[]]>([
    ['{"age":true,"sex":"F"}', [notFloat('body')]],
    ['{"age":[1],"sex":"F"}', [notFloat('body')]],
    ['{"age":{},"sex":"F"}', [notFloat('body')]],
    ['{"age":"","sex":"F"}', [notFloat('body')]],
    ['{"age":"1e1","sex":"F"}', [notFloat('body')]],
    ['{"age":1e400,"sex":"F"}', [notFloat('body')]],
    [`{"age":${'9'.repeat(400)},"sex":"F"}`, [notFloat('body')]],
    ['{"age":"NaN","sex":"F"}', [notFloat('body')]],
    ['{"age":null,"sex":"F"}', [isNone('body', 'age')]],
    ['{"age":10,"sex":1}', [notText]],
    ['{"age":10,"sex":["F"]}', [notText]],
    ['{"age":10,"sex":true}', [notText]],
    ['{"age":10,"sex":null}', [isNone('body', 'sex')]],
    ['{"age":"x","sex":1}', [notFloat('body'), notText]],
    ['{"age":10}', [missing('body', 'sex')]],
    ['{"sex":"M"}', [missing('body', 'age')]],
    ['{"__proto__":{"age":10,"sex":"F"},"age":10}', [missing('body', 'sex')]],
    ['"str"', [{ loc: ['body'], msg: 'value is not a valid dict', type: 'type_error.dict' }]],
    ['1', [{ loc: ['body'], msg: 'value is not a valid dict', type: 'type_error.dict' }]],
    ['true', [{ loc: ['body'], msg: 'value is not a valid dict', type: 'type_error.dict' }]],
    ['null', [missing('body')]],
    ['', [missing('body')]],
  ])('refuses %s', async (body, detail) => {
    expectProblems(await put('/predict', body), detail);
  });

  it.each(['{}', '[]', '[{"age":10,"sex":"F"}]'])(
    'counts %s as no field at all, and names the models',
    async (body) => {
      const { status, json } = await put('/predict', body);

      expect(status).toBe(422);
      expect(json.detail).toEqual([missing('body', 'age'), missing('body', 'sex')]);
      expect(Object.keys(json.candidates)).toEqual(['project-tags', 'titanic-survival', 'written-digits']);
    },
  );

  it('gives the same answer however often it is repeated', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => put('/predict', { age: 10, sex: 'F' })));

    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['{"survived":1}']));
  });
});

describe.each(['/predict', '/prediction'])('POST %s', (path) => {
  it('tags texts with the best run of the default model, in their order', async () => {
    const texts = [
      { text: 'Transfer learning with transformers for self-supervised learning.', run_id: 'ignored' },
      { text: 'Generative adversarial networks in both PyTorch and TensorFlow.' },
    ];

    const { status, json } = await post(path, { texts, more: 1 });

    expect(status).toBe(200);
    expect(Object.keys(json)).toEqual(['message', 'method', 'status-code', 'timestamp', 'url', 'data']);
    expect(json).toMatchObject({ message: 'OK', method: 'POST', 'status-code': 200 });
    expect(json.data).toMatchObject({ model: 'project-tags', run_id: tagRuns[0] });
    expect(json.data.predictions.map(({ input_text }: Json) => input_text)).toEqual(texts.map(({ text }) => text));
    expect(json.data.predictions[0]).toMatchObject({
      preprocessed_text: 'transfer learning transformers self supervised learning',
      predicted_tags: expect.arrayContaining(['transformers', 'transfer-learning']),
    });
    expect(json.data.predictions[1].preprocessed_text).toBe('generative adversarial networks pytorch tensorflow');
  });

  it.each([
    [
      '{"texts":[{"text":""}]}',
      '{"detail":[{"loc":["body","texts",0,"text"],"msg":"ensure this value has at least 1 characters","type":"value_error.any_str.min_length","ctx":{"limit_value":1}}]}',
    ],
    [
      '{"texts":[]}',
      '{"detail":[{"loc":["body","texts"],"msg":"List of texts to classify cannot be empty.","type":"value_error"}]}',
    ],
  ])('answers %s with the bytes that the lesson prints', async (body, text) => {
    const answer = await ask(app.baseUrl, path, {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/json' },
    });

    expect([answer.status, answer.text]).toEqual([422, text]);
  });

  const noList = [{ loc: ['body', 'texts'], msg: 'value is not a valid list', type: 'type_error.list' }];
  const atItem = (index: number, msg: string, type: string) => ({ loc: ['body', 'texts', index], msg, type });
  const atText = (index: number, msg: string, type: string, ctx?: object) => ({
    loc: ['body', 'texts', index, 'text'],
    msg,
    type,
    ...(ctx && { ctx }),
  });
  const tooShort = (index: number) =>
    atText(index, 'ensure this value has at least 1 characters', 'value_error.any_str.min_length', { limit_value: 1 });

  it.each<[string, unknown[]]>([
    ['{"texts":[{}]}', [atText(0, 'field required', 'value_error.missing')]],
    ['{"texts":[{"text":null}]}', [atText(0, 'none is not an allowed value', 'type_error.none.not_allowed')]],
    ['{"texts":[{"text":1}]}', [atText(0, 'str type expected', 'type_error.str')]],
    ['{"texts":[{"text":true}]}', [atText(0, 'str type expected', 'type_error.str')]],
    ['{"texts":["plain"]}', [atItem(0, 'value is not a valid dict', 'type_error.dict')]],
    ['{"texts":[[]]}', [atItem(0, 'value is not a valid dict', 'type_error.dict')]],
    ['{"texts":[null]}', [atItem(0, 'none is not an allowed value', 'type_error.none.not_allowed')]],
    ['{"texts":[{"text":"ok"},{"text":""},{"text":""}]}', [tooShort(1), tooShort(2)]],
    ['{"texts":"abc"}', noList],
    ['{"texts":{}}', noList],
    ['{"texts":5}', noList],
    ['{"texts":null}', [isNone('body', 'texts')]],
    ['{}', [missing('body', 'texts')]],
    ['[]', [missing('body', 'texts')]],
    ['null', [missing('body')]],
    ['', [missing('body')]],
    ['"x"', [{ loc: ['body'], msg: 'value is not a valid dict', type: 'type_error.dict' }]],
  ])('refuses %s', async (body, detail) => {
    expectProblems(await post(path, body), detail);
  });

  it('predicts for a text of which cleaning leaves nothing', async () => {
    const { status, json } = await post(path, { texts: [{ text: '   ' }, { text: 'The and of' }] });

    expect(status).toBe(200);
    expect(
      json.data.predictions.map((row: Json) => [row.preprocessed_text, Array.isArray(row.predicted_tags)]),
    ).toEqual([
      ['', true],
      ['', true],
    ]);
  });

  it('refuses a body in single quotes as no JSON', async () => {
    const { status, json } = await post(path, "{'name': 'RoBERTa'}");

    expect([status, json.detail[0].loc, json.detail[0].type]).toEqual([422, ['body', 1], 'value_error.jsondecode']);
  });
});

describe('POST /runs/{run_id}/predict', () => {
  it('predicts with that run and says so', async () => {
    for (const run of tagRuns) {
      const { json } = await post(`/runs/${run}/predict`, { texts: [{ text: 'Transfer learning with BERT.' }] });

      expect(json.data).toMatchObject({ run_id: run, predictions: [{ preprocessed_text: 'transfer learning bert' }] });
    }
  });

  it('checks the body before it looks for the run', async () => {
    expectProblems(await post('/runs/nope/predict', { texts: null }), [isNone('body', 'texts')]);
  });

  it('answers 404 with "Invalid run ID" for a run nobody trained', async () => {
    const { status, headers, json } = await post('/runs/nope/predict', { texts: [{ text: 'a' }] });

    expect([status, json['status-code'], headers['x-error-code']]).toEqual([404, 404, 'RUN_NOT_FOUND']);
    expect(json.message).toContain('Invalid run ID');
  });

  it('says where to go when the run takes no texts', async () => {
    const { status, json } = await post(`/runs/${titanicRuns[0]}/predict`, { texts: [{ text: 'a' }] });

    expect(status).toBe(422);
    expect(json.detail[0].msg).toContain('/models/titanic-survival/predictions');
  });

  it('answers GET with 405', async () => {
    const { status, headers } = await get(`/runs/${tagRuns[0]}/predict`);

    expect([status, headers.allow]).toEqual([405, 'OPTIONS, POST']);
  });
});

describe('the short routes of the default model', () => {
  it('GET / has empty data, the six keys in order and the address as asked', async () => {
    const { status, json } = await get('/?x=1');

    expect(status).toBe(200);
    expect(Object.keys(json)).toEqual(['message', 'method', 'status-code', 'timestamp', 'url', 'data']);
    expect(json).toMatchObject({
      message: 'OK',
      method: 'GET',
      'status-code': 200,
      url: `${app.baseUrl}/?x=1`,
      data: {},
    });
    expect(json.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('GET /runs?top=1 lists the best run, and its detail shows performance', async () => {
    const list = (await get('/runs?top=1')).json.data;
    const detail = (await get(`/runs/${list.runs[0].run_id}`)).json.data;

    expect([list.total, list.runs.length, list.runs[0].run_id]).toEqual([1, 1, tagRuns[0]]);
    expect(detail.run_id).toBe(tagRuns[0]);
    expect(Object.keys(detail.performance)).toEqual(expect.arrayContaining(['overall', 'class', 'slices']));
  });

  it('GET /performance?filter=overall has the four numbers under its own name', async () => {
    const { json } = await get('/performance?filter=overall');

    expect(Object.keys(json.data)).toEqual(['overall']);
    for (const key of ['precision', 'recall', 'f1', 'num_samples'])
      expect(typeof json.data.overall[key]).toBe('number');
  });

  it('GET /performance has the whole report', async () => {
    const { json } = await get('/performance');

    expect(Object.keys(json.data)).toEqual(['performance']);
    expect(Object.keys(json.data.performance)).toEqual(expect.arrayContaining(['overall', 'class', 'slices']));
  });

  it('GET /params/{param} has the value with its JSON type under its own name', async () => {
    const { params } = (await get('/params')).json.data;

    expect(Object.keys(params).length).toBeGreaterThan(5);
    for (const [name, value] of Object.entries(params)) {
      expect((await get(`/params/${encodeURIComponent(name)}`)).json.data).toEqual({ [name]: value });
    }
    expect(typeof params.seed).toBe('number');
  });

  it('refuses what is not there with 404, naming what is', async () => {
    for (const path of [
      '/performance?filter=nope',
      '/performance?filter=overall.f1.x',
      '/params/nope',
      '/params/SEED',
    ]) {
      const { status, json } = await get(path);

      expect([path, status, json['status-code']]).toEqual([path, 404, 404]);
      expect(json.message).toMatch(/overall|seed/);
    }
  });
});
