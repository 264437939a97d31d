import { readdir } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';

import type { FileReference } from '../../../domain/encode-spec.js';
import { RunError } from '../../../domain/verdict.js';
import type { RunFolder } from '../../local/run-folder.js';
import type { ServableArtifact } from './servable-artifact.js';

/** Files of a logged model beside the model itself: MLflow's own, those for Python, and examples. */
const NOT_OF_MODEL =
  /^(MLmodel|registered_model_meta|conda\.yaml|python_env\.yaml|requirements\.txt|.*input_example.*|(code|metadata|bestrun)\/.*)$/;

/** Most further files of a model. */
const MAX_FILES = 2_000;

/**
 * Digests of everything a logged model consists of: MLflow keeps none, so they are taken when the model arrives.
 *
 * @throws RunError ARTIFACT_MISSING, ARTIFACT_OUTSIDE_RUN for a file that leads out of the folder.
 */
export async function digestModel(
  folder: RunFolder,
  { format, path }: ServableArtifact,
): Promise<{ sha256: string; files: FileReference[] }> {
  const isFolder = format === 'saved-model';
  const main = isFolder ? posix.join(path, 'saved_model.pb') : posix.normalize(path);
  const base = isFolder ? path : posix.dirname(main);
  const sha256 = await folder.digest(main);
  const files: FileReference[] = [];
  for (const name of await listFiles(await folder.resolve(base))) {
    const file = posix.join(base, name);
    if (file === main || (!isFolder && NOT_OF_MODEL.test(name))) continue;
    if (files.length === MAX_FILES) {
      throw new RunError('ARTIFACT_TOO_LARGE', `The model has more than ${MAX_FILES} files.`);
    }
    files.push({ path: file, sha256: await folder.digest(file) });
  }
  return { sha256, files };
}

/** Paths of the files below a folder, relative to it, sorted. */
async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).split(sep).join('/'))
    .sort();
}
