import { STATUS_CODES } from 'node:http';

import type { EndpointAnswer } from '../endpoint/http-endpoint.js';
import { httpDate } from '../response/clock-texts.js';

/** An answer as it goes over the wire, and how to write it. */
interface AnswerText {
  readonly text: string;
  /** `latin1` for pure ASCII, which is written without being converted. */
  readonly encoding: 'latin1' | 'utf8';
}

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
): AnswerText {
  const lines = `${statusLine(status)}${commonHeaders}X-Request-Id: ${requestId}\r\n${headerLines(headers)}`;
  const connection = keepAliveMs === undefined ? 'close' : `keep-alive\r\nKeep-Alive: timeout=${keepAliveMs / 1000}`;
  const bodyBytes = Buffer.byteLength(body);
  return {
    text: `${lines}Content-Length: ${bodyBytes}\r\nDate: ${httpDate()}\r\nConnection: ${connection}\r\n\r\n${body}`,
    encoding: bodyBytes === body.length ? 'latin1' : 'utf8',
  };
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
