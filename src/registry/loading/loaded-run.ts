import { atColumns, objectRows } from '../../codec/column-rows.js';
import type { PreparedRow } from '../../codec/encode/encode-scope.js';
import { validateRows } from '../../codec/validate/row-validator.js';
import type { JsonObject } from '../../lib/json/json.js';
import type { PredictionTiming } from '../../domain/prediction-timing.js';
import type { Run } from '../../domain/run.js';
import { copyTensors } from '../../domain/tensor-rows.js';
import type { TensorPart } from '../../domain/tensor-rows.js';
import type { Location, ValidationIssue } from '../../domain/validation-issue.js';
import { MAX_ISSUES, ValidationError } from '../../domain/validation-issue.js';
import { warning } from '../../domain/verdict.js';
import type { Warning } from '../../domain/verdict.js';
import type { MemoryUse, ModelHandle } from '../../engines/model-host.js';
import type { Deadline } from '../../preprocessing/preprocessor.js';
import type { TrialReport } from '../../engines/trial/trial-host.js';
import { RemoteRows } from '../../row-reading/remote-rows.js';
import type { RemoteEncoded } from '../../row-reading/reading-messages.js';
import { contractHashOf } from '../contract/contract-hash.js';
import { decodeParts, writeOutputs, writeParts } from './decode-parts.js';
import type { DecodeRequest } from './decode-parts.js';
import type { PredictOptions, Rows } from './predict-options.js';
import { PredictionTimes } from './prediction-times.js';
import { OutcomeCounter } from './outcome-counter.js';
import type { Failure } from './outcome-counter.js';
import { CANNOT_COMPUTE, computeByHalves, isModelRefusal } from './refused-rows.js';
import type { RowPreprocessing } from './row-preprocessing.js';
import { inOrder, validTexts } from './row-issues.js';
import type { Codec } from './run-codec.js';
import type { RunTrial } from '../trials/run-trial.js';

function isRemote(rows: Rows): rows is RemoteRows {
  return rows instanceof RemoteRows;
}

const COMPUTED_INLINE =
  'Its calls are so short that they are computed on the thread that answers requests (INLINE_MAX_US).';
const NOTHING_KEPT: readonly TensorPart[] = [];
const NOTHING_PREPARED: DecodeRequest['prepared'] = [];

/** How the engine computes them. */
type EngineCall = Parameters<ModelHandle['predictParts']>[1] & { readonly sinceMs: number; readonly rowByRow: boolean };

/** A run in memory: predicts output rows for input rows, independent of HTTP. */
export class LoadedRun {
  /** Set again by the first self-test; shown in the run's detail. */
  readonly loadedAt = new Date();
  /** Durations of its recent predictions. */
  readonly times = new PredictionTimes();
  /** How they ended. */
  readonly results = new OutcomeCounter();

  /** Warnings found when it was loaded; none of them is a reason to reject it. */
  private loadWarnings: readonly Warning[] = [];

  /** Hash of the contract it keeps. */
  readonly contract: string;

  /** Work that calls the model again, or for the first time, when it goes on. */
  private readonly pending = new Set<Promise<void>>();

  /** While it is tried. */
  private trial: { readonly trial: RunTrial; readonly admit: () => Promise<void> } | undefined;
  private report: TrialReport | undefined;

  /** Whether lists of several lengths may be filled up, where the run says with what. */
  private mayPad = true;
  /** Why its rows are computed one by one; undefined when they may share calls. */
  private rowByRowReason: string | undefined;

  constructor(
    private currentRun: Run,
    readonly codec: Codec,
    private handle: ModelHandle,
    /**
     * The server's own time limit, milliseconds. A timeout under a shorter limit of the client does not count against
     * the run.
     */
    private readonly serverTimeoutMs = 0,
    /** Releases the artifacts. Until then a replaced thread loads them again. */
    private readonly closeArtifacts: () => void = () => undefined,
    /** For a run that takes images, or texts for a tokenizer. */
    private readonly preprocessing?: RowPreprocessing,
  ) {
    this.contract = contractHashOf(currentRun);
  }

