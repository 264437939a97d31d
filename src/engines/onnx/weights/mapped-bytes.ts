import { readFileSync, realpathSync } from 'node:fs';

/** `7f1c00000000-7f1c00001000 r--p 00000000 08:01 1234   /cache/…/weights.bin` */
const LINE = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+\s+(\/.*)$/;

/**
 * Bytes of some files that this process has mapped into memory, as the kernel says.
 *
 * @returns undefined where no kernel says so.
 */
export function mappedBytes(files: readonly string[]): number | undefined {
  let bytes = 0;
  try {
    const paths = new Set(files.map((file) => realpathSync(file)));
    for (const line of readFileSync('/proc/self/maps', 'utf8').split('\n')) {
      const [, start, end, path] = LINE.exec(line) ?? [];
      if (path !== undefined && paths.has(path)) bytes += parseInt(end!, 16) - parseInt(start!, 16);
    }
    return bytes;
  } catch {
    return undefined;
  }
}
