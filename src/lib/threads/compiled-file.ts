import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';

const ROOT = join(__dirname, '..', '..', '..');

/**
 * A file of the build. Threads and processes cannot run TypeScript, so under Jest, where the files that ask are source, it
 * is the one in dist/ (which Jest's set-up builds first).
 *
 * @param path  where it is beside the caller: `join(__dirname, 'worker.js')`.
 */
export function compiledFile(path: string): string {
  return existsSync(path) ? path : join(ROOT, 'dist', relative(join(ROOT, 'src'), path));
}
