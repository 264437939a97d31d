import { clientFacts } from './client-facts.js';

const facts = (
  remoteAddress: string | undefined,
  headers: Record<string, string>,
  trustProxy: boolean | number | string[],
) =>
  clientFacts(
    { headers, connection: { remoteAddress, localPort: 5000, isEncrypted: false } },
    { publicUrl: undefined, trustProxy },
  );
const forwarded = { 'x-forwarded-for': '6.6.6.6, 1.2.3.4, 10.0.0.2', 'x-forwarded-proto': 'https' };

describe('the client of a request', () => {
  it.each<[string, boolean | number | string[], string]>([
    ['the peer of the connection, when nobody is trusted', false, '10.0.0.1'],
    ['the one before as many proxies as there are', 2, '1.2.3.4'],
    ['the last one that is no trusted proxy', ['10.0.0.0/8'], '1.2.3.4'],
    ['the peer, when it is not one of the trusted proxies', ['192.168.0.0/16'], '10.0.0.1'],
    ['the first one that is named, when everybody is trusted', true, '6.6.6.6'],
  ])('is %s', (_who, trustProxy, address) => {
    expect(facts('10.0.0.1', forwarded, trustProxy).address).toBe(address);
  });

  it('has an IPv4 address on a socket of both kinds, too', () => {
    expect(facts('::ffff:127.0.0.1', {}, false).address).toBe('127.0.0.1');
  });

  it('has an address of a usable length, whatever a trusted proxy says', () => {
    expect(facts('10.0.0.1', { 'x-forwarded-for': 'x'.repeat(5_000) }, 1).address).toHaveLength(45);
  });

  it('uses https when a trusted proxy says so', () => {
    expect([facts('10.0.0.1', forwarded, 1).isHttps, facts('10.0.0.1', forwarded, false).isHttps]).toEqual([
      true,
      false,
    ]);
  });

  it('may be gone', () => {
    expect(facts(undefined, forwarded, true).address).toBeUndefined();
  });
});
