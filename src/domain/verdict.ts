/**
 * Why a run may not be served: the code and what its owner can do.
 * `docs/run-format.md` lists them; a test keeps both equal.
 */
export const VERDICT_FIX = {
  RUN_FILE_INVALID: 'Correct run.json as the message says; schemas/run.schema.json describes every field.',
  RUN_FILE_MISSING: 'Write run.json into the run folder last, when all artifacts are there.',
  RUN_ID_DUPLICATE: 'Give each run of the store a run_id of its own.',
  STATUS_NOT_FINISHED: 'Only runs with status FINISHED are served; finish the run or remove it.',
  METRIC_MISSING:
    'Log the metric that the policy selects by (card.json; MLflow: the tag bestrun.metric), or change the policy.',
  CONDITION_NOT_MET: "The run does not match the policy's where; change the run or the policy.",
  GUARDRAIL_NOT_MET: 'The run breaks a guardrail of the policy; train a better run or change the guardrail.',
  FORMAT_UNKNOWN: 'Use one of the formats onnx, tfjs-layers, tfjs-graph, saved-model.',
  ENGINE_UNAVAILABLE:
    'Install the optional engine for this format (npm rebuild @tensorflow/tfjs-node), or export to ONNX.',
  ARTIFACT_MISSING: 'Copy the file into the run folder, or correct its path in run.json.',
  ARTIFACT_OUTSIDE_RUN: 'Keep every artifact inside the run folder: no .., no absolute path, no link out.',
  CHECKSUM_MISMATCH: 'The file changed after run.json was written: copy it again or write the new sha256.',
  KERAS3_LAYERS_MODEL:
    'Keras 3 models do not load as layers models: export with tf_keras (Keras 2), as a graph model, or to ONNX.',
  NON_TENSOR_OUTPUT:
    'Export the model without sequence or map outputs (skl2onnx: options={"zipmap": False}; onnxmltools: zipmap=False), or read its other outputs only.',
  SIGNATURE_MISMATCH: "Make signature, encode and decode name the model's own inputs and outputs.",
  LOAD_FAILED: 'The engine refused the artifact: export the model again and try it with models:check.',
  SELF_TEST_FAILED:
    "The loaded run does not repeat its own examples: check encode, decode and the examples' values, and what onnxruntime in Python answers: exporters err, too.",
  FORMAT_UNSUPPORTED: 'Export the model to ONNX and log it with mlflow.onnx.log_model; docs/mlflow.md shows how.',
  MODEL_MISSING: 'Log the model in the run, e.g. with mlflow.onnx.log_model.',
  MLMODEL_INVALID: 'Log the model again; its MLmodel file cannot be used as the message says.',
  SIGNATURE_MISSING: 'Log the model with signature=infer_signature(X, model.predict(X)).',
  SIGNATURE_UNSUPPORTED: 'Use columns or tensors of numbers, texts and booleans in the signature.',
  NOT_EXAMINED:
    'No action is needed: it is inspected when the better runs are gone, its alias is set, or it is pinned.',
  BEING_CHECKED: 'No action is needed: it is considered when its files have been read.',
  ARTIFACT_TOO_LARGE: 'Raise MLFLOW_MAX_MODEL_BYTES, or log a smaller model.',
  MEMORY_EXCEEDED:
    'Raise MODEL_MEMORY_BYTES if the machine has more, take other models out of the store, or export a smaller one (float16 or quantised weights).',
  ARTIFACT_UNAVAILABLE:
    'Check that the store of the run can be reached and MLFLOW_CACHE_DIR can be written; the run is tried again at each poll.',
  CONTRACT_BREAKING: 'Keep what clients rely on, or pin the run when they are ready for the new contract.',
  REHEARSAL_FAILED: "The run did not meet card.json's promotion limits on the champion's examples; see the message.",
  TRIAL_TIMED_OUT:
    'Find what does not end (a loop, a huge input) and publish the run again, or raise PREDICTION_TIMEOUT_MS or MODEL_LOAD_TIMEOUT_MS. To try it again as it is: POST /models/refresh with {"retry": "<run_id>"}.',
  TRIAL_DIED:
    'Try the artifact with models:check where it was made, and publish the run again. To try it again as it is: POST /models/refresh with {"retry": "<run_id>"}.',
  TRIAL_TOO_LARGE:
    'Publish a smaller model, or raise TRIAL_MEMORY_BYTES where the machine has more memory. To try it again as it is: POST /models/refresh with {"retry": "<run_id>"}.',
  INTERNAL:
    "No action helps: the server's log has the error with its stack. Report it, and pin another run until then.",
  FAILED_IN_SERVICE:
    'The run failed on real requests and was taken out of service: fix it and publish it again. To try it again as it is: POST /models/refresh with {"retry": "<run_id>"}.',
} as const;

