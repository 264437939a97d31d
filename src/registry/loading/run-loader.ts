import { Injectable, Optional } from '@nestjs/common';

import { compareOutput, comparisonOf } from '../../codec/examples-match.js';
import type { OutputComparison } from '../../codec/examples-match.js';
import { nameOnlyOutput } from '../../codec/decode/only-output.js';
import { nameInputs } from '../../codec/encode/name-inputs.js';
import { withGeneratedAnswers } from '../../codec/generated/generated-answers.js';
import { AppConfig } from '../../config/app-config.js';
import { AppError } from '../../domain/app-error.js';
import type { ModelCard, SessionSettings } from '../../domain/card.js';
import type { JsonObject } from '../../lib/json/json.js';
import type { Run } from '../../domain/run.js';
import { ValidationError } from '../../domain/validation-issue.js';
import { RunError, VERDICT_FIX } from '../../domain/verdict.js';
import type { Warning } from '../../domain/verdict.js';
import type { LoadRequest, ModelInfo } from '../../engines/inference-engine.js';
import { ModelHost } from '../../engines/model-host.js';
import type { ModelHandle } from '../../engines/model-host.js';
import { Preprocessor } from '../../preprocessing/preprocessor.js';
import type { RunArtifacts, SourceRun } from '../../sources/run-source.js';
import {
  MAX_CHECKED_ROWS,
  ONE_ROW_PER_CALL,
  ROWS_FAIL_BATCHED,
  ROWS_DEPENDENT,
  outputsMatch,
  checkOrder,
  acceptsOneRow,
} from './batch-invariance.js';
import { causeText, predictionFailure } from './failure-reason.js';
import { checkIntervals } from './interval-order.js';
import { LOOK_FOR_NAN, unexpectedNulls } from './null-outputs.js';
import { tryCorners } from './corners/try-corners.js';
import { hasOutputs, runWarnings } from './run-warnings.js';
import { CureBudget } from './hints/cure-budget.js';
import { selfTestHint, shownCause } from './hints/self-test-hint.js';
import { findCure } from './hints/tried-cures.js';
import type { AnswerOf } from './hints/tried-cures.js';
import { showsPadding, withOtherNumbers } from './shown-padding.js';
import { LoadedRun } from './loaded-run.js';
import { RowPreprocessing } from './row-preprocessing.js';
import type { RunTrial } from '../trials/run-trial.js';
import { RunTrials } from '../trials/run-trials.js';
import { LOADED } from '../trials/trial-verdict.js';
import { compileCodec, generatedFor } from './run-codec.js';
import type { Codec } from './run-codec.js';

/** Loads a run from its folder into memory and runs its self-test. */
@Injectable()
export class RunLoader {
  private readonly cureBudget = new CureBudget();

  constructor(
    private readonly host: ModelHost,
    private readonly config: AppConfig,
    @Optional() private readonly preprocessor: Preprocessor = new Preprocessor(),
    @Optional() private readonly trials?: RunTrials,
  ) {}

  /** Called with a run that serves, or may, and the threads that hang in it, whenever there is one more. */
  onStuck: (loaded: LoadedRun, threads: number) => void = () => undefined;

  /**
   * Loads a run where it is to serve, after it was tried.
   *
   * @param card  of the run's model: trials are remembered under its name, and it says how runs are held.
   * @returns the loaded run; its `run` is complete where the declared one lacked what only the model could tell.
   * @throws RunError with the verdict code of the first step that failed; nothing stays loaded then.
   */
  async load(sourceRun: SourceRun, run: Run, card?: LoadCard): Promise<LoadedRun> {
    const loaded = await this.loadOnTrial(sourceRun, run, card);
    try {
      await loaded.enterService();
      return loaded;
    } catch (error) {
      await loaded.release();
      throw error;
    }
  }

