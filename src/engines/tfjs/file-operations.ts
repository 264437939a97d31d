import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { RunError } from '../../domain/verdict.js';

/** TensorFlow operations that reach files or run Python. A graph for serving needs none of them. */
const FORBIDDEN_OPERATIONS = ['WriteFile', 'ReadFile', 'MatchingFiles', 'EagerPyFunc', 'PyFuncStateless', 'PyFunc'];

/**
 * Rejects a SavedModel whose graph names an operation that reads or writes the server's files or runs code: a store is
 * data. Names are plain text in the protobuf, so their bytes are searched.
 *
 * @param folder  absolute, the one that holds `saved_model.pb`.
 * @throws RunError LOAD_FAILED that names the operation.
 */
export async function rejectFileOperations(folder: string): Promise<void> {
  const graph = await readFile(join(folder, 'saved_model.pb'));
  const found = FORBIDDEN_OPERATIONS.find((operation) => graph.includes(operation));
  if (found === undefined) return;
  throw new RunError('LOAD_FAILED', `The SavedModel uses the operation ${found}, which a model may not do here.`);
}
