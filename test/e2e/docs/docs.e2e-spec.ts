import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { ask } from '../../support/http/ask.js';

describe('the documentation pages', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await createTestApp();
  });
  afterAll(() => app.close());

  it('has a Swagger UI with the title that FastAPI’s pages have', async () => {
    const { status, headers, text } = await page(app, '/docs');

    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(text).toContain('<title>bestrun - Swagger UI</title>');
  });

  it('has a ReDoc page', async () => {
    const { status, text } = await page(app, '/redoc');

    expect(status).toBe(200);
    expect(text).toContain('<title>bestrun - ReDoc</title>');
  });

  it.each(['/docs', '/redoc'])('allows %s nothing from elsewhere and no script in the page', async (path) => {
    const { headers, text } = await page(app, path);
    const policy = new Map((headers.get('content-security-policy') ?? '').split('; ').map((part) => split(part)));

    expect(policy.get('default-src')).toBe("'none'");
    expect(policy.get('script-src')).toBe("'self'");
    expect(policy.get('connect-src')).toBe("'self'");
    expect(policy.get('img-src')).toBe("'self' data:");
    expect(policy.get('frame-ancestors')).toBe("'none'");
    expect(policy.has('font-src')).toBe(false);
    expect(text).not.toMatch(/https?:|<script>|\son\w+=|\sstyle=/);
  });

  it('lets no style of Swagger UI be written into the page', async () => {
    const { headers } = await page(app, '/docs');

    expect(headers.get('content-security-policy')).not.toContain('unsafe');
  });

  it.each(['/docs', '/redoc'])('serves everything that %s loads, to be kept for good', async (path) => {
    const { text } = await page(app, path);
    const addresses = [...text.matchAll(/(?:src|href)="(\/[^"]*\/assets\/[^"]*)"/g)].map((match) => match[1]!);

    expect(addresses.length).toBeGreaterThan(1);
    for (const address of addresses) {
      const { status, headers, text: content } = await page(app, address);
      expect([address, status]).toEqual([address, 200]);
      expect(headers.get('content-type')).toMatch(/^text\/(javascript|css); charset=utf-8$/);
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(headers.get('content-encoding')).toBe('gzip');
      expect(content.length).toBeGreaterThan(10);
    }
  });

  it('sends files as they are to clients that take no compression, and not for good without the version', async () => {
    const answer = await fetch(`${app.baseUrl}/docs/assets/pages.css`, { headers: { 'accept-encoding': 'identity' } });

    expect(await answer.text()).toContain('margin: 0');
    expect(answer.headers.get('content-encoding')).toBeNull();
    expect(answer.headers.get('cache-control')).toBe('no-cache');
  });

  it.each([
    '/docs/assets/nope.js',
    '/docs/assets/..%2fmain.js',
    '/docs/assets/%2e%2e%2fmain.js',
    '/redoc/assets/swagger-ui-bundle.js.gz',
    '/docs/assets/__proto__',
  ])('has nothing else at %s', async (address) => {
    const { status, json } = await ask(app.baseUrl, address);

    expect(status).toBe(404);
    expect(json['status-code']).toBe(404);
  });

  it('asks for nothing from the internet in the files it serves to ReDoc', async () => {
    const { text } = await page(app, '/redoc/assets/redoc.standalone.js');

    expect(text).not.toContain('cdn.redoc.ly');
  });
});

describe.each(['/openapi.json', '/postman.json'])('GET %s', (path) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await createTestApp();
  });
  afterAll(() => app.close());

  it('answers JSON without envelope', async () => {
    const { status, headers, json } = await ask(app.baseUrl, path);

    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(json).toHaveProperty('info');
    expect(json).not.toHaveProperty('status-code');
  });

  it('has a strong ETag and answers 304 to a client that has it', async () => {
    const { headers } = await ask(app.baseUrl, path);
    const again = await ask(app.baseUrl, path, { headers: { 'if-none-match': headers.etag! } });
    const other = await ask(app.baseUrl, path, { headers: { 'if-none-match': '"old"' } });

    expect(headers.etag).toMatch(/^"[\w-]{20,}"$/);
    expect(headers['cache-control']).toBe('no-cache');
    expect([again.status, again.text]).toEqual([304, '']);
    expect(other.status).toBe(200);
  });

  it('answers HEAD with the same headers', async () => {
    const { headers } = await ask(app.baseUrl, path);
    const head = await ask(app.baseUrl, path, { method: 'HEAD' });

    expect([head.status, head.headers.etag, head.text]).toEqual([200, headers.etag, '']);
  });
});

async function page({ baseUrl }: TestApp, path: string) {
  const answer = await fetch(baseUrl + path, { headers: { accept: 'text/html,*/*' } });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

function split(part: string): [string, string] {
  const [directive, ...sources] = part.split(' ');
  return [directive!, sources.join(' ')];
}
