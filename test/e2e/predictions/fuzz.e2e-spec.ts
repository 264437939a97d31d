import fc from 'fast-check';

import type { TestStore } from '../../support/stores/build-store.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { ask } from '../../support/http/ask.js';
import type { Answer, AskOptions } from '../../support/http/ask.js';
import { tinyStore } from '../../support/stores/tiny-runs.js';

/**
 * Cases of each kind, and where they begin: always the same here, others each day in the soak tests. A failure prints the
 * seed and the smallest case; put the seed here to see it again.
 */
const RUNS = { numRuns: Number(process.env.FUZZ_RUNS ?? 100), seed: Number(process.env.FUZZ_SEED ?? 20_261_125) };

const ROUTES = [
  '/',
  '/health',
  '/livez',
  '/readyz',
  '/models',
  '/models/adder',
  '/models/adder/selection',
  '/models/every-field/schema',
  '/models/adder/performance',
  '/models/adder/params',
  '/models/adder/params/seed',
  '/models/adder/runs',
  '/models/every-field/predictions',
  '/performance',
  '/params',
  '/params/lr',
  '/runs',
  '/runs/adder-best',
  '/runs/adder-best/performance',
  '/runs/adder-best/params',
  '/runs/adder-best/params/lr',
  '/runs/adder-second/predictions',
  '/runs/texts-1/predict',
  '/predictions',
  '/predict',
  '/prediction',
] as const;

let store: TestStore;
let app: TestApp;

beforeAll(async () => {
  store = tinyStore();
  app = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'texts', BODY_LIMIT_BYTES: '65536' });
});

afterAll(async () => {
  await app.close();
  store.remove();
});

// --- what clients may send ---------------------------------------------------------------------------------------------

const nasty = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  'a',
  'b',
  'text',
  'texts',
  'inputs',
  'include',
  'model',
  'run_id',
  'adder',
  'adder-second',
  '',
  ' ',
  '0x10',
  '1e1',
  '1e400',
  '-0',
  'NaN',
  '9007199254740993',
  '99999999999999999999999999',
  '\u0000',
  '\ud800',
  '../../package.json',
  '💥',
);

const scalar = fc.oneof(
  nasty,
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.maxSafeInteger(),
);

const { value: anyJson } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(nasty, fc.string()), tie('value'), { maxKeys: 4 }),
  ),
}));

const everyField = fc.record(
  {
    a: fc.oneof(fc.integer({ min: -1000, max: 1000 }), scalar),
    b: scalar,
    count: scalar,
    flag: scalar,
    word: scalar,
    code: scalar,
    sex: fc.oneof(fc.constantFrom('F', 'M'), scalar),
    day: fc.oneof(fc.constantFrom('2026-02-30', '2026-01-01'), scalar),
    moment: fc.oneof(fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T25:00'), scalar),
    id: scalar,
    list: fc.oneof(fc.array(scalar, { maxLength: 5 }), scalar),
    maybe: scalar,
    text: scalar,
  },
  { requiredKeys: [] },
);

const requestBody = fc.record(
  {
    inputs: fc.oneof(fc.array(fc.oneof(everyField, anyJson), { maxLength: 4 }), anyJson),
    texts: fc.oneof(fc.array(fc.oneof(fc.record({ text: scalar }), anyJson), { maxLength: 4 }), anyJson),
    include: fc.oneof(fc.array(nasty, { maxLength: 3 }), anyJson),
    model: scalar,
    run_id: scalar,
  },
  { requiredKeys: [] },
);

const jsonText = fc.oneof(requestBody, everyField, anyJson).map((value) => JSON.stringify(value));

/** A text with one piece replaced: nearly JSON. */
const brokenText = fc
  .tuple(
    jsonText,
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.constantFrom('', '"', '{', ']', ',', '\\u12', 'NaN', '1e999', '\n', '﻿'),
  )
  .map(([text, at, length, piece]) => {
    const start = at % (text.length + 1);
    return text.slice(0, start) + piece + text.slice(start + length);
  });

const body = fc.oneof(
  { weight: 4, arbitrary: jsonText.map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: brokenText.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.constant(Buffer.alloc(0)) },
);

const method = fc.constantFrom(
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'HEAD',
  'OPTIONS',
  'DELETE',
  'PATCH',
  'TRACE',
  'SEARCH',
);

const query = fc
  .array(
    fc.tuple(
      fc.oneof(
        fc.constantFrom('top', 'limit', 'offset', 'sort', 'model', 'status', 'filter', 'a', 'sex', 'list'),
        nasty,
      ),
      fc.oneof(
        fc.constantFrom('1', 'rank', '-metrics.f1', 'params.lr', 'overall', 'class.node.js.f1', 'FINISHED'),
        scalar,
      ),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => pairs.map(([key, value]) => `${percent(key)}=${percent(String(value))}`).join('&'));

const rawQuery = fc.constantFrom(
  '%',
  '%ff',
  'a=%E0%A4%A',
  '&&&===',
  'a[b]=1',
  'top=1&top=2',
  '__proto__[x]=1',
  '?',
  '#',
  '%00',
);

const segment = fc.oneof(
  nasty.map(percent),
  fc.string().map(percent),
  fc.constantFrom('..', '.', '%2e%2e%2f', '%', '%ff', '..%5c', '%00', ''),
);

const oddHeaders = fc.record(
  {
    accept: fc.constantFrom(
      '*/*',
      'application/json',
      'application/problem+json',
      'application/xml',
      'text/html',
      ',;q=x',
      '',
    ),
    'content-type': fc.constantFrom(
      'application/json',
      'application/json; charset=utf-8',
      'application/json; charset=utf-16',
      'application/vnd.api+json',
      'text/plain',
      'multipart/form-data; boundary=x',
      'nonsense',
      ';',
      '',
    ),
    'content-encoding': fc.constantFrom('identity', 'gzip', 'deflate', 'br', 'zstd', 'gzip, gzip', ''),
    'x-request-id': fc.oneof(fc.constantFrom('ok-1', 'x'.repeat(129), 'a b'), fc.stringMatching(/^[ -~]{0,20}$/)),
    'x-forwarded-host': fc.constantFrom('evil.example', '[', ''),
    host: fc.constantFrom('localhost', 'a b', '[', '%', 'x:99999', ''),
    origin: fc.constantFrom('http://a.example', 'null', '[', ''),
    expect: fc.constantFrom('nonsense', ''),
    'if-none-match': fc.constantFrom('*', '"x"'),
    range: fc.constantFrom('bytes=0-1', 'x'),
  },
  { requiredKeys: [] },
);

/** Mostly ordinary ones, or few requests would come far. */
const headers = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ 'content-type': 'application/json' }) },
  { weight: 2, arbitrary: oddHeaders },
);