  /**
   * Fetches and loads the artifact, compares it with the run's declaration, and replays its examples, all in a process of
   * its own; `enterService` of the loaded run takes it from there to the threads that serve. Where there are no such
   * processes, or no model is named, it is in those threads at once.
   *
   * @throws RunError as `load`.
   */
  async loadOnTrial(sourceRun: SourceRun, run: Run, card?: LoadCard): Promise<LoadedRun> {
    const artifacts = await sourceRun.open();
    try {
      const request = loadRequest(run, artifacts, card?.session);
      const trial = await this.beginTrial(sourceRun.run ?? run, artifacts, card?.name, request);
      return await this.loadArtifacts({ artifacts, sourceRun, run, part: partsOf(trial) }, request, trial);
    } catch (error) {
      artifacts.close?.();
      throw error;
    }
  }

  private beginTrial(
    run: Run,
    { files = [] }: RunArtifacts,
    model: string | undefined,
    request: LoadRequest,
  ): Promise<RunTrial | undefined> {
    if (model === undefined || !this.trials) return Promise.resolve(undefined);
    return this.trials.begin(model, run, files, (measuredBytes) =>
      this.host.requireMemory({ ...request, measuredBytes }),
    );
  }

  private async loadArtifacts(
    examination: Examination,
    request: LoadRequest,
    trial: RunTrial | undefined,
  ): Promise<LoadedRun> {
    if (!trial) return this.watched(await this.examine(await this.host.load(request), examination));
    try {
      const handle = await trial.run(LOADED, () => trial.load(request));
      const loaded = await this.examine(handle, examination);
      const known: LoadRequest = { ...request, ...knownFromTrial(handle, trial) };
      if (known.measuredBytes !== undefined) trial.recordMemory(known.measuredBytes);
      loaded.setTrial(trial, () => this.admit(loaded, trial, known));
      return loaded;
    } catch (error) {
      await trial.breakOff();
      throw error;
    }
  }

  /** Loads a run that has passed its trial where it serves, and has it answer an example there. */
  private async admit(loaded: LoadedRun, trial: RunTrial, request: LoadRequest): Promise<void> {
    await loaded.leaveTrial();
    try {
      loaded.useHandle(await this.host.load(request));
      this.watched(loaded);
      await this.repeatExample(loaded);
      await trial.pass();
    } finally {
      await trial.breakOff();
    }
  }

  private get timeoutMs(): number {
    return this.config.predictionTimeoutMs;
  }

  private watched(loaded: LoadedRun): LoadedRun {
    loaded.onStuck((threads) => this.onStuck(loaded, threads));
    return loaded;
  }

  /** What passed its trial elsewhere answers the same here. */
  private async repeatExample(loaded: LoadedRun): Promise<void> {
    const { run } = loaded;
    const [output] = await this.replay(loaded, run.examples.length > 0 ? [0] : []);
    const mismatch = output && compareOutput(output, run.examples[0]!.output, comparisonOf(run));
    if (mismatch) throw new RunError('SELF_TEST_FAILED', `Example 0, where the run is to serve: ${mismatch}`);
  }

