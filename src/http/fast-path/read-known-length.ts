import type { IncomingMessage } from 'node:http';

/**
 * Reads a body of known length. One that ends early or whose client goes away is not reported: Node closes such a
 * connection, and there is nobody to answer.
 *
 * @param length  its Content-Length; the parser sees to it that no more arrives.
 */
export function readBody(request: IncomingMessage, length: number, done: (bytes: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let received = 0;
  request.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    received += chunk.length;
  });
  request.on('end', () => {
    if (received === length) done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, received));
  });
}
