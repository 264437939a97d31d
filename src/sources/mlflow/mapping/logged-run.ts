import { posix } from 'node:path';

import { RunError, reason } from '../../../domain/verdict.js';
import type { VerdictReason } from '../../../domain/verdict.js';
import { RunFolder } from '../../local/run-folder.js';
import type { RunArtifacts, SourceRun } from '../../run-source.js';
import { columnRules } from './derive-column.js';
import { readMlModel } from './ml-model.js';
import type { MlModel } from './ml-model.js';
import { NO_MODEL, completePart, draftPart } from './run-draft.js';
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
export interface ReadModel {
  readonly logged: LoggedModel;
  readonly mlModel: MlModel;
  readonly artifact: ServableArtifact;
  readonly exampleText: string | undefined;
}

/** A larger input example is not read. */
const MAX_EXAMPLE_CHARS = 1024 * 1024;

/**
 * Reads `MLmodel` and the input example, not the weights.
 *
 * @returns the reason why no run with this model can be served.
 * @throws StoreUnavailableError; RunError ARTIFACT_UNAVAILABLE when only these files cannot be had.
 */
export async function readLoggedModel(logged: LoggedModel): Promise<ReadModel | VerdictReason> {
  const text = await logged.readText('MLmodel');
  if (text === undefined) return reason('MODEL_MISSING', 'The model was logged without its MLmodel file.');
  try {
    const mlModel = readMlModel(text);
    const artifact = servableArtifact(mlModel);
    if ('code' in artifact) return artifact;
    const example = mlModel.examplePath === undefined ? undefined : await logged.readText(mlModel.examplePath);
    const exampleText = example !== undefined && example.length <= MAX_EXAMPLE_CHARS ? example : undefined;
    return { logged, mlModel, artifact, exampleText };
  } catch (error) {
    if (error instanceof RunError && error.code !== 'ARTIFACT_UNAVAILABLE')
      return reason(error.code, error.message, error.fix);
    throw error;
  }
}

/** A run that may be loaded: its files are fetched when it is opened. */
export function servableRun({ location, details, readMetricHistory }: RunRecord, model: ReadModel): SourceRun {
  const { artifact, mlModel, exampleText } = model;
  const run = { ...details, model: artifact, ...draftPart(mlModel, exampleText) };
  const rules = columnRules(details.tags);
  const open = async (): Promise<RunArtifacts> => {
    const { path, release } = await model.logged.fetch();
    const folder = await RunFolder.open(path, path);
    const isFolder = artifact.format === 'saved-model';
    const sha256 = await folder.digest(isFolder ? posix.join(artifact.path, 'saved_model.pb') : artifact.path);
    return {
      folder: folder.path,
      close: release,
      complete: (modelSpec) => ({
        ...run,
        ...completePart(mlModel, exampleText, modelSpec, rules),
        model: { ...artifact, sha256 },
      }),
    };
  };
  return { location, run, vocabularies: new Map(), reasons: [], open, readMetricHistory };
}

/** A run that is listed with its metrics and cannot be loaded. */
export function rejectedRun({ location, details, readMetricHistory }: RunRecord, rejection: VerdictReason): SourceRun {
  const run = { ...details, ...NO_MODEL, model: { format: 'onnx', path: '' } } as const;
  const open = () => Promise.reject(new RunError(rejection.code, rejection.message));
  return { location, run, vocabularies: new Map(), reasons: [rejection], open, readMetricHistory };
}
