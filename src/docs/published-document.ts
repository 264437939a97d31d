import { webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

import type { Request, Response } from 'express';

import { runInSlices } from '../lib/run-in-slices.js';

/** Higher ones take several times as long for a few per cent. */
const COMPRESSION_LEVEL = 6;

/** UTF-16 units encoded at once. */
const SLICE_SIZE = 256 * 1024;

/** A document ready to be sent, in each encoding that clients may take. */
export interface PublishedDocument {
  readonly text: string;
  /** Strong: a digest of the text, in quotes. */
  readonly etag: string;
  readonly encoded: Readonly<Record<Encoding, Buffer>>;
}

const ENCODINGS = ['br', 'gzip'] as const;
type Encoding = (typeof ENCODINGS)[number];

/** A text as a document; digested and compressed once, in threads. */
export async function publishText(text: string): Promise<PublishedDocument> {
  const bytes = await runInSlices(utf8Steps(text));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: COMPRESSION_LEVEL,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  const [digested, br, gz] = await Promise.all([
    webcrypto.subtle.digest('SHA-256', bytes),
    promisify(brotliCompress)(bytes, { params }),
    promisify(gzip)(bytes),
  ]);
  const digest = Buffer.from(digested).toString('base64url').slice(0, 27);
  return { text, etag: `"${digest}"`, encoded: { br, gzip: gz } };
}

/** The bytes of a text in UTF-8. Pauses now and then: some megabytes take longer than requests should wait. */
function* utf8Steps(text: string): Generator<void, Buffer> {
  const parts: Buffer[] = [];
  for (let at = 0; at < text.length;) {
    let end = Math.min(text.length, at + SLICE_SIZE);
    // Both halves of a character beyond the first 65,536 go together.
    if (/[\uD800-\uDBFF]/.test(text.charAt(end - 1))) end += 1;
    parts.push(Buffer.from(text.slice(at, end)));
    at = end;
    yield;
  }
  return Buffer.concat(parts);
}

/**
 * Sends a document in the encoding that the client likes best. Clients may keep it, but must ask whether it is still
 * the same: Express answers 304 by the ETag, which each encoding has of its own.
 */
export function sendDocument({ text, etag, encoded }: PublishedDocument, request: Request, response: Response): void {
  const accepted = request.acceptsEncodings([...ENCODINGS, 'identity']);
  const encoding = ENCODINGS.find((name) => name === accepted);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('Vary', 'Accept-Encoding');
  response.setHeader('ETag', encoding ? `"${etag.slice(1, -1)}-${encoding}"` : etag);
  if (encoding) response.setHeader('Content-Encoding', encoding);
  response.send(encoding ? encoded[encoding] : text);
}
