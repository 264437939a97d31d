import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

import { ERROR_MESSAGES } from '../../domain/app-error.js';

/** Status and sentence of what Node's own HTTP parser refuses before there is a request. */
const CLIENT_ERRORS: Readonly<Record<string, readonly [status: number, sentence: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The address and the headers are too long together. Send large data in the body.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The extensions of a chunk are too long.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to arrive.'],
};
const NOT_HTTP = [400, ERROR_MESSAGES.BAD_REQUEST] as const;

/** Answers requests that never become one of Express' with JSON, as every other error, and closes the connection. */
export function answerClientErrors(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // Bytes behind a request with `Connection: close`: they are ignored, and the connection ends with its answer.
    if (error.code === 'HPE_CLOSED_CONNECTION') return;
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    rejectSocket(socket, ...(CLIENT_ERRORS[error.code ?? ''] ?? NOT_HTTP));
  });
  // Without this Node closes the connection without an answer.
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    rejectSocket(socket, ...NOT_HTTP);
  });
  // Node would answer 417 with no body; an unknown expectation may be ignored (RFC 9110, 10.1.1).
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

function rejectSocket(socket: Duplex, status: number, detail: string): void {
  const envelope = { message: detail, 'status-code': status, timestamp: new Date().toISOString(), detail };
  const body = JSON.stringify(envelope);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      (status === 400 ? 'X-Error-Code: BAD_REQUEST\r\n' : '') +
      `X-Request-Id: ${randomUUID()}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
