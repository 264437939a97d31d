import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';

import { RunError } from '../../domain/verdict.js';
import { truncate } from '../../lib/truncate.js';
import type { LoadRequest } from '../inference-engine.js';

/**
 * Requires that weights outside the model's file lie in files of the run whose digests were checked: else changed
 * weights would be served unnoticed.
 *
 * @param weightFiles  as the graph names them, relative to the folder of the model's file.
 * @throws RunError ARTIFACT_OUTSIDE_RUN, ARTIFACT_MISSING or RUN_FILE_INVALID, with the name of the file.
 */
export function requireCheckedFiles(
  weightFiles: readonly string[],
  { runFolder, path, files = [] }: LoadRequest,
): void {
  const checked = new Set(files.map((file) => posix.normalize(file)));
  for (const name of weightFiles) {
    const file = posix.normalize(posix.join(posix.dirname(path), name));
    if (checked.has(file)) continue;
    const shown = truncate(name);
    const filter = `"${path}" keeps weights in "${shown}"`;
    if (isOutside(name)) {
      throw new RunError('ARTIFACT_OUTSIDE_RUN', `${filter}, which leads out of the folder of the model.`);
    }
    if (!existsSync(join(runFolder, file))) {
      const message = `${filter}, which is not in the run folder: copy it there, or export the model with external_data=False.`;
      throw new RunError('ARTIFACT_MISSING', message);
    }
    const message = `${filter}, a file without a digest: list {"path": "${truncate(file)}", "sha256": "…"} in model.files of run.json.`;
    throw new RunError('RUN_FILE_INVALID', message);
  }
}

function isOutside(name: string): boolean {
  return posix.isAbsolute(name) || /^[a-z]:|\\|\0/i.test(name) || name.split('/').includes('..');
}