  private async examine(handle: ModelHandle, { artifacts, sourceRun, run, part }: Examination): Promise<LoadedRun> {
    const { folder, complete, close } = artifacts;
    let preprocessing: RowPreprocessing | undefined;
    try {
      const { info } = handle;
      const known = withUnreadable(handle, () => complete?.(info) ?? run);
      const completeRun = withInputNames(known, handle);
      const decode = withUnreadable(handle, () => nameOnlyOutput(completeRun.decode, info.outputs));
      const compiled = compileCodec({ ...completeRun, decode }, sourceRun.vocabularies);
      const codec = {
        ...compiled,
        generated: generatedFor(completeRun),
        decoder: withGeneratedAnswers(compiled.decoder, decode, completeRun.signature.output),
      };
      const doubts = findConflicts(codec, handle);
      preprocessing = await this.openPreprocessing(codec, folder);
      const loaded = new LoadedRun(completeRun, codec, handle, this.timeoutMs, close, preprocessing);
      if (acceptsOneRow(handle.info, (output) => codec.decoder.hasRows(output))) loaded.setRowByRow(ONE_ROW_PER_CALL);
      const mayBeMadeUp = complete !== undefined && !hasOutputs(completeRun) && completeRun.examples.length === 1;
      const outputs = await part('its examples were computed', async () => {
        if (doubts.length > 0) await this.tryDoubts(loaded, doubts);
        const places = { folder, vocabularies: sourceRun.vocabularies };
        const answersOf = (changed: Run) => this.answersOf(changed, loaded, handle, places);
        return this.selfTest(loaded, info, answersOf).catch((error: unknown) => {
          throw mayBeMadeUp && failedToPredict(error) ? ofMadeUpRow(error as RunError) : error;
        });
      });
      requireNumbers(completeRun, outputs, { mayBeMadeUp });
      requireValidOutputs(codec, outputs);
      const warnings = [
        ...(sourceRun.warnings ?? []),
        ...runWarnings(completeRun, info.inputs, outputs, { words: info.words, encode: run.encode }),
        ...checkIntervals({ decode }, outputs),
      ];
      const { hasFixedSizes = false } = handle.info;
      const cornerWarnings = await part('rows that its contract allows were computed', () =>
        tryCorners(loaded, hasFixedSizes, this.timeoutMs),
      );
      warnings.push(...cornerWarnings);
      loaded.setWarnings(warnings.map((one) => warningInOwnWords(one, sourceRun)));
      if (complete && !hasOutputs(completeRun)) loaded.setExampleOutputs(outputs);
      return loaded;
    } catch (error) {
      preprocessing?.release();
      await handle.release();
      throw inOwnWords(error, sourceRun);
    }
  }

  /** Most runs have neither texts nor images to prepare. */
  private async openPreprocessing({ encoder }: Codec, folder: string): Promise<RowPreprocessing | undefined> {
    const { preprocessed } = encoder;
    if (preprocessed.length === 0) return undefined;
    const steps = preprocessed.map(({ encoding, pointer }) => ({ encoding, pointer }));
    return new RowPreprocessing(preprocessed, await this.preprocessor.open(folder, steps));
  }

  /** @throws RunError SIGNATURE_MISMATCH when the first example shows that the declared shapes are right to differ. */
  private async tryDoubts(loaded: LoadedRun, doubts: readonly string[]): Promise<void> {
    try {
      await this.replay(loaded, [0], true);
    } catch (error) {
      if (!failedToPredict(error)) throw error;
      throw new RunError('SIGNATURE_MISMATCH', doubts.join(' '), { cause: error });
    }
  }

  /**
   * Replays the examples: the first ones one by one, to check whether rows may share calls; the others as the run is
   * served. The recorded outputs must match what clients will get.
   *
   * @param answersOf  answers of the run with another contract to the first examples.
   * @returns the outputs, one per example.
   */
  private async selfTest(loaded: LoadedRun, traits: ModelInfo, answersOf: AnswerOf): Promise<JsonObject[]> {
    const { examples } = loaded.run;
    const comparison = comparisonOf(loaded.run);
    const all = examples.map((_, index) => index);
    const first = all.slice(0, MAX_CHECKED_ROWS);
    const single = await this.replay(loaded, first, true);
    if (!loaded.isRowByRow) {
      if (!showsPadding(loaded.run.encode, examples.slice(0, first.length))) loaded.forbidPadding();
      await this.checkBatchInvariance(loaded, single, comparison);
      if (!loaded.hasFilledTexts) loaded.forbidPadding();
      if (loaded.isRowByRow) await this.requireSameAnswer(loaded, single, comparison);
      else await this.checkFilling(loaded, comparison);
    }
    const outputs = loaded.isRowByRow
      ? [...single, ...(await this.replay(loaded, all.slice(first.length)))]
      : await this.replay(loaded, all);
    for (const [i, { output }] of examples.entries()) {
      const mismatch = compareOutput(outputs[i]!, output, comparison);
      if (!mismatch) continue;
      await this.requireSameAnswer(loaded, single, comparison);
      await this.requireOwnAnswers(loaded, comparison);
      const isShown = shownCause(loaded.run, outputs) !== undefined;
      const cure = isShown ? undefined : await findCure(loaded.run, answersOf, this.cureBudget);
      const hint = selfTestHint(loaded.run, outputs, traits, cure);
      throw new RunError('SELF_TEST_FAILED', `Example ${i}: ${mismatch}${hint}`);
    }
    return outputs;
  }

