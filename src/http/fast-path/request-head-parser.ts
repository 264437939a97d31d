import type { RequestHead } from './fast-path.js';

/** A head as read from the bytes of a connection. */
export interface ReadHead extends RequestHead {
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Bytes up to and with the empty line. */
  readonly length: number;
  /** Content-Length; 0 when there is none. */
  readonly bodyLength: number;
}

/** Longest head that is read here; Node's own limit is 16 KiB. */
export const MAX_HEAD_BYTES = 8192;

const END = Buffer.from('\r\n\r\n', 'latin1');
const REQUEST_LINE = /^(POST|PUT) (\/[\w.~/-]*) HTTP\/1\.1$/;
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** A line that nobody could read in two ways: no control characters, nothing beyond ASCII. */
const UNCLEAR = /[^\t\x20-\x7e]/;
const LENGTH = /^\d{1,9}$/;

/** Headers that change how the bytes of a message or of the connection are read. */
const FRAMING = ['transfer-encoding', 'upgrade', 'expect', 'trailer', 'te', 'http2-settings', 'proxy-connection'];

/**
 * Reads the head of a request from the first bytes of it, and only one that can be read in a single way: RFC 9112 to the
 * letter, without folded lines, repeated names, spaces before a colon, bare line feeds, or anything that changes how the
 * message ends but a single Content-Length. Every request it refuses is still read by Node's own parser.
 *
 * @returns `'partial'` while the end is not there yet, `'unusual'` for anything else.
 */
export function readHead(bytes: Buffer): ReadHead | 'partial' | 'unusual' {
  const end = bytes.indexOf(END);
  if (end > MAX_HEAD_BYTES) return 'unusual';
  if (end < 0) return mayBecomePlain(bytes) ? 'partial' : 'unusual';
  const lines = bytes.toString('latin1', 0, end).split('\r\n');
  const start = REQUEST_LINE.exec(lines[0]!);
  const headers = start && readHeaders(lines);
  if (!headers?.['host']) return 'unusual';
  const bodyLength = lengthOf(headers);
  if (bodyLength === undefined) return 'unusual';
  return { method: start![1]!, url: start![2]!, headers, length: end + END.length, bodyLength };
}

/** @returns undefined when a line can be read in more than one way. */
function readHeaders(lines: readonly string[]): Record<string, string> | undefined {
  const headers = Object.create(null) as Record<string, string>;
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (colon < 1 || !NAME.test(name) || UNCLEAR.test(line)) return undefined;
    const key = name.toLowerCase();
    if (key in headers) return undefined;
    headers[key] = line.slice(colon + 1).trim();
  }
  return headers;
}

/** Whether it is worth waiting for more: the lines that are complete are plain, and the last one may become so. */
function mayBecomePlain(bytes: Buffer): boolean {
  if (bytes.length > MAX_HEAD_BYTES) return false;
  const lines = bytes.toString('latin1').split('\r\n');
  const last = lines.pop()!.replace(/\r$/, '');
  if (lines.length === 0) return ['POST ', 'PUT '].some((start) => start.startsWith(last) || last.startsWith(start));
  return (
    REQUEST_LINE.test(lines[0]!) && readHeaders(lines) !== undefined && !UNCLEAR.test(last) && !/^[\t ]/.test(last)
  );
}

/** undefined when the end of the message is not said by a single length. */
function lengthOf(headers: Readonly<Record<string, string>>): number | undefined {
  if (FRAMING.some((name) => name in headers)) return undefined;
  const connection = headers['connection'];
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined;
  const length = headers['content-length'];
  if (length === undefined) return 0;
  return LENGTH.test(length) ? Number(length) : undefined;
}
