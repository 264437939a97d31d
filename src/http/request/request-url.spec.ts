import { baseUrl, requestUrl } from './request-url.js';
import type { RequestHead } from './request-head.js';

const head = (headers: Record<string, string>, url = '/a', isEncrypted = false): RequestHead => ({
  method: 'GET',
  url,
  headers,
  connection: { remoteAddress: '127.0.0.1', localPort: 5000, isEncrypted },
});
const PROXIED = { host: 'inner:5000', 'x-forwarded-proto': 'https, http', 'x-forwarded-host': 'api.example, b' };
const SCRIPTED = { host: 'inner:5000', 'x-forwarded-proto': 'javascript' };

describe('the address of a request', () => {
  it.each([
    ['the Host header', { host: 'a.example:8080' }, false, 'http://a.example:8080'],
    ['the port it came to, for a host that is none', { host: 'a b' }, false, 'http://localhost:5000'],
    ['the port it came to, without a host', {}, false, 'http://localhost:5000'],
    ['the Host header, whatever a proxy nobody trusts says', PROXIED, false, 'http://inner:5000'],
    ['the first proxy', PROXIED, true, 'https://api.example'],
    ['one of so many proxies', PROXIED, 1, 'https://api.example'],
    ['a proxy at a trusted address', PROXIED, ['loopback'], 'https://api.example'],
    ['the Host header, whatever a proxy at another address says', PROXIED, ['10.0.0.0/8'], 'http://inner:5000'],
    ['the Host header and http, for a scheme of something else', SCRIPTED, true, 'http://inner:5000'],
    ['an IPv6 address', { host: '[::1]:5000' }, false, 'http://[::1]:5000'],
  ])('is taken from %s', (_what, headers, trustProxy, expected) => {
    expect(baseUrl(head(headers as Record<string, string>), { publicUrl: undefined, trustProxy })).toBe(expected);
  });

  it('is the public one where the operator names it', () => {
    const options = { publicUrl: 'https://api.example/ml', trustProxy: true };

    expect(requestUrl(head(PROXIED, '/a?b=1'), options)).toBe('https://api.example/ml/a?b=1');
  });

  it.each([
    ['/a?api_key=secret&b=1', '/a?api_key=***&b=1'],
    ['/a?b=1&access_token=x', '/a?b=1&access_token=***'],
    ['http://proxy.example/a?b=1', '/a?b=1'],
    ['*', '/*'],
  ])('of %s is %s behind the host', (url, expected) => {
    expect(requestUrl(head({ host: 'x' }, url), { publicUrl: undefined, trustProxy: false })).toBe(
      `http://x${expected}`,
    );
  });

  it('says https where the connection is encrypted', () => {
    expect(baseUrl(head({ host: 'x' }, '/', true), { publicUrl: undefined, trustProxy: false })).toBe('https://x');
  });
});
