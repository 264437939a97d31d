import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** Files up to this size are read whole to hash them; streaming costs more than it saves below. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

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
