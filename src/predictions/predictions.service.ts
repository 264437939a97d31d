import { Injectable } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import type { RowNote } from '../domain/input/row-note.js';
import { AppError } from '../domain/app-error.js';
import type { PredictionTiming } from '../domain/prediction-timing.js';
import type { Location, ValidationIssue } from '../domain/validation-issue.js';
import { MAX_ISSUES, ValidationError } from '../domain/validation-issue.js';
import type { JsonObject } from '../lib/json/json.js';
import type { LoadedRun } from '../registry/loading/loaded-run.js';
import type { PredictOptions, Rows } from '../registry/loading/predict-options.js';
import type { RemoteRows } from '../row-reading/remote-rows.js';
import { ModelRegistryService } from '../registry/model-registry.service.js';
import type { RegisteredRun } from '../registry/state/registered-run.js';
import { PredictionTargets } from './prediction-targets.js';
import type { PredictionTarget } from './prediction-targets.js';

/** Rows to predict: the values, where each sits in the request, and how strictly it is read. */
export interface PredictionRows {
  readonly values: readonly unknown[];
  /** The rows of a large body, which another thread has; `values` tells their number only. */
  readonly remote?: RemoteRows;
  /** Place of the list, for what is wrong with all of it. */
  readonly loc: Location;
  readonly locOf: (index: number) => Location;
  /** Names of the values where rows are lists of them, and where these names sit. */
  readonly columns?: PredictOptions['columns'];
  /** `query`: values are text, to be read as the types of the fields. */
  readonly source: 'body' | 'query';
  /** `types-only`: enums and ranges are not checked. */
  readonly mode: 'strict' | 'types-only';
  /** Output fields to add that are given on request only. */
  readonly include: readonly string[];
  /** Place of `include[i]`. */
  readonly includeLoc: (index: number) => Location;
  /** How the text of the answer is written. */
  readonly shape?: PredictOptions['shape'];
}

/** What a caller asks of a prediction besides its rows, and what becomes known of it on the way. */
export interface PredictionContext {
  /** Milliseconds the caller waits at most; Infinity when it does not say. */
  readonly timeoutMs: number;
  /** `performance.now()` from which they count. */
  readonly sinceMs: number;
  /** Aborted when the caller is gone. */
  readonly signal: AbortSignal;
  /** Hashes of the contracts the caller can work with; empty when it does not say. */
  readonly acceptedContracts: readonly string[];
  /** Where the time goes; filled in. */
  readonly timing: PredictionTiming;
  /** Contract of the run that answers; set as soon as it is known, so that errors can tell it too. */
  contract?: string;
  /** The run that answers, likewise. */
  subject?: { readonly model: string; readonly runId: string };
}

/** Rows, or what makes them for the run they go to. It throws a ValidationError when that run cannot take them. */
export type RowsForRun = PredictionRows | ((run: RegisteredRun) => PredictionRows);

/** Predictions of one request. */
export interface Prediction<T> {
  readonly model: string;
  readonly runId: string;
  /** Names of the output fields that are the prediction proper. */
  readonly primaryFields: readonly string[];
  /** One output row per input row, in order. */
  readonly rows: T;
  /** What is worth knowing of each input row, in order; undefined unless asked for. */
  readonly notes?: readonly RowNote[];
}

/** Asks for notes in `include`, unless the model has an output field of that name. */
const NOTES = 'notes';

/** Output rows of a loaded run, in some form. */
type Compute<T> = (loaded: LoadedRun, values: Rows, options: PredictOptions) => Promise<T>;

const computeRows: Compute<JsonObject[]> = (loaded, values, options) => loaded.predict(values, options);
const computeText: Compute<string> = (loaded, values, options) => loaded.predictText(values, options);

/**
 * From rows in to rows out, for every protocol: finds the run, checks the caller's contract, and computes. What a
 * protocol adds lies around it: `endpoint/` does that for HTTP.
 */
@Injectable()
export class PredictionsService {
  constructor(
    private readonly registry: ModelRegistryService,
    private readonly targets: PredictionTargets,
    private readonly config: AppConfig,
  ) {}

