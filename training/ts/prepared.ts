import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { DecodeSpec } from '../../src/domain/decode-spec.js';
import type { EncodeSpec, PreparedText } from '../../src/domain/encode-spec.js';
import type { JsonObject } from '../../src/lib/json/json.js';
import type { ObservedValues, Signature } from '../../src/domain/signature.js';

/** Root of the project, as the compiled file sees it: .cache/training/js/training/ts. */
export const PROJECT_ROOT = resolve(__dirname, '../../../../..');

export type Part = 'train' | 'validation' | 'test';

/** A row of the data set with its place in the split. `Target` is 0 or 1, or a list of tags. */
export interface PreparedRow<Input, Target> {
  readonly id: number;
  readonly part: Part;
  readonly input: Input;
  readonly target: Target;
  readonly slices: readonly string[];
  /** The cleaned text; only where the input is a text. */
  readonly cleaned?: string;
}

/** What the Python trainer prepared for all trainers of a model: rows, split, and which rows are shown. */
export interface Prepared<Input, Target> {
  readonly model: string;
  readonly data_file: string;
  readonly data_sha256: string;
  /** `x-observed` of each input field: what the training rows hold. */
  readonly observed: Readonly<Record<string, ObservedValues>>;
  readonly fixture_ids: readonly number[];
  readonly example_ids: readonly number[];
  readonly classes?: readonly string[];
  readonly rows: readonly PreparedRow<Input, Target>[];
}

/** What all runs of a model have in common. */
export interface Contract {
  readonly signature: Signature;
  readonly decode: Partial<DecodeSpec>;
  /** Where all runs take the same tensors. */
  readonly encode?: EncodeSpec;
  readonly prepare?: readonly PreparedText[];
  readonly examples: readonly JsonObject[];
  readonly documented_cases?: readonly { input: JsonObject; survived: number }[];
  readonly behavioral?: readonly { type: string; text: string; tags: string[] }[];
}

/** The contract of a model, from training/contracts. */
export function readContract(model: string): Contract {
  return readJson(join(PROJECT_ROOT, 'training', 'contracts', `${model}.json`)) as Contract;
}

/**
 * The rows of a model.
 *
 * @param dataFile  the file they must come from; undefined for data that a Python package brings.
 * @throws Error when the Python trainer has not run, or ran on another file.
 */
export function readPrepared<Input, Target>(model: string, dataFile?: string): Prepared<Input, Target> {
  const path = join(PROJECT_ROOT, '.cache', 'training', 'prepared', `${model}.json`);
  if (!existsSync(path)) throw new Error(`Run training/python/train.py first: it prepares the rows of ${model}.`);
  const prepared = readJson(path) as Prepared<Input, Target>;
  if (dataFile === undefined) return prepared;
  const digest = createHash('sha256').update(readFileSync(dataFile)).digest('hex');
  if (digest !== prepared.data_sha256) {
    throw new Error(`The rows of ${model} were prepared from another ${prepared.data_file}: run train.py again.`);
  }
  return prepared;
}

/** The rows of one part, in the order of the data set. */
export function rowsOf<Input, Target>(prepared: Prepared<Input, Target>, part: Part): PreparedRow<Input, Target>[] {
  return prepared.rows.filter((row) => row.part === part);
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
