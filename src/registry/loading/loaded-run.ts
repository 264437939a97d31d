import type { DecodeContext, RowDecoder } from '../../codec/decode/row-decoder.js';
import type { RowEncoder } from '../../codec/encode/row-encoder.js';
import type { RowValidator, ValidateOptions } from '../../codec/validate/row-validator.js';
import { contractOf } from '../../domain/contract.js';
import type { JsonObject } from '../../lib/json.js';
import type { PredictionTiming } from '../../domain/prediction-timing.js';
import type { Run } from '../../domain/run.js';
import type { NamedTensors } from '../../domain/tensor.js';
import type { Location, ValidationProblem } from '../../domain/validation-problem.js';
import { ValidationError } from '../../domain/validation-problem.js';
import { warning } from '../../domain/verdict.js';
import type { Warning } from '../../domain/verdict.js';
import type { HostedModel } from '../../engines/model-host.js';
import { contractHash } from '../contract/contract-hash.js';
import { PredictionTimes } from './prediction-times.js';
import { ServiceRecord } from './outcome-counter.js';

/** How a list of rows is to be predicted. */
export interface PredictOptions extends ValidateOptions {
  /** Where row `index` sits in the request. */
  readonly locOf: (index: number) => Location;
  /** On-request output fields the caller asked for. */
  readonly include: ReadonlySet<string>;
  /** Milliseconds, waiting included. */
  readonly timeoutMs: number;
  /** `performance.now()` from which `timeoutMs` counts; now unless given. */
  readonly sinceMs?: number;
  /** Whether each row is computed in a call of its own; as the run is served unless set. */
  readonly rowByRow?: boolean;
  /** Aborted when the caller has gone. */
  readonly signal?: AbortSignal;
  /** Filled in on the way. */
  readonly timing?: PredictionTiming;
}

/** The compiled halves of a run's contract. */
export interface Codec {
  readonly validator: RowValidator;
  readonly encoder: RowEncoder;
  readonly decoder: RowDecoder;
}

/** A run in memory that answers: the way of a prediction from rows to rows, after HTTP and before HTTP. */
export class ServedRun {
  /** Replaced by the clock of the first self-test; for the run's detail. */
  readonly loadedAt = new Date();
  /** Where the time of its recent predictions went. */
  readonly times = new PredictionTimes();
  /** How they ended. */
  readonly record = new ServiceRecord();

  /** What came to light when it was loaded, and speaks against nothing. */
  private foundWarnings: readonly Warning[] = [];

  /** Hash of the contract it keeps. */
  readonly contract: string;

  /** Why its rows are computed one by one; undefined when they may share calls. */
  private whyRowByRow: string | undefined;

  constructor(
    private currentRun: Run,
    readonly codec: Codec,
    private readonly hosted: HostedModel,
    /** The server's own limit, milliseconds: who asks for less may be late without blame for the run. */
    private readonly fairTimeoutMs = 0,
    /** Lets go of the artifacts: a thread that is replaced loads them again until then. */
    private readonly closeArtifacts: () => void = () => undefined,
  ) {
    this.contract = contractHash(contractOf(currentRun));
  }

  get run(): Run {
    return this.currentRun;
  }

  /**
   * Keeps the model's own answers as the outputs of the run's examples, whose trainer recorded none.
   *
   * @param outputs  one per example, in order.
   */
  learnExamples(outputs: readonly JsonObject[]): void {
    const examples = this.currentRun.examples.map(({ input }, i) => ({ input, output: outputs[i]! }));
    this.currentRun = { ...this.currentRun, examples };
  }

  /** What computes, e.g. `onnxruntime-cpu`. */
  get backend(): string {
    return this.hosted.info.backend;
  }

  get notes(): readonly string[] {
    const { notes } = this.hosted.info;
    return this.whyRowByRow === undefined ? notes : [...notes, this.whyRowByRow];
  }

