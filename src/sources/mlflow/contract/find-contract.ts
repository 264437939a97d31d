import { isJsonObject } from '../../../lib/json/json.js';
import { JsonSyntaxError, parseJson } from '../../../lib/json/json-text.js';
import type { JsonValue } from '../../../lib/json/json.js';
import { reason } from '../../../domain/verdict.js';
import type { VerdictReason } from '../../../domain/verdict.js';
import { loadSchemaCheck } from '../../schema-check.js';
import type { LoggedModel } from '../store/mlflow-store.js';
import { pythonYamlAt } from './python-yaml.js';
import { readContract } from './run-contract.js';
import type { RunContract } from './run-contract.js';

/** The contract's file, in the folder of the logged model or among the artifacts of its run. */
const CONTRACT_FILE = 'bestrun/run.json';

const IN_METADATA = 'MLmodel /metadata/bestrun';

/**
 * A file among the artifacts of a run; undefined when there is none.
 *
 * @throws StoreUnavailableError; RunError ARTIFACT_UNAVAILABLE.
 */
export type ReadRunFile = (path: string) => Promise<string | undefined>;

/**
 * The contract that was written for a logged model. The first one counts of: `metadata` of the model, its folder, the
 * artifacts of its run under the model's id, and those of its run (unless they name another `model_id`).
 *
 * @param mlModelText  the `MLmodel` file.
 * @returns undefined when there is none; reasons when it cannot be used.
 */
export async function findContract(
  logged: LoggedModel,
  mlModelText: string,
  readRunFile: ReadRunFile,
): Promise<RunContract | VerdictReason[] | undefined> {
  const inMetadata = pythonYamlAt(mlModelText, ['metadata', 'bestrun']);
  if (inMetadata !== undefined && inMetadata !== null) {
    return typeof inMetadata === 'string' ? ofText(inMetadata, IN_METADATA) : ofDocument(inMetadata, IN_METADATA);
  }
  const inFolder = await logged.readOptionalText(CONTRACT_FILE);
  if (inFolder !== undefined) return ofText(inFolder, CONTRACT_FILE);
  const { modelId } = logged;
  const ofModel = modelId === undefined ? undefined : await readRunFile(`bestrun/${modelId}/run.json`);
  if (ofModel !== undefined) return ofText(ofModel, `bestrun/${modelId}/run.json`);
  const ofRun = await readRunFile(CONTRACT_FILE);
  if (ofRun === undefined || isOfOtherRun(ofRun, modelId)) return undefined;
  return ofText(ofRun, CONTRACT_FILE);
}

function isOfOtherRun(text: string, modelId: string | undefined): boolean {
  const document = documentOf(text);
  return modelId !== undefined && isJsonObject(document) && (document.model_id ?? modelId) !== modelId;
}

function ofText(text: string, place: string): RunContract | VerdictReason[] {
  const document = documentOf(text);
  if (document instanceof JsonSyntaxError) {
    return [reason('RUN_FILE_INVALID', `${place} is not JSON: ${document.message}.`)];
  }
  return ofDocument(document, place);
}

function ofDocument(document: JsonValue, place: string): RunContract | VerdictReason[] {
  return readContract(document, place, loadSchemaCheck('run'));
}

function documentOf(text: string): JsonValue | JsonSyntaxError {
  try {
    return parseJson(text.replace(/^\uFEFF/, ''), { allowNonFinite: true });
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error;
    throw error;
  }
}