function percent(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

// --- what every answer must be -----------------------------------------------------------------------------------------

function expectDocumented(answer: Answer, options: AskOptions): void {
  expect(answer.status).toBeLessThan(500);
  expect(answer.headers['x-request-id']).toMatch(/^[\w.:-]{1,128}$/);
  if (options.method === 'HEAD' || [204, 304].includes(answer.status)) return expect(answer.text).toBe('');
  expect(answer.headers['content-type']).toMatch(/^application\/(problem\+)?json; charset=utf-8$/);
  expect(answer.text).not.toMatch(/node_modules|\/dist\/|at Object\./);
  if (answer.headers['content-type']!.startsWith('application/problem')) {
    return expect(answer.json).toMatchObject({ status: answer.status, code: answer.headers['x-error-code'] });
  }
  if (answer.status === 422 && !('status-code' in answer.json)) return expectProblemList(answer.json.detail);
  // The bare answers of GET and PUT /predict are a row of scalars.
  if (answer.status === 200 && !('status-code' in answer.json)) return;
  expect(Object.keys(answer.json)).toEqual([
    'message',
    'method',
    'status-code',
    'timestamp',
    'url',
    answer.status < 400 ? 'data' : 'detail',
  ]);
  expect(answer.json['status-code']).toBe(answer.status);
  if (answer.status === 422) expectProblemList(answer.json.detail);
}

function expectProblemList(detail: unknown): void {
  expect(Array.isArray(detail)).toBe(true);
  for (const { loc, msg, type } of detail as { loc: unknown[]; msg: unknown; type: unknown }[]) {
    expect(['body', 'query']).toContain(loc[0]);
    expect(typeof msg).toBe('string');
    expect(typeof type).toBe('string');
  }
}

describe('whatever a client sends', () => {
  it.each(ROUTES)('%s answers with a documented JSON answer', async (route) => {
    const address = fc.tuple(
      fc.oneof(
        { weight: 4, arbitrary: fc.constant('') },
        segment.map((s) => `/${s}`),
      ),
      fc.oneof(query, rawQuery),
    );

    await fc.assert(
      fc.asyncProperty(method, address, headers, body, async (verb, [more, search], given, bytes) => {
        const path = `${route === '/' && more ? '' : route}${more}?${search}`;
        const options: AskOptions = { method: verb, headers: given, body: bytes, timeoutMs: 30_000 };
        expectDocumented(await ask(app.baseUrl, path, options), options);
      }),
      RUNS,
    );

    const after = await ask(app.baseUrl, '/models/adder/predictions', {
      method: 'POST',
      body: { inputs: [{ a: 1, b: 2 }] },
    });
    expect(after.json.data.predictions).toEqual([{ sum: 3 }]);
  });
});