  get run(): Run {
    return this.currentRun;
  }

  /** What its trial measured; undefined when it was not tried in a process of its own. */
  get trialReport(): TrialReport | undefined {
    return this.report;
  }

  /** It is in the process in which it is tried. @param admit  takes it to where it is to serve. */
  setTrial(trial: RunTrial, admit: () => Promise<void>): void {
    this.trial = { trial, admit };
  }

  /**
   * Takes the run from where it is tried to where it serves; nothing is to be done for one that is there. A caller that
   * gets an error releases the run.
   *
   * @throws RunError when it cannot be loaded there.
   */
  async enterService(): Promise<void> {
    await this.trial?.admit();
  }

  /**
   * Does something that belongs to its trial, as long as it is tried.
   *
   * @param doing  what the run does, for the verdict: "the examples of the served run were computed".
   * @throws RunError when the run does not survive it.
   */
  duringTrial<T>(doing: string, work: () => Promise<T>): Promise<T> {
    return this.trial ? this.trial.trial.run(doing, work) : work();
  }

  /** The trial is over: its process is given back, and nothing can be computed until there is another handle. */
  async leaveTrial(): Promise<void> {
    const { trial } = this.trial!;
    this.report = trial.report;
    this.trial = undefined;
    await this.handle.release();
    trial.leaveProcess();
  }

  /** Computes with another copy of the model from now on. */
  useHandle(handle: ModelHandle): void {
    this.handle = handle;
  }

  /** Calls `listener` with the number of threads that compute it and cannot be ended, whenever one more does. */
  onStuck(listener: (threads: number) => void): void {
    this.handle.onStuck = listener;
  }

  /** Ends what waits for it, and what is still to come, with WORKER_LOST: no thread computes it any more. */
  holdBack(): void {
    this.handle.holdBack?.();
  }

  /**
   * Keeps the model's own answers as the outputs of the run's examples, whose trainer recorded none.
   *
   * @param outputs  one per example, in order.
   */
  setExampleOutputs(outputs: readonly JsonObject[]): void {
    const examples = this.currentRun.examples.map(({ input }, i) => ({ input, output: outputs[i]! }));
    this.currentRun = { ...this.currentRun, examples };
  }

  /** What computes, e.g. `onnxruntime-cpu`. */
  get backend(): string {
    return this.handle.info.backend;
  }

  /** Sentences on how it is computed. */
  get notes(): readonly string[] {
    const { notes, memory } = this.handle.info;
    const place = this.handle.isInline === true ? COMPUTED_INLINE : undefined;
    return [...notes, this.rowByRowReason, memory?.note, place].filter((note) => note !== undefined);
  }

  /** What it takes of memory at the moment. */
  get memory(): MemoryUse {
    return this.handle.memory;
  }

  /** What is worth knowing of it. */
  get warnings(): readonly Warning[] {
    const backendWarnings = this.handle.info.notes.map((note) => warning('BACKEND_SLOWER', note));
    const rowByRowWarnings = this.rowByRowReason === undefined ? [] : [warning('ROWS_ONE_BY_ONE', this.rowByRowReason)];
    return [...backendWarnings, ...rowByRowWarnings, ...this.loadWarnings];
  }

  /** Keeps what came to light about it. */
  setWarnings(found: readonly Warning[]): void {
    this.loadWarnings = found;
  }

  /** Whether each row is computed in a call of its own. */
  get isRowByRow(): boolean {
    return this.rowByRowReason !== undefined;
  }

  /**
   * Computes each row in a call of its own from now on.
   *
   * @param rowByRowReason  a sentence for the run's detail.
   */
  setRowByRow(rowByRowReason: string): void {
    this.rowByRowReason = rowByRowReason;
  }

