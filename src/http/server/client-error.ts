import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

import { AppError } from '../../domain/app-error.js';
import type { ErrorCode } from '../../domain/app-error.js';
import { HTTP_STATUS_OF } from '../errors/http-status-of.js';

/** Codes of what Node's own HTTP parser refuses before there is a request. */
const CLIENT_ERRORS: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
};

const ORIGIN = /^origin:[ \t]*([^\r\n]{1,200})/im;

/** Headers every answer carries, names and values in turn. */
type HeadersOf = (origin: string | undefined) => readonly string[];

/** What Node tells of bytes that are no request. */
type ClientError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

/**
 * Answers requests that never become one of Express' with JSON, as every other error, and closes the connection.
 * Requests that came before on the same connection have their answers first.
 */
export function answerClientErrors(server: Server, headersOf: HeadersOf): void {
  server.on('clientError', (error: ClientError, socket: Duplex) => {
    // Bytes behind a request with `Connection: close`: they are ignored, and the connection ends with its answer.
    if (error.code === 'HPE_CLOSED_CONNECTION') return;
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const refuse = (): void => {
      // By the time that one answer is written, the next one has its turn: a client may have sent several requests.
      const pending = pendingResponse(socket);
      if (pending) return void pending.once('finish', refuse);
      rejectSocket(socket, CLIENT_ERRORS[error.code ?? ''] ?? 'BAD_REQUEST', headersOf(originIn(error)));
    };
    refuse();
  });
  // Without this Node closes the connection without an answer.
  server.on('connect', ({ headers }: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    rejectSocket(socket, 'BAD_REQUEST', headersOf(headers.origin));
  });
  // Node would answer 417 with no body; an unknown expectation may be ignored (RFC 9110, 10.1.1).
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

/** The answer to a whole request that a connection waits for; Node keeps it there. The one that is broken has none. */
function pendingResponse(socket: Duplex): ServerResponse | undefined {
  const { _httpMessage: response } = socket as Duplex & { readonly _httpMessage?: ServerResponse | null };
  return response?.req.complete && !response.writableFinished ? response : undefined;
}

/** The page that asked, as far as its head can be made out. */
function originIn({ rawPacket }: ClientError): string | undefined {
  return rawPacket && ORIGIN.exec(rawPacket.toString('latin1', 0, 16_384))?.[1]?.trim();
}

function rejectSocket(socket: Duplex, code: ErrorCode, headers: readonly string[]): void {
  if (!socket.writable) return;
  const { message } = new AppError(code);
  const status = HTTP_STATUS_OF[code];
  const envelope = { message, 'status-code': status, timestamp: new Date().toISOString(), detail: message };
  const body = JSON.stringify(envelope);
  let common = '';
  for (let i = 0; i < headers.length; i += 2) common += `${headers[i]}: ${headers[i + 1]}\r\n`;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${common}Content-Type: application/json; charset=utf-8\r\n` +
      `X-Error-Code: ${code}\r\nX-Request-Id: ${randomUUID()}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