  /** What a loaded model answers to the first examples where `encode` and `decode` of its run are others. */
  private async answersOf(
    changed: Run,
    { isRowByRow }: LoadedRun,
    handle: ModelHandle,
    { folder, vocabularies }: Pick<RunArtifacts, 'folder'> & Pick<SourceRun, 'vocabularies'>,
  ): Promise<JsonObject[]> {
    const decode = nameOnlyOutput(changed.decode, handle.info.outputs);
    const codec = compileCodec({ ...changed, decode }, vocabularies);
    const preprocessing = await this.openPreprocessing(codec, folder);
    try {
      const run = new LoadedRun(changed, codec, handle, this.timeoutMs, undefined, preprocessing);
      run.forbidPadding();
      const inputs = changed.examples.slice(0, MAX_CHECKED_ROWS).map(({ input }) => input);
      return await this.answer(run, inputs, { rowByRow: isRowByRow });
    } finally {
      preprocessing?.release();
    }
  }

  /** @throws RunError SELF_TEST_FAILED for a model that draws its answers by lot: examples computed once more, alone, tell. */
  private async requireSameAnswer(
    loaded: LoadedRun,
    single: readonly JsonObject[],
    comparison: OutputComparison,
  ): Promise<void> {
    const again = await this.replay(loaded, [...single.keys()].slice(0, ASKED_AGAIN), true);
    const differing = again.findIndex((output, i) => compareOutput(output, single[i]!, comparison));
    if (differing === -1) return;
    throw new RunError(
      'SELF_TEST_FAILED',
      `Example ${differing}: the model answers the same row differently each time it is asked.`,
      { fix: FIX_OF_RANDOM },
    );
  }

  /**
   * @throws RunError `SELF_TEST_FAILED` when the rows of a call change each other's answers, and what was recorded is not
   *   what each has alone; the examples computed together, as the trainer may have done, tell more.
   */
  private async requireOwnAnswers(loaded: LoadedRun, comparison: OutputComparison): Promise<void> {
    if (!loaded.notes.includes(ROWS_DEPENDENT)) return;
    const { examples } = loaded.run;
    const together = await this.replay(loaded, [...examples.keys()], false).catch(() => undefined);
    const isProven = together?.every((output, i) => !compareOutput(output, examples[i]!.output, comparison));
    const what = isProven
      ? 'The recorded answers are those of all examples computed together; alone, rows have others.'
      : 'The examples are not what each row is answered alone.';
    throw new RunError('SELF_TEST_FAILED', `Rows of one call change each other's answers. ${what}`, {
      fix: FIX_OF_DEPENDENT,
    });
  }

  /** Sets the run to row by row unless its examples get the same outputs in a batch, in another order, as alone. */
  private async checkBatchInvariance(
    loaded: LoadedRun,
    single: readonly JsonObject[],
    comparison: OutputComparison,
  ): Promise<void> {
    const order = checkOrder(single.length);
    try {
      const batched = await this.replay(loaded, order, false);
      if (!outputsMatch(batched, single, order, comparison)) loaded.setRowByRow(ROWS_DEPENDENT);
    } catch (error) {
      if (!failedToPredict(error)) throw error;
      loaded.setRowByRow(ROWS_FAIL_BATCHED);
    }
  }