  /** Whether texts of different lengths have shared a call wherever the run fills them up. */
  get hasFilledTexts(): boolean {
    return this.preprocessing?.hasFilledAll ?? true;
  }

  /** Computes lists and texts of another length apart from now on, though the run says with what they may be filled up. */
  forbidPadding(): void {
    this.mayPad = false;
  }

  /** Names of the output fields a caller may ask for. */
  get onRequestFields(): readonly string[] {
    return this.codec.decoder.onRequestFields;
  }

  /**
   * Predicts rows: one output row for each, in order.
   *
   * @throws ValidationError with every problem of every row, before anything is computed; with `mayRejectRows` also for rows
   *   that the model cannot compute.
   * @throws AppError QUEUE_FULL, PREDICTION_TIMEOUT, PREDICTION_FAILED, WORKER_LOST.
   */
  predict(values: Rows, options: PredictOptions): Promise<JsonObject[]> {
    const { decoder } = this.codec;
    return this.compute(
      values,
      options,
      (parts, request) => decodeParts(decoder, parts, request),
      (outputs) => outputs,
    );
  }

  /** The same, written as JSON. */
  predictText(values: Rows, options: PredictOptions): Promise<string> {
    const { decoder } = this.codec;
    const { shape = 'rows', include } = options;
    return this.compute(
      values,
      options,
      (parts, request) => writeParts(decoder, parts, request, shape),
      (outputs) => writeOutputs(decoder, outputs, include, shape),
    );
  }

  /** Computes rows; what is wrong with values in lists is told at their places. */
  private async compute<T>(
    values: Rows,
    options: PredictOptions,
    decode: (parts: readonly TensorPart[], request: DecodeRequest) => T | Promise<T>,
    fromRows: (outputs: JsonObject[]) => T,
  ): Promise<T> {
    const { columns } = options;
    if (!columns) return this.computeRows(values, options, decode, fromRows);
    try {
      return await this.computeRows(values, options, decode, fromRows);
    } catch (error) {
      throw error instanceof ValidationError ? atColumns(error, columns, options.locOf(0).length) : error;
    }
  }

  private async computeRows<T>(
    values: Rows,
    options: PredictOptions,
    decode: (parts: readonly TensorPart[], request: DecodeRequest) => T | Promise<T>,
    fromRows: (outputs: JsonObject[]) => T,
  ): Promise<T> {
    const startedAt = performance.now();
    const { timing, sinceMs = startedAt } = options;
    const call = this.callOf(options, sinceMs);
    let request = isRemote(values) ? undefined : this.encodePlain(values, options);
    if (!request) {
      const prepared = this.prepareRequest(values, options, call);
      request = prepared instanceof Promise ? await prepared : prepared;
    }
    const validateMs = performance.now() - startedAt;
    // No await before this call but for texts and images: a caller reads which run is best and its rows enter the queue
    // in one synchronous step, so a cutover never releases a run that a request uses (`release` lets the queue finish).
    let decoded: T;
    let inferredAt: number;
    try {
      const parts = await this.handle.predictParts(request.encoded.parts, call);
      inferredAt = performance.now();
      const made = decode(parts, request);
      decoded = made instanceof Promise ? await made : made;
    } catch (error) {
      const outputs = await this.keptWhile(() =>
        this.computeApart(error, values, { ...options, sinceMs, notes: undefined }),
      );
      inferredAt = performance.now();
      decoded = fromRows(outputs);
    }
    this.results.succeeded += 1;
    if (timing) {
      timing.onFinish = this.recordTimes;
      timing.validateMs = validateMs;
      timing.serializeMs = performance.now() - inferredAt;
    }
    return decoded;
  }

  private recordFailure(error: unknown, values: Rows, options: PredictOptions): void {
    const hasShortTimeout = options.timeoutMs < this.serverTimeoutMs;
    this.results.recordFailure(error, hasShortTimeout, replayOf(values, options));
  }

