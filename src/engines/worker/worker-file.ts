import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** File that inference threads run. */
export function inferenceWorkerFile(): string {
  return compiledFile('inference-worker.js');
}

/** File that inference processes run. */
export function inferenceProcessFile(): string {
  return compiledFile('inference-process.js');
}

/**
 * A file next to this one in the build. Threads and processes cannot run TypeScript, so under Jest, where this file is
 * source, it is the one in dist/ (which Jest's set-up builds first).
 */
function compiledFile(name: string): string {
  const compiled = join(__dirname, name);
  return existsSync(compiled) ? compiled : join(__dirname, '..', '..', '..', 'dist', 'engines', 'worker', name);
}
