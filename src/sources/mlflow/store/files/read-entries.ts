import { join } from 'node:path';

import type { FileSystem } from '../../../files/file-system.js';

/** A metric logged each step for days; anything beyond is not read. */
const MAX_DEPTH = 4;
/** A metric of a million steps has half of it. */
const MAX_VALUE_BYTES = 64 * 1024 * 1024;

/**
 * Reads a folder that MLflow uses as a map: the file's name is the key (with `/` for folders), its content the value.
 *
 * @returns nothing for a folder that is not there.
 */
export async function readEntries(fileSystem: FileSystem, folder: string): Promise<Record<string, string>> {
  const entries: Entry[] = [];
  for await (const entry of readNested(fileSystem, folder, '', 0)) entries.push(entry);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

type Entry = readonly [key: string, value: string];

async function* readNested(
  fileSystem: FileSystem,
  folder: string,
  prefix: string,
  depth: number,
): AsyncGenerator<Entry> {
  for (const entry of await fileSystem.entries(folder).catch(() => [])) {
    const [path, key] = [join(folder, entry.name), prefix + entry.name];
    if (entry.isDirectory() && depth < MAX_DEPTH) yield* readNested(fileSystem, path, `${key}/`, depth + 1);
    if (!entry.isFile()) continue;
    const bytes = await fileSystem.readRegular(path, MAX_VALUE_BYTES).catch(() => undefined);
    if (bytes !== undefined) yield [key, bytes.toString('utf8')];
  }
}