  /**
   * Has lists of several lengths computed apart when filling them up changes an answer to other numbers than the examples
   * have. Numbers that the contract or the model does not take tell nothing.
   */
  private async checkFilling(loaded: LoadedRun, comparison: OutputComparison): Promise<void> {
    const inputs = withOtherNumbers(loaded.run.encode, loaded.run.examples.slice(0, MAX_CHECKED_ROWS));
    if (inputs.length === 0) return;
    try {
      const alone = await this.answer(loaded, inputs, { rowByRow: true });
      const together = await this.answer(loaded, inputs, { rowByRow: false });
      if (!outputsMatch(together, alone, [...inputs.keys()], comparison)) loaded.forbidPadding();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
  }

  private answer(
    loaded: LoadedRun,
    inputs: readonly JsonObject[],
    { indices, rowByRow }: { readonly indices?: readonly number[]; readonly rowByRow?: boolean | undefined },
  ): Promise<JsonObject[]> {
    return loaded.predict(inputs, {
      source: 'body',
      mode: 'strict',
      locOf: (i) => ['examples', indices?.[i] ?? i, 'input'],
      include: new Set(loaded.onRequestFields),
      timeoutMs: this.timeoutMs,
      rowByRow,
    });
  }

  /** Answers to the examples of these indices, in their order. */
  private async replay(loaded: LoadedRun, indices: readonly number[], rowByRow?: boolean): Promise<JsonObject[]> {
    if (indices.length === 0) return [];
    try {
      const inputs = indices.map((index) => loaded.run.examples[index]!.input);
      return await this.answer(loaded, inputs, { indices, rowByRow });
    } catch (error) {
      const sentence = predictionFailure(error, `The model could not compute its examples: ${causeText(error)}`);
      if (sentence === undefined) throw error;
      const fix = error instanceof ValidationError ? FIX_OF_EXAMPLE : undefined;
      throw new RunError('SELF_TEST_FAILED', sentence, { cause: error, fix });
    }
  }
}

/** Number of examples that are computed once more to find out whether answers are random. */
const ASKED_AGAIN = 4;

const FIX_OF_RANDOM =
  'The graph draws random numbers, as Dropout does while a model is trained: export it for inference (PyTorch: model.eval() before torch.onnx.export).';

const FIX_OF_DEPENDENT =
  'The graph computes with statistics of the batch, as BatchNorm does while a model is trained, or a softmax over the rows: export it for inference (PyTorch: model.eval() before torch.onnx.export), with the statistics of the training.';

/** What to do when an example is no row of the signature. */
const FIX_OF_EXAMPLE =
  'Write the example as clients send rows, with the names, types and limits of the signature and null for no value, or correct the signature.';

/** A part of the examination of a run; what it does is told when the run does not survive it. */
type Part = <T>(doing: string, work: () => Promise<T>) => Promise<T>;

/** What loading needs to know of a card. */
type LoadCard = Pick<ModelCard, 'name' | 'session'>;

interface Examination {
  readonly artifacts: RunArtifacts;
  readonly sourceRun: SourceRun;
  readonly run: Run;
  readonly part: Part;
}

function partsOf(trial: RunTrial | undefined): Part {
  return trial ? (doing, work) => trial.run(doing, work) : (_doing, work) => work();
}

function loadRequest({ model }: Run, { folder, files }: RunArtifacts, session: SessionSettings = {}): LoadRequest {
  const { format, path, sha256 } = model;
  const checkedFiles = (files ?? model.files ?? []).map((file) => file.path);
  return { format, runFolder: folder, path, sha256, files: checkedFiles, ...session };
}

/**
 * What a trial has found out of how the model is to be held. What it measured of a large one counts nothing when it tried
 * both shared weights and private ones.
 */
function knownFromTrial({ info }: ModelHandle, { report }: RunTrial): Partial<LoadRequest> {
  if (info.memory?.weights === 'shared') return { weights: 'shared' };
  return info.memory?.note === undefined ? { measuredBytes: report.peakBytes } : {};
}

/** The run with the model's own name of an input that the run leaves to it. */
function withInputNames(run: Run, { info }: ModelHandle): Run {
  const encode = nameInputs(run.encode, info.inputs);
  return encode === run.encode ? run : { ...run, encode };
}

/** Work on the parts of a run that its model completes: an error tells what is known of outputs that cannot be read. */
function withUnreadable<T>({ info }: ModelHandle, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const unreadable = info.unreadableOutputs?.map(({ message }) => message) ?? [];
    if (!(error instanceof RunError) || unreadable.length === 0) throw error;
    throw new RunError(error.code, [error.message, ...unreadable].join(' '), { cause: error, fix: error.fix });
  }
}