  /** What is worth knowing of it. */
  get warnings(): readonly Warning[] {
    const slower = this.hosted.info.notes.map((note) => warning('BACKEND_SLOWER', note));
    const alone = this.whyRowByRow === undefined ? [] : [warning('ROWS_ONE_BY_ONE', this.whyRowByRow)];
    return [...slower, ...alone, ...this.foundWarnings];
  }

  /** Keeps what came to light about it. */
  noteWarnings(found: readonly Warning[]): void {
    this.foundWarnings = found;
  }

  /** Whether each row is computed in a call of its own. */
  get isRowByRow(): boolean {
    return this.whyRowByRow !== undefined;
  }

  /**
   * Computes each row in a call of its own from now on.
   *
   * @param why  a sentence for the run's detail.
   */
  serveRowByRow(why: string): void {
    this.whyRowByRow = why;
  }

  /** Names of the output fields a caller may ask for. */
  get onRequestFields(): readonly string[] {
    return this.codec.decoder.onRequestFields;
  }

  /**
   * Predicts rows: one output row for each, in order.
   *
   * @throws ValidationError with every problem of every row, before anything is computed.
   * @throws AppError QUEUE_FULL, PREDICTION_TIMEOUT, PREDICTION_FAILED, WORKER_LOST.
   */
  predict(values: readonly unknown[], options: PredictOptions): Promise<JsonObject[]> {
    const { decoder } = this.codec;
    return this.compute(values, options, (outputs, context) => decoder.decode(outputs, context, options.include));
  }

  /** The same, written as the text of a JSON array. */
  predictText(values: readonly unknown[], options: PredictOptions): Promise<string> {
    const { decoder } = this.codec;
    return this.compute(values, options, (outputs, context) => decoder.write(outputs, context, options.include));
  }

  private async compute<T>(
    values: readonly unknown[],
    options: PredictOptions,
    decode: (outputs: NamedTensors, context: DecodeContext) => T,
  ): Promise<T> {
    const cameAt = performance.now();
    const { rows, prepared, inputs } = this.encode(values, options);
    const { timeoutMs, sinceMs = cameAt, signal, timing, rowByRow = this.isRowByRow } = options;
    const { outputNames } = this.codec.decoder;
    const validateMs = performance.now() - cameAt;
    // No await before this call: between the moment a caller reads which run is best and the moment its rows wait in the
    // queue nothing else can happen, so a swap never releases a run under a request (`release` lets the queue finish).
    let outputs: NamedTensors;
    try {
      outputs = await this.hosted.predict(inputs, { outputNames, timeoutMs, sinceMs, signal, rowByRow, timing });
    } catch (error) {
      const { signal: _gone, timing: _timing, sinceMs: _since, ...again } = options;
      this.record.noteFailure(error, timeoutMs < this.fairTimeoutMs, (other) => other.predict(values, again));
      throw error;
    }
    this.record.answered += 1;
    const computedAt = performance.now();
    const decoded = decode(outputs, { rows, prepared });
    if (timing) {
      timing.onFinish = this.noteTimes;
      timing.validateMs = validateMs;
      timing.serialiseMs = performance.now() - computedAt;
    }
    return decoded;
  }

  private encode(values: readonly unknown[], options: PredictOptions): DecodeContext & { inputs: NamedTensors } {
    const { validator, encoder } = this.codec;
    const problems: ValidationProblem[] = [];
    const rows: JsonObject[] = [];
    for (let i = 0; i < values.length; i++) {
      const row = validator.validate(values[i], options.locOf(i), options, problems);
      if (row) rows.push(row);
    }
    if (problems.length > 0) throw new ValidationError(problems);
    const prepared = encoder.prepare(rows);
    const inputs = encoder.encode(rows, options.locOf, problems, prepared);
    if (problems.length > 0) throw new ValidationError(problems);
    return { rows, prepared, inputs };
  }

  private readonly noteTimes = (timing: PredictionTiming): void => this.times.record(timing);

  /** Gives the model's memory back. */
  async release(): Promise<void> {
    await this.hosted.release();
    this.closeArtifacts();
  }
}
