import { STATUS_CODES } from 'node:http';

import type { EndpointAnswer } from '../endpoint/http-endpoint.js';

/**
 * An answer as it goes over the wire (RFC 9112).
 *
 * @param commonHeaders  header lines of every answer, each with its line end.
 * @param keepAliveMs  how long the connection stays open; undefined when it ends with this answer.
 */
export function answerText(
  { status, headers, body }: EndpointAnswer,
  commonHeaders: string,
  requestId: string,
  keepAliveMs: number | undefined,
): string {
  const lines = `${statusLine(status)}${commonHeaders}X-Request-Id: ${requestId}\r\n${headerLines(headers)}`;
  const connection = keepAliveMs === undefined ? 'close' : `keep-alive\r\nKeep-Alive: timeout=${keepAliveMs / 1000}`;
  return `${lines}Content-Length: ${Buffer.byteLength(body)}\r\nDate: ${httpDate()}\r\nConnection: ${connection}\r\n\r\n${body}`;
}

/** Header lines as text. @param headers  names and values in turn. */
export function headerLines(headers: readonly string[]): string {
  let lines = '';
  for (let i = 0; i < headers.length; i += 2) lines += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return lines;
}

function statusLine(status: number): string {
  return status === 200 ? 'HTTP/1.1 200 OK\r\n' : `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
}

let dateSecond = 0;
let date = '';

/** The time as HTTP writes it; it changes once a second. */
function httpDate(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = new Date(now).toUTCString();
  }
  return date;
}
