import type { RequestHead } from './short-way.js';

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
  if (end < 0) return bytes.length < MAX_HEAD_BYTES && looksPlain(bytes) ? 'partial' : 'unusual';
  if (end > MAX_HEAD_BYTES) return 'unusual';
  const lines = bytes.toString('latin1', 0, end).split('\r\n');
  const start = REQUEST_LINE.exec(lines[0]!);
  if (!start) return 'unusual';
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (colon < 1 || !NAME.test(name) || UNCLEAR.test(line)) return 'unusual';
    const key = name.toLowerCase();
    if (key in headers) return 'unusual';
    headers[key] = line.slice(colon + 1).trim();
  }
  const bodyLength = lengthOf(headers);
  if (bodyLength === undefined || !headers['host']) return 'unusual';
  return { method: start[1]!, url: start[2]!, headers, length: end + END.length, bodyLength };
}

/** Whether the bytes may become a request of the kind read here, so that it is worth waiting for more. */
function looksPlain(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, 4);
  return 'POST'.startsWith(start) || start === 'PUT ' || 'PUT'.startsWith(start);
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