  /** What becomes of rows that keep the contract before the model gets them is the run's own doing, too. */
  private recordRefusal(error: unknown, values: Rows, options: PredictOptions): void {
    const hasShortTimeout = options.timeoutMs < this.serverTimeoutMs;
    this.results.recordRefusal(error, hasShortTimeout, replayOf(values, options));
  }

  /**
   * Computes rows by halves that failed together: the model may not take them together, or some of them not at all.
   *
   * What the decoder does not read is no answer, either.
   *
   * @returns the output rows, when none fails alone: the request has not failed.
   * @throws ValidationError with the rows that fail again, alone, although others can be computed, be it the run's own
   *   example; when the client is to be told.
   * @throws what they failed with otherwise.
   */
  private async computeApart(error: unknown, values: Rows, options: PredictOptions): Promise<JsonObject[]> {
    const { mayRejectRows = false } = options;
    // What a check of the rows together asks for is not made right by computing them apart.
    const canSplit = values.length > 1 && !this.isRowByRow && options.rowByRow === undefined && !options.isolated;
    if (!isModelRefusal(error) || !(canSplit || mayRejectRows)) return this.fail(error, error, values, options);
    let invalid: unknown = error;
    try {
      const compute = (from: number, to: number) =>
        this.computeAlone(values.slice(from, to), { ...options, locOf: (i) => options.locOf(from + i) });
      const { refused, computed } = await computeByHalves(values.length, compute, mayRejectRows ? MAX_ISSUES : 1);
      if (refused.length === 0 && canSplit) return computed.flat();
      if (refused.length > 0 && mayRejectRows) {
        if (computed.length === 0) await this.computeExample(options);
        invalid = new ValidationError(refused.map((index) => ({ loc: options.locOf(index), ...CANNOT_COMPUTE })));
      }
    } catch {
      // Something else came between: the rows may be right.
    }
    return this.fail(error, invalid, values, options);
  }

  /** Counts a failure, and tells what is to be said of it. */
  private fail(error: unknown, told: unknown, values: Rows, options: PredictOptions): never {
    this.recordFailure(error, values, options);
    throw told;
  }

  private computeExample(options: PredictOptions): Promise<unknown> {
    const [example] = this.currentRun.examples;
    if (!example) throw new Error('the run has no example');
    const asSent = { source: 'body', mode: 'strict', columns: undefined, timing: undefined } as const;
    return this.computeAlone([example.input], { ...options, ...asSent });
  }

  /** The output rows of rows that are computed in a call of their own. */
  private async computeAlone(values: Rows, options: PredictOptions): Promise<JsonObject[]> {
    const call = this.callOf({ ...options, isolated: true }, options.sinceMs ?? performance.now());
    const request =
      isRemote(values) && !this.preprocessing
        ? await this.encodeRemote(values, options, call)
        : await this.encode(await this.validate(this.objectsOf(values, options), options, call), options, call);
    return decodeParts(this.codec.decoder, await this.handle.predictParts(request.encoded.parts, call), request);
  }

  private callOf(options: PredictOptions, sinceMs: number): EngineCall {
    const { timeoutMs, signal, timing, isolated, rowByRow = this.isRowByRow } = options;
    return { outputNames: this.codec.decoder.outputNames, timeoutMs, sinceMs, signal, rowByRow, isolated, timing };
  }

  /** The rows by the generated function; undefined when some need to be looked at more closely. */
  private encodePlain(
    values: readonly unknown[],
    { source, mode, notes, include, columns }: PredictOptions,
  ): DecodeRequest | undefined {
    if (source !== 'body' || mode !== 'strict' || notes) return undefined;
    const { generated } = this.codec;
    const tensors = columns ? generated?.encodeLists(columns.names, values) : generated?.encode(values);
    if (!tensors) return undefined;
    const encoded = { parts: [{ rows: values.length, tensors }], order: undefined };
    // What the decoder repeats of a row would have to be clean: runs with `echo` have no generated function.
    const rows = values as readonly JsonObject[];
    return this.keepInputs({ rows, prepared: NOTHING_PREPARED, encoded, include, kept: NOTHING_KEPT });
  }

