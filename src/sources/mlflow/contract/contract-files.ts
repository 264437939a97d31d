import { createHash } from 'node:crypto';

import type { FileReference } from '../../../domain/encode-spec.js';
import { RunError } from '../../../domain/verdict.js';
import type { LoggedModel } from '../store/mlflow-store.js';
import type { RunContract } from './run-contract.js';

/**
 * The token lists that the contract's `encode` names, by path; they lie in the folder of the logged model.
 *
 * @throws RunError ARTIFACT_MISSING, CHECKSUM_MISMATCH, or ARTIFACT_OUTSIDE_RUN.
 */
export async function readVocabularies(
  logged: LoggedModel,
  contract: RunContract | undefined,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for (const tensor of contract?.encode?.tensors ?? []) {
    if (tensor.kind !== 'tokens' || Array.isArray(tensor.vocabulary)) continue;
    const { path, sha256 } = tensor.vocabulary as FileReference;
    const text = await logged.readOptionalText(path);
    if (text === undefined) {
      const message = `"${path}", which ${contract!.place} names, is not in the folder of the logged model.`;
      throw new RunError('ARTIFACT_MISSING', message, { fix: 'Log it with the model, or write the tokens as a list.' });
    }
    if (createHash('sha256').update(text).digest('hex') !== sha256) {
      throw new RunError('CHECKSUM_MISMATCH', `"${path}" has another SHA-256 than ${contract!.place} says.`);
    }
    found.set(path, text.replace(/\r?\n$/, '').split(/\r?\n/));
  }
  return found;
}
