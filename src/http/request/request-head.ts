/** Headers of a request by their name in lower case; a list where Node keeps repeated ones apart. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What is known of the connection a request came over. */
export interface ConnectionFacts {
  /** The peer's address: the client's, or that of the last proxy. */
  readonly remoteAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly isEncrypted: boolean;
}

/** Everything a request says before its body. */
export interface RequestHead {
  readonly method: string;
  /** The request target as sent: path and query, or a whole address. */
  readonly url: string;
  readonly headers: RequestHeaders;
  readonly connection: ConnectionFacts;
}

/** A header that is a single text; undefined when it is missing or was sent several times. */
export function headerText(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** Whether a body comes with a request. One with `GET` or `HEAD` means nothing (RFC 9110, 9.3.1) and is not read. */
export function hasBody({ method, headers }: Pick<RequestHead, 'method' | 'headers'>): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
