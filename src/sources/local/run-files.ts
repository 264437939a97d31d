import { posix } from 'node:path';

import type { FileReference } from '../../domain/encode-spec.js';
import type { Run } from '../../domain/run.js';
import type { JsonValue } from '../../lib/json/json.js';

/** A file of a run, and what it is to hold. */
export interface RunFileReference extends FileReference {
  /** Larger ones are refused, bytes. */
  readonly maxBytes: number;
}

/** Documents above are read and checked in a thread. */
export const MAX_INLINE_DOCUMENT_BYTES = 256 * 1024;
/** Files of a run whose digests are taken at once; above, all together, in a thread. */
export const MAX_INLINE_BYTES = 4 * 1024 * 1024;
/** A vocabulary is read whole: one of a quarter of a million tokens has 3 MB. */
export const MAX_VOCABULARY_BYTES = 16 * 1024 * 1024;
/** Examples are read whole, and each of them is computed when the run is loaded. */
export const MAX_EXAMPLES_BYTES = 64 * 1024 * 1024;

/** A run as `run.json` has it: many or large examples may lie in a file of their own. */
export type StoredRun = Omit<Run, 'examples'> & { readonly examples: Run['examples'] | FileReference };

/** The file of the model that the digest of `run.json` is of; inside the folder of a SavedModel. */
export function modelFile({ path, format }: Run['model']): string {
  return format === 'saved-model' ? posix.join(path, 'saved_model.pb') : path;
}

/** Every file that a run names, each once for each digest that is claimed of it. */
export function filesOfRun(run: StoredRun, { withModel }: { readonly withModel: boolean }): RunFileReference[] {
  const { model, encode, examples } = run;
  const own = { path: modelFile(model), sha256: model.sha256! };
  const modelFiles = withModel ? [own, ...(model.files ?? [])] : [];
  const files: RunFileReference[] = modelFiles.map((file) => ({ ...file, maxBytes: Infinity }));
  for (const tensor of encode.tensors) {
    // The thread that uses a tokenizer reads it; here it must be there and unchanged.
    if (tensor.kind === 'tokenizer') files.push({ ...tensor.tokenizer, maxBytes: Infinity });
  }
  for (const vocabulary of vocabularyFiles(run)) files.push({ ...vocabulary, maxBytes: MAX_VOCABULARY_BYTES });
  if (!isList(examples)) files.push({ ...examples, maxBytes: MAX_EXAMPLES_BYTES });
  return files;
}

/** Files with a token in each line. */
export function vocabularyFiles({ encode }: Pick<Run, 'encode'>): FileReference[] {
  return encode.tensors.flatMap((tensor) =>
    tensor.kind === 'tokens' && !Array.isArray(tensor.vocabulary) ? [tensor.vocabulary as FileReference] : [],
  );
}

/** Whether the examples stand in `run.json` itself. */
export function isList(examples: StoredRun['examples']): examples is Run['examples'] {
  return Array.isArray(examples);
}

/** The schema guarantees the shape; `null` metrics are the trainer's missing numbers. */
export function toStoredRun(document: JsonValue): StoredRun {
  const run = document as unknown as StoredRun;
  const metrics = Object.entries(run.metrics).map(([name, value]) => [name, Number(value ?? NaN)]);
  return { ...run, metrics: Object.fromEntries(metrics) as Run['metrics'] };
}
