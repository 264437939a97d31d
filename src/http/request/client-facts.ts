import type { IncomingMessage } from 'node:http';

import proxyaddr from 'proxy-addr';

import { baseUrl } from './request-url.js';
import type { UrlOptions } from './request-url.js';
import type { RequestHead } from './request-head.js';
import { trustOf } from './trusted-proxies.js';

/** The longest address there is; what a proxy forwards may be anything. */
const MAX_ADDRESS_LENGTH = 45;

/** What is known of the client of a request, as far as proxies are trusted. */
export interface ClientFacts {
  /** IP address: the connection's, or the one that trusted proxies name in `X-Forwarded-For`. */
  readonly address: string | undefined;
  /** Whether the client's own connection is encrypted. */
  readonly isHttps: boolean;
}

/** Finds out who asks. */
export function clientFacts(head: Pick<RequestHead, 'headers' | 'connection'>, options: UrlOptions): ClientFacts {
  return { address: addressOf(head, options), isHttps: baseUrl(head, options).startsWith('https:') };
}

function addressOf(
  { headers, connection: { remoteAddress } }: Pick<RequestHead, 'headers' | 'connection'>,
  { trustProxy }: UrlOptions,
): string | undefined {
  if (remoteAddress === undefined) return undefined;
  const request = { headers, socket: { remoteAddress } } as unknown as IncomingMessage;
  const address = trustProxy === false ? remoteAddress : proxyaddr(request, trustOf(trustProxy));
  // An IPv4 address on a socket that takes IPv6 as well.
  return address.replace(/^::ffff:(?=\d+\.)/, '').slice(0, MAX_ADDRESS_LENGTH);
}
