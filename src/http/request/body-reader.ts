import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

import { AppError } from '../../domain/app-error.js';

/** What decompresses a body, by Content-Encoding. */
const UNPACKERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * Reads a whole body, decompressed. As soon as it exceeds the limit, reading stops and the connection closes with the
 * answer, so that neither a compression bomb nor an endless body costs more than the limit.
 *
 * @throws AppError UNSUPPORTED_ENCODING, BODY_TOO_LARGE or BODY_NOT_READABLE.
 */
export function readBodyWithin(
  limitBytes: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Buffer> {
  const source = unpacked(request);
  if (!source) return Promise.reject(new AppError('UNSUPPORTED_ENCODING'));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const stop = (error: AppError): void => {
      source.off('data', onData);
      if (source !== request) {
        request.unpipe(source as Transform);
        source.destroy();
      }
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      received += chunk.length;
      if (received <= limitBytes) return void chunks.push(chunk);
      // The rest is not read: it may be endless.
      request.pause();
      response.setHeader('Connection', 'close');
      stop(new AppError('BODY_TOO_LARGE', { limitBytes }));
    };
    const onError = (cause: unknown): void => stop(new AppError('BODY_NOT_READABLE', {}, { cause }));

    source.on('data', onData);
    source.on('end', () => resolve(Buffer.concat(chunks, received)));
    // Never removed: an error after the end must not end the process.
    source.on('error', onError);
    if (source !== request) request.on('error', onError);
    request.on('close', () => {
      if (!request.complete) onError(new Error('the client went away'));
    });
  });
}

/** The decompressed bytes of the body; undefined for an unknown encoding. */
function unpacked(request: IncomingMessage): Readable | undefined {
  const encoding = (request.headers['content-encoding'] || 'identity').toLowerCase();
  if (encoding === 'identity') return request;
  const unpacker = Object.hasOwn(UNPACKERS, encoding) ? UNPACKERS[encoding]!() : undefined;
  return unpacker && request.pipe(unpacker);
}
