import type { Request } from 'express';

/** Query keys whose values are secrets and never appear in an answer or a log. */
const SECRET_KEYS = /([?&](?:apikey|api_key|access_token)=)[^&#]*/gi;

/**
 * The absolute address as requested, with its query; secrets are masked.
 *
 * @param publicUrl  replaces scheme and host, which otherwise come from the Host header.
 */
export function requestUrl(request: Request, publicUrl: string | undefined): string {
  return baseUrl(request, publicUrl) + request.originalUrl.replace(SECRET_KEYS, '$1***');
}

/** Scheme and host of the server as the client sees it, without a slash at the end. */
export function baseUrl(request: Request, publicUrl: string | undefined): string {
  // HTTP/1.0 clients may send no Host.
  return publicUrl ?? `${request.protocol}://${request.host ?? `localhost:${request.socket.localPort ?? ''}`}`;
}
