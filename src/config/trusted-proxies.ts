import proxyaddr from 'proxy-addr';

import type { TrustedProxies } from './app-config.js';

/**
 * Reads TRUST_PROXY: `true`, `false`, a number of proxies, or a list of addresses, networks (`10.0.0.0/8`) and names of
 * networks (`loopback`, `linklocal`, `uniquelocal`).
 *
 * @returns undefined when it is none of these.
 */
export function parseTrustedProxies(text: string): TrustedProxies | undefined {
  const entry = text.trim();
  if (entry === 'true' || entry === 'false') return entry === 'true';
  if (/^\d{1,2}$/.test(entry)) return Number(entry);
  const addresses = entry.split(',').map((address) => address.trim());
  // A whole number would be read as an address of 32 bits.
  if (addresses.some((address) => /^\d*$/.test(address))) return undefined;
  try {
    proxyaddr.compile(addresses);
    return Object.freeze(addresses);
  } catch {
    return undefined;
  }
}
