import { ask } from '../../support/http/ask.js';
import type { AskOptions } from '../../support/http/ask.js';
import type { TestStore } from '../../support/stores/build-store.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import type { Json } from '../../support/http/get-json.js';
import { tinyStore } from '../../support/stores/tiny-runs.js';
import { until } from '../../support/until.js';

let store: TestStore;
let app: TestApp;

beforeAll(async () => {
  store = tinyStore();
  app = await createTestApp({ MODELS_DIR: store.folder, DEFAULT_MODEL: 'texts', BODY_LIMIT_BYTES: '2048' });
});

afterAll(async () => {
  await app.close();
  store.remove();
});

const send = (path: string, options?: AskOptions) => ask(app.baseUrl, path, options);

const READ = 'GET, HEAD, OPTIONS';
const ALLOWED: [string, string][] = [
  ['/', READ],
  ['/health', READ],
  ['/livez', READ],
  ['/readyz', READ],
  ['/models', READ],
  ['/models/adder', READ],
  ['/models/adder/selection', READ],
  ['/models/adder/history', READ],
  ['/models/adder/pin', 'DELETE, OPTIONS, PUT'],
  ['/models/adder/rollback', 'OPTIONS, POST'],
  ['/models/adder/schema', READ],
  ['/models/adder/performance', READ],
  ['/models/adder/params', READ],
  ['/models/adder/params/seed', READ],
  ['/models/adder/runs', READ],
  ['/models/adder/predictions', 'GET, HEAD, OPTIONS, POST, PUT'],
  ['/runs', READ],
  ['/runs/adder-best', READ],
  ['/runs/adder-best/performance', READ],
  ['/runs/adder-best/params', READ],
  ['/runs/adder-best/params/seed', READ],
  ['/runs/adder-best/predictions', 'OPTIONS, POST, PUT'],
  ['/runs/adder-best/predict', 'OPTIONS, POST'],
  ['/predictions', 'OPTIONS, POST, PUT'],
  ['/performance', READ],
  ['/params', READ],
  ['/params/seed', READ],
  ['/predict', 'GET, HEAD, OPTIONS, POST, PUT'],
  ['/prediction', 'OPTIONS, POST'],
];