  /**
   * The rows as the contract has them.
   *
   * @throws ValidationError at once, or later with what is wrong with texts and images beside it.
   */
  private validate(values: Rows, options: PredictOptions, call: EngineCall): JsonObject[] | Promise<JsonObject[]> {
    if (isRemote(values)) return this.validateRemote(values, options, call);
    const { rows, issues } = validateRows(this.codec.validator, values, options.locOf, options);
    if (issues.length === 0) return rows;
    if (!this.preprocessing) throw new ValidationError(issues);
    return this.refuse(values, issues, options.locOf, call);
  }

  /** @throws ValidationError with the issues that are known, and those of the rows' texts and images. */
  private async refuse(
    values: readonly unknown[],
    known: readonly ValidationIssue[],
    locOf: (index: number) => Location,
    call: EngineCall,
  ): Promise<never> {
    if (known.length >= MAX_ISSUES) throw new ValidationError(known);
    const rows = values.map((value, i) => validTexts(value, locOf(i), known));
    const request = { rows, prepared: this.codec.encoder.prepare(rows) };
    const work = () => this.preprocessing!.findIssues(request, locOf, deadlineOf(call));
    throw new ValidationError(inOrder([...known, ...(await this.keptWhile(work))]));
  }

  /** The rows as the engine takes them: at once, unless they have texts or images, or are read elsewhere. */
  private prepareRequest(
    values: Rows,
    options: PredictOptions,
    call: EngineCall,
  ): DecodeRequest | Promise<DecodeRequest> {
    if (isRemote(values) && !this.preprocessing) return this.encodeRemote(values, options, call);
    const objects = this.objectsOf(values, options);
    const rows = this.validate(objects, options, call);
    if (!(rows instanceof Promise)) return this.prepare(rows, objects, options, call);
    return rows.then((checked) => this.prepare(checked, objects, options, call));
  }

  /** Rows as objects. @throws ValidationError when their columns are not those of the contract. */
  private objectsOf(values: Rows, { columns }: PredictOptions): Rows {
    return columns && !isRemote(values) ? objectRows(this.codec.validator, columns, values) : values;
  }

  /** Rows of a large body as tensors, from the thread that reads it. @throws ValidationError. */
  private async encodeRemote(values: RemoteRows, options: PredictOptions, call: EngineCall): Promise<DecodeRequest> {
    const keep = Object.values(this.currentRun.decode.echo ?? {});
    const { encoded, count, rows, prepared, notes } = await this.askRemote(values, 'tensors', keep, options, call);
    options.notes?.push(...(notes ?? []));
    return this.keepInputs({
      rows: rows ?? new Array<JsonObject>(count).fill({}),
      prepared: prepared ?? new Array<PreparedRow>(count).fill({}),
      encoded: encoded!,
      include: options.include,
      kept: NOTHING_KEPT,
    });
  }

  /** Checked rows of a large body; their texts and images are prepared here. */
  private async validateRemote(values: RemoteRows, options: PredictOptions, call: EngineCall): Promise<JsonObject[]> {
    const { rows = [], issues, notes } = await this.askRemote(values, 'rows', [], options, call);
    options.notes?.push(...(notes ?? []));
    if (!issues) return [...rows];
    return this.refuse(rows, issues, options.locOf, call);
  }

  private askRemote(
    values: RemoteRows,
    result: 'tensors' | 'rows',
    keep: readonly string[],
    { mode, notes, signal }: PredictOptions,
    { sinceMs, timeoutMs, rowByRow }: EngineCall,
  ): Promise<RemoteEncoded> {
    const how = { result, mode, canPad: !rowByRow && this.mayPad, keep, wantsNotes: notes !== undefined };
    return this.keptWhile(() =>
      values.encode(this.codec.rows, how, { deadlineMs: sinceMs + timeoutMs, timeoutMs, signal }),
    );
  }