  /**
   * Predicts rows; one output row for each, in order.
   *
   * @throws AppError MODEL_NOT_FOUND, MODEL_NOT_READY, RUN_NOT_FOUND, RUN_NOT_SERVABLE, CONTRACT_CHANGED, or as
   *         `ServedRun.predict`.
   */
  predict(
    target: PredictionTarget,
    rowsForRun: RowsForRun,
    context: PredictionContext,
  ): Promise<Prediction<JsonObject[]>> {
    return this.compute(target, rowsForRun, context, computeRows);
  }

  /** The same with the output rows as the text of a JSON array, which is quicker than writing them afterwards. */
  predictText(
    target: PredictionTarget,
    rowsForRun: RowsForRun,
    context: PredictionContext,
  ): Promise<Prediction<string>> {
    return this.compute(target, rowsForRun, context, computeText);
  }

  /** No await before `compute`: a swap waits for rows that were sent to their run in the same turn of the event loop. */
  private compute<T>(
    target: PredictionTarget,
    rowsForRun: RowsForRun,
    context: PredictionContext,
    compute: Compute<T>,
  ): Promise<Prediction<T>> {
    const registered = this.targets.resolve(target);
    const rows = typeof rowsForRun === 'function' ? rowsForRun(registered) : rowsForRun;
    requireMaxRows(rows, this.config.maxRowsPerRequest);
    return this.registry.useRun(registered, (loaded) => this.computeWith(loaded, registered, rows, context, compute));
  }

  private async computeWith<T>(
    loaded: LoadedRun,
    registered: RegisteredRun,
    rows: PredictionRows,
    context: PredictionContext,
    compute: Compute<T>,
  ): Promise<Prediction<T>> {
    requireContract(registered, loaded, context);
    const { signal, sinceMs, timing } = context;
    const { locOf, columns, source, mode, shape } = rows;
    const include = checkedInclude(loaded, rows);
    const notes: RowNote[] | undefined = wantsNotes(loaded, rows) ? [] : undefined;
    const timeoutMs = Math.min(context.timeoutMs, this.config.predictionTimeoutMs);
    const way = { locOf, columns, source, mode, include, shape, notes, mayRejectRows: true };
    const result = await compute(loaded, rows.remote ?? rows.values, { ...way, signal, timeoutMs, sinceMs, timing });
    const { primaryFields } = loaded.codec.decoder;
    return { model: registered.card.name, runId: registered.run.run_id, primaryFields, rows: result, notes };
  }
}

function requireMaxRows({ values, loc }: PredictionRows, limit: number): void {
  if (values.length <= limit) return;
  const msg = `ensure this value has at most ${limit} items`;
  throw new ValidationError([{ loc, msg, type: 'value_error.list.max_items', ctx: { limit_value: limit } }]);
}

/** Refuses when the caller was written for another contract than the run keeps. */
function requireContract({ card }: RegisteredRun, { run, contract }: LoadedRun, context: PredictionContext): void {
  context.contract = contract;
  context.subject = { model: card.name, runId: run.run_id };
  const wanted = context.acceptedContracts;
  if (wanted.length === 0 || wanted.includes(contract)) return;
  const facts = { model: card.name, runId: run.run_id, contract, wanted: wanted.join(' or ') };
  throw new AppError('CONTRACT_CHANGED', facts);
}

const NOTHING: ReadonlySet<string> = new Set();

function wantsNotes({ run }: LoadedRun, { include }: PredictionRows): boolean {
  return include.includes(NOTES) && !Object.hasOwn(run.signature.output.properties, NOTES);
}

/** A field that is given anyway may be asked for: clients of a run that gives it on request only do. */
function checkedInclude(loaded: LoadedRun, { include, includeLoc }: PredictionRows): ReadonlySet<string> {
  if (include.length === 0) return NOTHING;
  const known = [...new Set([...loaded.onRequestFields, NOTES])];
  const permitted = known.map((field) => `'${field}'`).join(', ');
  const msg = `value is not a valid enumeration member; permitted: ${permitted}`;
  const problems: ValidationIssue[] = [];
  include.forEach((name, i) => {
    const isKnown = name === NOTES || Object.hasOwn(loaded.run.signature.output.properties, name);
    if (isKnown || problems.length >= MAX_ISSUES) return;
    problems.push({ loc: includeLoc(i), msg, type: 'type_error.enum', ctx: { enum_values: known } });
  });
  if (problems.length > 0) throw new ValidationError(problems);
  return new Set(include.filter((name) => loaded.onRequestFields.includes(name)));
}
