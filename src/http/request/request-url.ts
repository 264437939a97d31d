import type { Request } from 'express';

/** Query keys whose values are secrets and never appear in an answer or a log. */
const SECRET_KEYS = /([?&](?:apikey|api_key|access_token)=)[^&#]*/gi;

/** A name or an address, and a port. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/**
 * The absolute address as requested, with its query; secrets are masked.
 *
 * @param publicUrl  replaces scheme and host, which otherwise come from the Host header.
 */
export function requestUrl(request: Request, publicUrl: string | undefined): string {
  return baseUrl(request, publicUrl) + targetOf(request).replace(SECRET_KEYS, '$1***');
}

/** Path and query, also of a request that names the whole address (as to a proxy) or nothing (`OPTIONS *`). */
function targetOf({ originalUrl }: Request): string {
  const target = originalUrl.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '');
  return target.startsWith('/') ? target : `/${target}`;
}

/** Scheme and host of the server as the client sees it, without a slash at the end. */
export function baseUrl(request: Pick<Request, 'protocol' | 'host' | 'socket'>, publicUrl: string | undefined): string {
  const { protocol, host, socket } = request;
  return hostUrl(host, socket.localPort, publicUrl, protocol);
}

/**
 * The same without a request.
 *
 * @param host  the Host header. HTTP/1.0 clients may send none, and others may send anything.
 */
export function hostUrl(
  host: string | undefined,
  localPort: number | undefined,
  publicUrl: string | undefined,
  protocol = 'http',
): string {
  return publicUrl ?? `${protocol}://${isHost(host) ? host : `localhost:${localPort ?? ''}`}`;
}

/** Hosts found good before. Clients send the same few; a client that sends many is not remembered for ever. */
const knownHosts = new Set<string>();
const MAX_KNOWN_HOSTS = 100;

function isHost(host: string | undefined): host is string {
  if (host === undefined) return false;
  if (knownHosts.has(host)) return true;
  if (!HOST.test(host) || !URL.canParse(`http://${host}/`)) return false;
  if (knownHosts.size < MAX_KNOWN_HOSTS) knownHosts.add(host);
  return true;
}