  private prepare(
    rows: readonly JsonObject[],
    values: Rows,
    options: PredictOptions,
    call: EngineCall,
  ): DecodeRequest | Promise<DecodeRequest> {
    const record = (error: unknown): never => {
      this.recordRefusal(error, values, options);
      throw error;
    };
    try {
      const request = this.encode(rows, options, call);
      const { notes } = options;
      if (notes && !isRemote(values)) rows.forEach((row, i) => notes.push(this.codec.describeRow(values[i], row)));
      return request instanceof Promise ? request.catch(record) : request;
    } catch (error) {
      return record(error);
    }
  }

  private encode(
    rows: readonly JsonObject[],
    { locOf, include }: PredictOptions,
    call: EngineCall,
  ): DecodeRequest | Promise<DecodeRequest> {
    const { encoder } = this.codec;
    const issues: ValidationIssue[] = [];
    const prepared = encoder.prepare(rows);
    const encoded = encoder.encodeRows(rows, locOf, issues, { prepared, canPad: !call.rowByRow && this.mayPad });
    const request = { rows, prepared, encoded, include, kept: NOTHING_KEPT };
    const isNeeded = this.preprocessing?.isNeededFor(request) ?? false;
    if (issues.length > 0) {
      if (!isNeeded) throw new ValidationError(issues);
      return this.refuse(rows, issues, locOf, call);
    }
    if (!isNeeded) return this.keepInputs(request);
    return this.preprocess(request, locOf, call).then((ready) => this.keepInputs(ready));
  }

  /** The rows with the tensors of texts and images; in parts that are to be computed apart. */
  private async preprocess(
    request: DecodeRequest,
    locOf: (index: number) => Location,
    call: EngineCall,
  ): Promise<DecodeRequest> {
    const work = () => this.preprocessing!.addTo(request, locOf, deadlineOf(call), !call.rowByRow && this.mayPad);
    return { ...request, encoded: await this.keptWhile(work) };
  }

  /** The run is not released before `work` ends, although no call of it may be in the queue at the moment. */
  private async keptWhile<T>(work: () => Promise<T>): Promise<T> {
    let end = () => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    this.pending.add(ended);
    try {
      return await work();
    } finally {
      this.pending.delete(ended);
      end();
    }
  }

  /** The request with copies of the input tensors that the decoder reads: those are gone once they are sent. */
  private keepInputs(request: DecodeRequest): DecodeRequest {
    const { inputNames } = this.codec.decoder;
    // Most decoders read none, and a copy of the request would be a tenth of what a small prediction costs.
    if (inputNames.length === 0) return request;
    return { ...request, kept: request.encoded.parts.map((part) => copyTensors(part, inputNames)) };
  }

  private readonly recordTimes = (timing: PredictionTiming): void => this.times.record(timing);

  /** Gives the model's memory back. */
  async release(): Promise<void> {
    // Rows whose texts or images are still being prepared enter the queue right after that.
    while (this.pending.size > 0) {
      await Promise.all(this.pending);
      await new Promise(setImmediate);
    }
    await this.handle.release();
    await this.trial?.trial.breakOff();
    this.preprocessing?.release();
    this.closeArtifacts();
  }
}

function deadlineOf({ timeoutMs, sinceMs, signal }: EngineCall): Deadline {
  return { remainingMs: timeoutMs - (performance.now() - sinceMs), timeoutMs, signal };
}

/** Has another run predict the same rows, as a request of its own. */
function replayOf(values: Rows, options: PredictOptions): Failure['replayWith'] {
  const { signal: _gone, timing: _timing, sinceMs: _since, notes: _notes, mayRejectRows: _blames, ...again } = options;
  return (other) => other.predict(values, again);
}