describe('methods', () => {
  it.each(ALLOWED)('%s answers 405 with Allow: %s for the others', async (path, allow) => {
    for (const method of [
      'PATCH',
      'TRACE',
      ...['DELETE', 'GET', 'POST', 'PUT'].filter((name) => !allow.includes(name)),
    ]) {
      const { status, headers, json } = await send(path, { method });

      expect([method, status, headers.allow]).toEqual([method, 405, allow]);
      expect(json).toMatchObject({ 'status-code': 405, method });
    }
  });

  it.each(ALLOWED)('%s answers OPTIONS with the same list', async (path, allow) => {
    const { status, headers, text } = await send(path, { method: 'OPTIONS' });

    expect([status, headers.allow, text]).toEqual([204, allow, '']);
  });

  it.each(ALLOWED.filter(([, allow]) => allow.includes('HEAD')))(
    '%s answers HEAD as GET without the body',
    async (path) => {
      const address = path.endsWith('predict') || path.endsWith('predictions') ? `${path}?a=1&b=2&text=x` : path;
      const lengthOf = ({ headers }: { headers: Json }) => Number(headers['content-length']);
      const got = await send(address);

      const head = await send(address, { method: 'HEAD' });

      expect([head.status, head.text]).toEqual([got.status, '']);
      expect(head.headers['content-type']).toBe(got.headers['content-type']);
      // The envelope names the method, which is one letter longer. Some answers tell the uptime, of as many digits as it
      // has just then, so that one pair of answers may differ by more.
      await until(async () => {
        const pair = [await send(address), await send(address, { method: 'HEAD' })] as const;
        return lengthOf(pair[1]) === lengthOf(pair[0]) + (got.json?.method === 'GET' ? 1 : 0);
      });
    },
  );

  it('an unknown path is 404 whatever the method, the body or the headers', async () => {
    const requests: AskOptions[] = [
      { method: 'DELETE' },
      { method: 'OPTIONS' },
      { method: 'POST', body: 'no JSON' },
      { method: 'POST', body: 'x'.repeat(5_000) },
      { method: 'POST', body: 'a=1', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
      { method: 'POST', body: 'x', headers: { 'Content-Encoding': 'gzip' } },
      { headers: { Accept: 'application/xml' } },
    ];
    for (const options of requests) {
      const { status, headers } = await send('/nope', options);
      expect([options, status, headers['x-error-code']]).toEqual([options, 404, 'ROUTE_NOT_FOUND']);
    }
  });

  it('a wrong method is 405 whatever the body', async () => {
    for (const body of ['no JSON', 'x'.repeat(5_000)]) {
      expect((await send('/predict', { method: 'DELETE', body })).status).toBe(405);
      expect((await send('/runs', { method: 'POST', body, headers: { 'Content-Type': 'text/css' } })).status).toBe(405);
    }
  });

  it('the server as a whole answers OPTIONS *', async () => {
    const { status, headers } = await send('*', { method: 'OPTIONS' });

    expect([status, headers.allow]).toEqual([204, 'DELETE, GET, HEAD, OPTIONS, POST, PUT']);
  });
});

describe('addresses', () => {
  it.each(['/RUNS', '/Predict?age=1&sex=M', '/models/ADDER', '/runs/ADDER-BEST'])(
    '%s is 404: case counts',
    async (path) => {
      expect((await send(path)).status).toBe(404);
    },
  );

  it.each(['/runs/', '/runs/?top=1', '/params/', '/models/adder/', '/health/'])(
    '%s works with its slash',
    async (path) => {
      const { status, json } = await send(path);

      expect([status, json.url]).toEqual([200, app.baseUrl + path]);
    },
  );

  it('the answer names the address as asked, without secrets', async () => {
    const { json } = await send('/runs?top=1&apikey=s3cret&API_KEY=s3cret&access_token=s3cret&x=%20');

    expect(json.url).toBe(`${app.baseUrl}/runs?top=1&apikey=***&API_KEY=***&access_token=***&x=%20`);
  });

  it('of a repeated query parameter the last value counts', async () => {
    expect((await send('/runs?top=5&top=1')).json.data.total).toBe(1);
    expect((await send('/runs?top=1&top=x')).status).toBe(422);
    expect((await send('/performance?filter=nope&filter=overall')).status).toBe(200);
  });

  it('a query in brackets is a parameter of that name, and so ignored', async () => {
    expect((await send('/runs?top[]=1&top[x]=1&top.y=1')).status).toBe(200);
  });
});

describe('what comes in', () => {
  const body = '{"inputs":[{"a":1,"b":2}]}';
  const post = (headers: Record<string, string>) =>
    send('/models/adder/predictions', { method: 'POST', body, headers });

  it.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json; charset=us-ascii',
    'application/vnd.api+json',
    'application/ld+json; profile=x',
    // What fetch() writes by itself on a string.
    'text/plain;charset=UTF-8',
  ])('Content-Type: %s is read as JSON', async (type) => {
    expect((await post({ 'Content-Type': type })).status).toBe(200);
  });

  it('no Content-Type is read as JSON', async () => {
    expect((await post({})).status).toBe(200);
  });

  it.each([
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'text/html',
    'application/xml',
    'application/jsonp',
    'application/json; charset=utf-16',
    'application/json; charset=latin1',
    'nonsense',
    '<script>',
  ])('Content-Type: %s is 415 and names application/json', async (type) => {
    const { status, json, headers } = await post({ 'Content-Type': type });

    expect([status, headers['x-error-code']]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect(json.message).toContain('application/json');
    expect(json.message).not.toContain('<');
  });

  it('a body over the configured limit is 413 and names the limit', async () => {
    const fits = `{"inputs":[{"a":1,"b":2}]}${' '.repeat(2048 - 26)}`;
    const over = `${fits} `;

    expect((await send('/models/adder/predictions', { method: 'POST', body: fits })).status).toBe(200);
    const { status, json, headers } = await send('/models/adder/predictions', { method: 'POST', body: over });
    expect([status, headers['x-error-code']]).toEqual([413, 'BODY_TOO_LARGE']);
    expect(json.message).toContain('2048 bytes');
  });

  it('a body of GET is not looked at', async () => {
    expect((await send('/livez', { body: 'not JSON' })).status).toBe(200);
  });
});

