import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { readRegularFile } from '../../../files/file-system.js';

/** A metric logged each step for days; anything beyond is not read. */
const MAX_DEPTH = 4;
/** A metric of a million steps has half of it. */
const MAX_VALUE_BYTES = 64 * 1024 * 1024;

/**
 * Reads a folder that MLflow uses as a map: the file's name is the key (with `/` for folders), its content the value.
 *
 * @returns nothing for a folder that is not there.
 */
export async function readEntries(folder: string): Promise<Record<string, string>> {
  const entries = await readNested(folder, '', 0);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function readNested(folder: string, prefix: string, depth: number): Promise<[key: string, value: string][]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries.map(async (entry): Promise<[string, string][]> => {
      const [path, key] = [join(folder, entry.name), prefix + entry.name];
      if (entry.isDirectory()) return depth < MAX_DEPTH ? readNested(path, `${key}/`, depth + 1) : [];
      if (!entry.isFile()) return [];
      const bytes = await readRegularFile(path, MAX_VALUE_BYTES).catch(() => undefined);
      return bytes === undefined ? [] : [[key, bytes.toString('utf8')]];
    }),
  );
  return found.flat();
}
