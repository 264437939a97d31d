import type { RequestHeaders } from '../request/request-head.js';

/** A head as read from the bytes of a connection. */
export interface ParsedHead {
  readonly method: string;
  /** The request target as sent. */
  readonly url: string;
  readonly headers: RequestHeaders & Readonly<Record<string, string | undefined>>;
  /** Bytes up to and with the empty line. */
  readonly headBytes: number;
  /** Content-Length; 0 when there is none. */
  readonly bodyBytes: number;
  /** Whether the client asks for the connection to end with the answer. */
  readonly isLast: boolean;
  /** Whether only Node's server and Express know what the target or a header asks for. */
  readonly needsGeneralPath: boolean;
}

/** Longest head that is read here; Node's own limit is 16 KiB. */
export const MAX_HEAD_BYTES = 8192;

const END = Buffer.from('\r\n\r\n', 'latin1');
const REQUEST_LINE = /^([A-Z]{3,20}) ([\x21-\x7e]+) HTTP\/1\.1$/;
const PARTIAL_METHOD = /^[A-Z]{0,20}$/;
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** Control characters make a line that can be read in two ways. */
const UNCLEAR = /[^\t\x20-\x7e\x80-\xff]/;
const NON_ASCII = /[\x80-\xff]/;
/** A path and a query: no whole address, no fragment, which no client may send. */
const PLAIN_TARGET = /^\/[^#]*$/;
const LENGTH = /^\d{1,9}$/;

/** Headers that say where a request ends and to whom it goes: repeated, they can be read in two ways. */
const UNIQUE = ['content-length', 'transfer-encoding', 'connection', 'upgrade', 'host'];

/** Headers that change what follows a request or its answer, though not where the request ends. */
const SPECIAL = ['expect', 'trailer', 'te', 'http2-settings', 'proxy-connection', 'content-encoding'];

/** The head of a request with the empty line at its end; undefined while that is not there, or too far away. */
export function headText(bytes: Buffer): string | undefined {
  const end = bytes.indexOf(END);
  return end < 0 || end > MAX_HEAD_BYTES ? undefined : bytes.toString('latin1', 0, end + END.length);
}

/**
 * Reads the head of a request from the first bytes of it, and only one that can be read in a single way: RFC 9112 to the
 * letter, without folded lines, spaces before a colon or bare line feeds, and with an end that is said by a single
 * Content-Length or by none. Every request it refuses is still read by Node's own parser.
 *
 * @returns `'partial'` while the end is not there yet, `'unclear'` for anything else.
 */
export function parseHead(bytes: Buffer): ParsedHead | 'partial' | 'unclear' {
  const end = bytes.indexOf(END);
  if (end > MAX_HEAD_BYTES) return 'unclear';
  if (end < 0) return mayChange(bytes) ? 'partial' : 'unclear';
  const lines = bytes.toString('latin1', 0, end).split('\r\n');
  const start = REQUEST_LINE.exec(lines[0]!);
  const read = start && readHeaders(lines);
  if (!read || start[1] === 'CONNECT') return 'unclear';
  const { headers, isUnusual } = read;
  const bodyBytes = lengthOf(headers);
  const connection = (headers['connection'] ?? 'keep-alive').toLowerCase();
  const isKnown = connection === 'keep-alive' || connection === 'close';
  if (bodyBytes === undefined || !isKnown) return 'unclear';
  return {
    method: start[1]!,
    url: start[2]!,
    headers,
    headBytes: end + END.length,
    bodyBytes,
    isLast: connection === 'close',
    needsGeneralPath:
      isUnusual ||
      headers['host'] === undefined ||
      !PLAIN_TARGET.test(start[2]!) ||
      SPECIAL.some((name) => name in headers),
  };
}

/** Headers as read; unusual ones (repeated, or beyond ASCII) are clear, but to be joined and decoded as Node does. */
interface ReadHeaders {
  readonly headers: Record<string, string>;
  readonly isUnusual: boolean;
}

/** @returns undefined when a line can be read in more than one way. */
function readHeaders(lines: readonly string[]): ReadHeaders | undefined {
  const headers = Object.create(null) as Record<string, string>;
  let isUnusual = false;
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (colon < 1 || !NAME.test(name) || UNCLEAR.test(line)) return undefined;
    const key = name.toLowerCase();
    const isRepeated = key in headers;
    if (isRepeated && UNIQUE.includes(key)) return undefined;
    isUnusual ||= isRepeated || NON_ASCII.test(line);
    headers[key] = line.slice(colon + 1).trim();
    // Node's parser takes spaces after a length, and nothing else.
    if (key === 'content-length' && line.endsWith('\t')) return undefined;
  }
  return { headers, isUnusual };
}

/** Whether it is worth waiting for more: the lines that are complete are clear, and the last one may become so. */
function mayChange(bytes: Buffer): boolean {
  if (bytes.length > MAX_HEAD_BYTES) return false;
  const lines = bytes.toString('latin1').split('\r\n');
  const last = lines.pop()!.replace(/\r$/, '');
  if (lines.length === 0) return PARTIAL_METHOD.test(last.split(' ', 1)[0]!) && !UNCLEAR.test(last);
  return (
    REQUEST_LINE.test(lines[0]!) && readHeaders(lines) !== undefined && !UNCLEAR.test(last) && !/^[\t ]/.test(last)
  );
}

/** undefined when the end of the message is not said by a single length. */
function lengthOf(headers: Readonly<Record<string, string>>): number | undefined {
  if ('transfer-encoding' in headers || 'upgrade' in headers) return undefined;
  const length = headers['content-length'];
  if (length === undefined) return 0;
  return LENGTH.test(length) ? Number(length) : undefined;
}
