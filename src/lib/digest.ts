import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** Files up to this size are read whole to hash them; streaming costs more than it saves below. */
const MAX_READ_BYTES = 4 * 1024 * 1024;
/** Bytes that are read at a time. */
const CHUNK_BYTES = 1024 * 1024;

/** SHA-256 of a text, lower-case hex. */
export function sha256OfText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** SHA-256 of bytes, lower-case hex. */
export function sha256OfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * SHA-256 of a file, lower-case hex.
 *
 * @param bytes  its size.
 */
export async function sha256OfFile(file: string, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  if (bytes <= MAX_READ_BYTES) hash.update(await readFile(file));
  else await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** The same, blocking the thread: for threads that load models. */
export function sha256OfFileSync(file: string): string {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const fd = openSync(file, 'r');
  try {
    for (let bytes = readSync(fd, chunk); bytes > 0; bytes = readSync(fd, chunk)) hash.update(chunk.subarray(0, bytes));
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}
