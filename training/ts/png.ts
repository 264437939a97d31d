import { inflateSync } from 'node:zlib';

/** Grey pixels, [height][width] of 0 to 255, of a PNG in base64 that training/python wrote: one IDAT chunk, no filters. */
export function pixelsOf(text: string): number[][] {
  const bytes = Buffer.from(text, 'base64');
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const start = bytes.indexOf('IDAT');
  const lines = inflateSync(bytes.subarray(start + 4, start + 4 + bytes.readUInt32BE(start - 4)));
  return Array.from({ length: height }, (_, y) => [...lines.subarray(y * (width + 1) + 1, (y + 1) * (width + 1))]);
}
