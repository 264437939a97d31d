import { join } from 'node:path';

import { compiledFile } from '../../lib/threads/compiled-file.js';

/** File that inference threads run. */
export function inferenceWorkerFile(): string {
  return compiledFile(join(__dirname, 'inference-worker.js'));
}

/** File that inference processes run. */
export function inferenceProcessFile(): string {
  return compiledFile(join(__dirname, 'inference-process.js'));
}
