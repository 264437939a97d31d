import type { TrustedProxies } from '../../config/app-config.js';
import type { RequestHead } from './request-head.js';
import { headerText } from './request-head.js';
import { trustOf } from './trusted-proxies.js';

/** Query parameters whose values are secrets and never appear in an answer or a log. They are read by no route itself. */
export const SECRET_PARAMETERS = ['apikey', 'api_key', 'access_token'] as const;
const SECRET_KEYS = new RegExp(`([?&](?:${SECRET_PARAMETERS.join('|')})=)[^&#]*`, 'gi');

/** A name or an address, and a port. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** How a server finds the address its clients use. */
export interface UrlOptions {
  /** Scheme and host, without a slash at the end; replaces what requests say. */
  readonly publicUrl: string | undefined;
  /** From whom X-Forwarded-Proto and X-Forwarded-Host are believed. */
  readonly trustProxy: TrustedProxies;
}

/** The absolute address as requested, with its query; secrets are masked. */
export function requestUrl(head: RequestHead, options: UrlOptions): string {
  return baseUrl(head, options) + safeTarget(head.url);
}

/** Path and query, also of a request that names the whole address (as to a proxy) or nothing (`OPTIONS *`). */
function safeTarget(url: string): string {
  const target = url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '');
  const path = target.startsWith('/') ? target : `/${target}`;
  return path.includes('?') ? path.replace(SECRET_KEYS, '$1***') : path;
}

/** Scheme and host of the server as the client sees it, without a slash at the end. */
export function baseUrl(
  { headers, connection }: Pick<RequestHead, 'headers' | 'connection'>,
  { publicUrl, trustProxy }: UrlOptions,
): string {
  if (publicUrl !== undefined) return publicUrl;
  const { remoteAddress, localPort, isEncrypted } = connection;
  const isTrusted = remoteAddress !== undefined && trustOf(trustProxy)(remoteAddress, 0);
  const proxied = (name: string) => (isTrusted ? firstOf(headerText(headers, name)) : undefined);
  const protocol = schemeIn(proxied('x-forwarded-proto')) ?? (isEncrypted ? 'https' : 'http');
  const host = proxied('x-forwarded-host') ?? headerText(headers, 'host');
  return `${protocol}://${isHost(host) ? host : `localhost:${localPort ?? ''}`}`;
}

/** `http` or `https`: any other scheme would make a link of something else. */
function schemeIn(text: string | undefined): string | undefined {
  const [scheme] = /^https?$/i.exec(text ?? '') ?? [];
  return scheme?.toLowerCase();
}

/** The first of a list that proxies add to, as Express reads it; undefined when it is missing or empty. */
function firstOf(list: string | undefined): string | undefined {
  return list?.split(',', 1)[0]!.trim() || undefined;
}

/** Hosts that were found valid. Bounded, because a client may send any number of different ones. */
const hostCache = new Set<string>();
const MAX_HOST_CACHE = 100;

function isHost(host: string | undefined): host is string {
  if (host === undefined) return false;
  if (hostCache.has(host)) return true;
  if (!HOST.test(host) || !URL.canParse(`http://${host}/`)) return false;
  if (hostCache.size < MAX_HOST_CACHE) hostCache.add(host);
  return true;
}
