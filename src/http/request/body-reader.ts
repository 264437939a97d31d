import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

import { AppError } from '../../domain/app-error.js';
import { dropRest } from '../server/drop-rest.js';
import { CollectedBytes } from './collected-bytes.js';
import type { BodyBudget, BodyReservation } from './body-budget.js';

/** What decompresses a body, by Content-Encoding. */
const STREAMS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};
/** Rows repeat their field names, so that they pack well; a body that unpacks to more than this is made to cost much. */
const MAX_RATIO = 200;
/** Small bodies may have any ratio, bytes. */
const FREE_BYTES = 1024 * 1024;
/** What a client is told to wait that finds no room for its body. */
const RETRY_AFTER_SECONDS = 1;

/** How much of bodies is held in memory. */
export interface BodyLimits {
  /** Largest body, unpacked. */
  readonly limitBytes: number;
  readonly budget: BodyBudget;
}

/**
 * Reads a whole body, unpacked. A packed one is unpacked only when it is whole, so that nobody can have much held for
 * little that was sent. What is refused is not read any more, but dropped for a while: the client gets its answer.
 *
 * @throws AppError UNSUPPORTED_ENCODING, BODY_TOO_LARGE, BODY_RATIO_TOO_HIGH, BODIES_IN_FLIGHT or BODY_NOT_READABLE.
 */
export async function readBodyWithin(
  limits: BodyLimits,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] || 'identity').toLowerCase();
  const isCompressed = encoding !== 'identity';
  const createStream = Object.hasOwn(STREAMS, encoding) ? STREAMS[encoding] : undefined;
  if (isCompressed && !createStream) throw new AppError('UNSUPPORTED_ENCODING');
  const reservation = limits.budget.open();
  response.once('close', () => reservation.release());
  try {
    if (Number(request.headers['content-length'] ?? 0) > limits.limitBytes) throw tooLarge(limits);
    const body = await collect(request, limits, reservation);
    return createStream ? await unpack(body, createStream(), limits, reservation) : body;
  } catch (error) {
    if (!request.complete) dropRest(request, response);
    throw error;
  }
}

function tooLarge({ limitBytes }: BodyLimits): AppError {
  return new AppError('BODY_TOO_LARGE', { limitBytes });
}

/** Everything that a stream gives, as long as it stays within the limits. */
function collect(
  source: Readable,
  limits: BodyLimits,
  reservation: BodyReservation,
  check: (received: number) => void = () => undefined,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const bytes = new CollectedBytes();
    const stop = (error: Error): void => {
      source.off('data', onData);
      source.pause();
      bytes.clear();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      const received = bytes.length + chunk.length;
      try {
        if (received > limits.limitBytes) throw tooLarge(limits);
        check(received);
        if (!reservation.resizeTo(received))
          throw new AppError('BODIES_IN_FLIGHT', { retryAfterSeconds: RETRY_AFTER_SECONDS });
      } catch (error) {
        return stop(error as Error);
      }
      bytes.add(chunk);
    };
    source.on('data', onData);
    source.on('end', () => resolve(bytes.take()));
    // Never removed: an error after the end must not end the process.
    source.on('error', (cause) => stop(new AppError('BODY_NOT_READABLE', {}, { cause })));
    source.on('close', () => {
      if (!source.readableEnded)
        stop(new AppError('BODY_NOT_READABLE', {}, { cause: new Error('the client went away') }));
    });
  });
}

async function unpack(
  compressed: Buffer,
  stream: Transform,
  limits: BodyLimits,
  reservation: BodyReservation,
): Promise<Buffer> {
  const mostBytes = Math.max(FREE_BYTES, compressed.length * MAX_RATIO);
  try {
    stream.end(compressed);
    return await collect(stream, limits, reservation, (received) => {
      if (received > mostBytes) throw new AppError('BODY_RATIO_TOO_HIGH', { maxRatio: MAX_RATIO });
    });
  } finally {
    stream.destroy();
  }
}
