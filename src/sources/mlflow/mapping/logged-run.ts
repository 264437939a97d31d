import type { Run } from '../../../domain/run.js';
import { RunError, reason, warning } from '../../../domain/verdict.js';
import type { VerdictReason, Warning } from '../../../domain/verdict.js';
import { RunFolder } from '../../local/run-folder.js';
import type { RunArtifacts, SourceRun } from '../../run-source.js';
import { readVocabularies } from '../contract/contract-files.js';
import { findContract } from '../contract/find-contract.js';
import type { ReadRunFile } from '../contract/find-contract.js';
import { inWordsOf } from '../contract/own-words.js';
import type { RunContract } from '../contract/run-contract.js';
import { ignoredTags } from './ignored-tags.js';
import { readMlModel } from './ml-model.js';
import type { MlModel } from './ml-model.js';
import { digestModel } from './model-files.js';
import { NO_MODEL, completePart, draftPart } from './run-draft.js';
import type { DraftSource } from './run-draft.js';
import { columnRules } from './tags.js';
import { servableArtifact } from './servable-artifact.js';
import type { ServableArtifact } from './servable-artifact.js';
import type { LoggedModel } from '../store/mlflow-store.js';
import type { RunDetails } from './to-run.js';

/** What MLflow has recorded of a run, without its model. */
export interface RunRecord {
  readonly location: string;
  readonly details: RunDetails;
  readonly readMetricHistory: SourceRun['readMetricHistory'];
}

/** Metadata of a logged model, read once: it does not change. */
export interface ReadModel extends DraftSource {
  readonly logged: LoggedModel;
  readonly artifact: ServableArtifact;
  readonly draft: ReturnType<typeof draftPart>;
  /** Files that the contract's `encode` names. */
  readonly vocabularies: ReadonlyMap<string, readonly string[]>;
  /** Why the contract cannot be used; the run cannot be served then. */
  readonly reasons: readonly VerdictReason[];
}

/** A larger input example is not read. */
const MAX_EXAMPLE_CHARS = 1024 * 1024;

/**
 * Reads `MLmodel`, the contract and the input example, not the weights.
 *
 * @returns the reason why no run with this model can be served.
 * @throws StoreUnavailableError; RunError ARTIFACT_UNAVAILABLE when only these files cannot be had.
 */
export async function readLoggedModel(
  logged: LoggedModel,
  readRunFile: ReadRunFile,
): Promise<ReadModel | VerdictReason> {
  const text = await logged.readText('MLmodel');
  if (text === undefined) return reason('MODEL_MISSING', 'The model was logged without its MLmodel file.');
  try {
    const mlModel = readMlModel(text);
    const artifact = servableArtifact(mlModel);
    if ('code' in artifact) return artifact;
    const example = mlModel.examplePath === undefined ? undefined : await logged.readText(mlModel.examplePath);
    const exampleText = example !== undefined && example.length <= MAX_EXAMPLE_CHARS ? example : undefined;
    const found = await findContract(logged, text, readRunFile);
    const isRefused = Array.isArray(found);
    const contract = isRefused ? undefined : found;
    const vocabularies = await readVocabularies(logged, contract);
    const source = { mlModel, exampleText, contract };
    const reasons = isRefused ? found : [];
    return { ...source, logged, artifact, draft: draftPart(source), vocabularies, reasons };
  } catch (error) {
    if (error instanceof RunError && error.code !== 'ARTIFACT_UNAVAILABLE') {
      return reason(error.code, error.message, error.fix);
    }
    throw error;
  }
}

/** A run that may be loaded: its files are fetched when it is opened. */
export function servableRun({ location, details, readMetricHistory }: RunRecord, model: ReadModel): SourceRun {
  const { artifact, contract, vocabularies, reasons } = model;
  const rules = columnRules(details.tags);
  const own = withContract(details, contract);
  const run = { ...own, model: artifact, ...model.draft };
  const open = async (): Promise<RunArtifacts> => {
    const { path, release } = await model.logged.fetch();
    const folder = await RunFolder.open(path, path);
    const hashed = await verifiedArtifact(folder, artifact, contract);
    return {
      folder: folder.path,
      files: hashed.files ?? [],
      close: release,
      complete: (modelSpec) => ({ ...own, ...completePart(model, modelSpec, rules), model: hashed }),
    };
  };
  const warnings = [
    ...parameterWarnings(model.mlModel),
    ...ignoredTags(details.tags, model.mlModel.inputs, contract?.encode && contract.place),
  ];
  const toOwnWords = (message: string) => inWordsOf(contract, message);
  return { location, run, vocabularies, reasons, open, readMetricHistory, toOwnWords, warnings };
}

/** A graph has inputs only: what clients of MLflow send as `params` has no effect here. */
function parameterWarnings({ parameters }: MlModel): Warning[] {
  if (parameters.length === 0) return [];
  const names = parameters.map((name) => `"${name}"`).join(', ');
  return [
    warning('PARAMS_IGNORED', `The signature has the parameters ${names}, which a model of this format cannot take.`),
  ];
}

/** The details of the run with what only the contract says; what MLflow records counts. */
function withContract(details: RunDetails, contract: RunContract | undefined): RunDetails {
  const { description = contract?.description } = details;
  return {
    ...details,
    ...(description !== undefined && { description }),
    performance: { ...contract?.performance, ...details.performance },
    ...(contract?.selfTest && { self_test: contract.selfTest }),
  };
}

/** The digest of what is loaded, which must be the one that the contract names, if it names one. */
async function verifiedArtifact(
  folder: RunFolder,
  artifact: ServableArtifact,
  contract: RunContract | undefined,
): Promise<Run['model']> {
  const { sha256, files } = await digestModel(folder, artifact);
  const { sha256: wanted = sha256, files: named = [] } = contract?.model ?? {};
  if (wanted !== sha256) {
    const message = `"${artifact.path}" has the SHA-256 ${sha256.slice(0, 12)}…, ${contract!.place} says ${wanted.slice(0, 12)}….`;
    const fix = 'The contract was written for another model: log the two together.';
    throw new RunError('CHECKSUM_MISMATCH', message, { fix });
  }
  const tokenizers = (contract?.encode?.tensors ?? []).flatMap((one) =>
    one.kind === 'tokenizer' ? [one.tokenizer] : [],
  );
  for (const file of [...named, ...tokenizers]) await folder.verify(file.path, file.sha256);
  return { ...artifact, sha256, ...(files.length > 0 && { files }) };
}

/** A run that is listed with its metrics and cannot be loaded. */
export function rejectedRun({ location, details, readMetricHistory }: RunRecord, rejection: VerdictReason): SourceRun {
  const run = { ...details, ...NO_MODEL, model: { format: 'onnx', path: '' } } as const;
  const open = () => Promise.reject(new RunError(rejection.code, rejection.message));
  return { location, run, vocabularies: new Map(), reasons: [rejection], open, readMetricHistory };
}
