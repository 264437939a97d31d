import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Run } from '../domain/run.js';
import type { SourceRun } from './run-source.js';

/**
 * The size of a run's artifact: all files that its `model` names, each counted once, bytes.
 *
 * @throws RunError when the store cannot give the files; else the error of the file system.
 */
export async function measureArtifact(sourceRun: SourceRun, { model }: Run): Promise<number> {
  const { folder, close } = await sourceRun.open();
  try {
    const paths = new Set([model.path, ...(model.files ?? []).map(({ path }) => path)]);
    const files = new Set<string>();
    for (const path of paths) for (const file of await filesAt(join(folder, path))) files.add(file);
    const sizes = await Promise.all([...files].map(async (file) => (await stat(file)).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  } finally {
    close?.();
  }
}

async function filesAt(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}