/** What is wrong with a run, in the words of its owner, who may have written neither `encode` nor `decode`. */
function inOwnWords(error: unknown, { toOwnWords }: SourceRun): unknown {
  if (!toOwnWords || !(error instanceof RunError)) return error;
  const { code, message, cause, isTransient, fix = VERDICT_FIX[code] } = error;
  return new RunError(code, toOwnWords(message), { cause: cause ?? error, isTransient, fix: toOwnWords(fix) });
}

/** A warning of a run whose owner may have written no `run.json`. */
function warningInOwnWords({ code, message, fix }: Warning, { toOwnWords = (text) => text }: SourceRun): Warning {
  return { code, message: toOwnWords(message), fix: toOwnWords(fix) };
}

/**
 * @returns how outputs differ from `decode` by their declared shapes, which exporters get wrong: an example shows more.
 * @throws RunError SIGNATURE_MISMATCH when an input differs, or an output is not there; NON_TENSOR_OUTPUT when one is no tensor.
 */
function findConflicts({ encoder, decoder }: Codec, { info }: ModelHandle): readonly string[] {
  const unreadable = info.unreadableOutputs?.find(({ name }) => decoder.outputNames.includes(name));
  if (unreadable) throw new RunError('NON_TENSOR_OUTPUT', unreadable.message);
  const doubts = decoder.describeMismatch(info.outputs);
  const issues = [...encoder.describeMismatch(info.inputs), ...doubts];
  const isThere = decoder.outputNames.every((wanted) => info.outputs.some(({ name }) => name === wanted));
  if (isThere && issues.length === doubts.length) return doubts;
  throw new RunError('SIGNATURE_MISMATCH', issues.join(' '));
}

/** Whether the model could not compute rows, or gave what `decode` does not read. */
function failedToPredict(error: unknown): boolean {
  const cause = error instanceof RunError ? error.cause : error;
  return cause instanceof AppError && cause.code === 'PREDICTION_FAILED';
}

/** A failure of a row that may be one of zeros and empty texts, which the owner never logged. */
function ofMadeUpRow({ code, message, cause }: RunError): RunError {
  const told = `${message} A run that was logged without an input example is tried with a row of zeros and empty texts.`;
  const fix = 'Log an input example, if that row makes no sense: mlflow.onnx.log_model(…, input_example=X[:3]).';
  return new RunError(code, told, { cause, fix });
}

/** A model that answers nothing but NaN is broken, unless its trainer recorded that it does. */
function requireNumbers(
  run: Run,
  outputs: readonly JsonObject[],
  { mayBeMadeUp }: { readonly mayBeMadeUp: boolean },
): void {
  const broken = unexpectedNulls(run, outputs).find(({ isEvery, isRecorded }) => isEvery && !isRecorded);
  if (!broken) return;
  const message = `The field "${broken.field}" is null, which NaN becomes, in the answer to every example: ${LOOK_FOR_NAN}.`;
  const error = new RunError('SELF_TEST_FAILED', message);
  throw mayBeMadeUp ? ofMadeUpRow(error) : error;
}

/** Clients are promised what the signature says of the output, whatever the trainer recorded. */
function requireValidOutputs({ outputs: checker }: Codec, outputs: readonly JsonObject[]): void {
  outputs.forEach((answer, i) => {
    const found = checker.check(answer);
    if (!found) return;
    const message = `The answer to example ${i} is not what the signature says: ${found}.`;
    throw new RunError('SELF_TEST_FAILED', message);
  });
}