describe('what goes out', () => {
  it.each(['*/*', 'application/json', 'application/*', 'text/html, */*;q=0.1', 'application/problem+json'])(
    'Accept: %s gets JSON',
    async (accept) => {
      const { status, headers } = await send('/', { headers: { Accept: accept } });

      expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    },
  );

  it.each(['application/xml', 'text/html', 'text/csv', 'image/*', 'application/json;q=0'])(
    'Accept: %s gets 406 that names JSON',
    async (accept) => {
      const { status, headers, json } = await send('/runs', { headers: { Accept: accept } });

      expect([status, headers['x-error-code'], headers['content-type']]).toEqual([
        406,
        'NOT_ACCEPTABLE',
        'application/json; charset=utf-8',
      ]);
      expect(json.message).toContain('application/json');
    },
  );

  it.each(['/', '/nope', '/runs?top=x', '/predict?a=1&b=2'])(
    '%s says nothing of what runs behind and is kept by nobody',
    async (path) => {
      const { headers } = await send(path);

      expect(headers['x-powered-by']).toBeUndefined();
      expect(headers.server).toBeUndefined();
      expect(headers.etag).toBeUndefined();
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      // Only over https (RFC 6797, 7.2).
      expect(headers['strict-transport-security']).toBeUndefined();
      expect(headers['x-worker-id']).toBe('1');
    },
  );

  it.each(['/', '/nope', '/runs?top=x', '/params/%ff'])('%s carries a request id of ours', async (path) => {
    const first = await send(path);
    const second = await send(path);

    expect(first.headers['x-request-id']).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
  });

  it.each(['abc', 'a.b:c-d_1', 'x'.repeat(128)])("keeps the client's request id %.20s", async (id) => {
    for (const path of ['/', '/nope']) {
      expect((await send(path, { headers: { 'X-Request-Id': id } })).headers['x-request-id']).toBe(id);
    }
  });

  it.each(['a b', 'x'.repeat(129), '', '{"a":1}', 'é'])('makes its own id instead of %.20j', async (id) => {
    expect((await send('/', { headers: { 'X-Request-Id': id } })).headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
  });

  it('is the same twice, but for the time', async () => {
    for (const path of [
      '/models',
      '/runs',
      '/runs/adder-best',
      '/models/adder/selection',
      '/models/adder/predictions?a=1&b=2',
    ]) {
      expect((await send(path)).json.data).toEqual((await send(path)).json.data);
    }
  });
});

describe('pages of other origins', () => {
  const origin = { Origin: 'https://app.example' };
  const preflight = {
    ...origin,
    'Access-Control-Request-Method': 'PUT',
    'Access-Control-Request-Headers': 'content-type,x-request-id',
  };

  it('may call and read everything unless the operator says otherwise', async () => {
    for (const path of ['/', '/nope', '/runs?top=x', '/predict?a=1&b=2']) {
      const { headers } = await send(path, { headers: origin });
      expect(headers['access-control-allow-origin']).toBe('*');
      expect(headers['access-control-expose-headers']).toContain('X-Request-Id');
    }
  });

  it('may read which methods are allowed: the message of a 405 says that the Allow header has them', async () => {
    const { status, headers } = await send('/models', { method: 'DELETE', headers: origin });

    expect([status, headers.allow]).toEqual([405, expect.stringContaining('GET')]);
    expect((headers['access-control-expose-headers'] as string).split(',')).toContain('Allow');
  });

  it('learn in a preflight what they may send', async () => {
    const { status, headers } = await send('/predict', { method: 'OPTIONS', headers: preflight });

    expect(status).toBe(204);
    expect(headers['access-control-allow-methods']).toBe('GET,HEAD,POST,PUT,DELETE');
    expect(headers['access-control-allow-headers']).toBe('content-type,x-request-id');
    expect(headers['access-control-max-age']).toBe('600');
  });

  it('are let in or left out by the list of the operator, errors included', async () => {
    const strict = await createTestApp({
      MODELS_DIR: store.folder,
      CORS_ORIGINS: 'https://app.example, http://localhost:3000',
    });
    try {
      for (const path of ['/', '/nope', '/runs?top=x']) {
        const known = await ask(strict.baseUrl, path, { headers: origin });
        const unknown = await ask(strict.baseUrl, path, { headers: { Origin: 'https://evil.example' } });
        expect(known.headers['access-control-allow-origin']).toBe('https://app.example');
        expect(known.headers.vary).toContain('Origin');
        expect(unknown.headers['access-control-allow-origin']).toBeUndefined();
      }
      const refused = await ask(strict.baseUrl, '/predict', {
        method: 'OPTIONS',
        headers: { ...preflight, Origin: 'https://evil.example' },
      });
      expect(refused.headers['access-control-allow-origin']).toBeUndefined();
    } finally {
      await strict.close();
    }
  });

  it('are left out altogether where the operator wants none', async () => {
    const closed = await createTestApp({ MODELS_DIR: store.folder, CORS_ORIGINS: '' });
    try {
      const { status, headers } = await ask(closed.baseUrl, '/', { headers: origin });
      expect([status, headers['access-control-allow-origin']]).toEqual([200, undefined]);
    } finally {
      await closed.close();
    }
  });
});

describe('behind a proxy', () => {
  it('believes its forwarded headers only when told to', async () => {
    const behind = await createTestApp({ MODELS_DIR: store.folder, TRUST_PROXY: 'true' });
    const headers = { 'X-Forwarded-Host': 'api.example', 'X-Forwarded-Proto': 'https' };
    try {
      expect((await ask(behind.baseUrl, '/runs?top=1', { headers })).json.url).toBe('https://api.example/runs?top=1');
      expect((await send('/runs?top=1', { headers })).json.url).toBe(`${app.baseUrl}/runs?top=1`);
      for (const path of ['/runs?top=1', '/predict?a=1&b=2']) {
        const { headers: over } = await ask(behind.baseUrl, path, { headers });
        const { headers: plain } = await ask(behind.baseUrl, path);
        expect([over, plain].map((each) => each['strict-transport-security'])).toEqual(['max-age=31536000', undefined]);
      }
    } finally {
      await behind.close();
    }
  });

  it('uses its public address where it has one', async () => {
    const named = await createTestApp({ MODELS_DIR: store.folder, PUBLIC_URL: 'https://api.example/ml/' });
    try {
      const { json, headers } = await ask(named.baseUrl, '/runs?limit=1');
      expect(json.url).toBe('https://api.example/ml/runs?limit=1');
      expect(headers.link).toContain('<https://api.example/ml/runs?limit=1&offset=1>; rel="next"');
    } finally {
      await named.close();
    }
  });
});
