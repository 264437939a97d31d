import { existsSync } from 'node:fs';
import { join } from 'node:path';

const NAME = 'inference-worker.js';

/**
 * File that inference threads run: next to this one in the build. Threads cannot run TypeScript, so under Jest, where
 * this file is source, it is the one in dist/ (which Jest's set-up builds first).
 */
export function inferenceWorkerFile(): string {
  const compiled = join(__dirname, NAME);
  return existsSync(compiled) ? compiled : join(__dirname, '..', '..', '..', 'dist', 'engines', 'worker', NAME);
}
