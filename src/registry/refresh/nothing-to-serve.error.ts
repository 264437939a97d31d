/** What an operator can do about a store without models. */
export const EMPTY_STORE_FIX =
  'Put one there (docs/run-format.md, docs/mlflow.md), name another place (SOURCES, MODELS_DIR, MLFLOW_TRACKING_URI), or start without one by ALLOW_EMPTY=true.';

/** The start cannot go on: the message is the report for the operator. */
export class NothingToServeError extends Error {
  constructor(report: string) {
    super(report);
    this.name = 'NothingToServeError';
  }
}