export type VerdictCode = keyof typeof VERDICT_FIX;

/**
 * What is worth knowing of a run that may be served: the code and what its owner can do. `docs/run-format.md` lists them
 * too.
 */
export const WARNING_FIX = {
  EXAMPLES_FEW: 'Record several examples with different answers: they are the only test before clients use the run.',
  ANSWERS_UNPROVEN:
    'Record outputs. MLflow, in the run: mlflow.log_dict({"examples": [{"input": i, "output": o} for i, o in zip(X[:5].to_dict("records"), predictions[:5].to_dict("records"))]}, "bestrun/run.json").',
  MISSING_UNPROVEN:
    "Record a row without each of these fields, with what the trainer's pipeline answers to it; training may have put another value there.",
  NUMBER_AS_TEXT: 'Write numbers in the examples as numbers: they are what clients copy.',
  ENUM_WITHOUT_NULL:
    'Add null to the enum, or take "null" out of the type; JSON Schema refuses null as long as either does.',
  ANSWERS_NULL: 'Look for NaN among the weights, or a scaler that divides by zero; if null is intended, record it.',
  ANSWERS_EQUAL:
    'If they should differ, look for a missing scaler or a collapsed network; otherwise record other examples.',
  INTERVALS_CROSS:
    'Clients get such intervals as the model gives them: sort the quantiles before the export if that is not what you mean.',
  PARAMS_IGNORED:
    'Export the model with the values that it needs, or make each parameter a column; docs/mlflow.md says more.',
  TAG_IGNORED: 'Correct the tag or delete it: docs/mlflow.md lists the tags of runs and of experiments.',
  DIMENSION_OPEN: 'Export the model with fixed dimensions except for the rows, e.g. [None, 4].',
  ROWS_ONE_BY_ONE:
    'Export it for inference, with a first dimension that varies and rows that do not affect each other.',
  CONTRACT_TOO_WIDE:
    'Set the limits that the message names in the signature: clients get 422 with the limit instead of a failed prediction.',
  WORDS_DIFFER:
    'Unless the vectorizer has this token_pattern itself, export it with options={TfidfVectorizer: {"locale": "C", "tokenexp": r"[\\p{L}\\p{N}_]{2,}"}} (CountVectorizer likewise), which are the words of scikit-learn.',
  BACKEND_SLOWER: 'Export the model to ONNX, or without the operations that the message names.',
} as const;

type WarningCode = keyof typeof WARNING_FIX;

/** One thing worth knowing of a run that may be served, and what to do. */
export interface Warning {
  readonly code: WarningCode;
  readonly message: string;
  readonly fix: string;
}

/** One coded reason with the facts of this run and what to do. */
export interface VerdictReason {
  readonly code: VerdictCode;
  readonly message: string;
  readonly fix: string;
}

/** Whether a run may be served as the best run, and why not. */
export interface Verdict {
  readonly eligible: boolean;
  readonly reasons: readonly VerdictReason[];
  /** Warnings; known once the run has been loaded. */
  readonly warnings: readonly Warning[];
}

/** A warning with the fix of its code. */
export function warning(code: WarningCode, message: string): Warning {
  return { code, message, fix: WARNING_FIX[code] };
}

/**
 * A reason with the fix of its code.
 *
 * @param fix  a better one, where more is known of this run.
 */
export function reason(code: VerdictCode, message: string, fix: string = VERDICT_FIX[code]): VerdictReason {
  return { code, message, fix };
}

/** A reason or a warning in one line, for logs and people: the code, what is wrong, and what to do. */
export function reasonText({ code, message, fix }: VerdictReason | Warning): string {
  return `${code}: ${message} → ${fix}`;
}

/** What a run did that did not survive its trial. */
export const TRIAL_CODES: readonly VerdictCode[] = ['TRIAL_TIMED_OUT', 'TRIAL_DIED', 'TRIAL_TOO_LARGE'];

/** Thrown below the registry when a run cannot be used; becomes a reason of its verdict. */
export class RunError extends Error {
  /** A better fix than that of the code; undefined when there is none. */
  readonly fix: string | undefined;
  /** Whether another try may end otherwise, so that one is made later. */
  readonly isTransient: boolean;

  constructor(
    readonly code: VerdictCode,
    message: string,
    {
      fix,
      isTransient = false,
      ...options
    }: ErrorOptions & { readonly fix?: string | undefined; readonly isTransient?: boolean } = {},
  ) {
    super(message, options);
    this.name = 'RunError';
    this.fix = fix;
    this.isTransient = isTransient;
  }
}

/** Whether this says what happened to a run, and that another try may end otherwise. */
export function mayPassLater(error: unknown): boolean {
  return error instanceof RunError && error.isTransient;
}
