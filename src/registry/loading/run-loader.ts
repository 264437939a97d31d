import { Injectable, Optional } from '@nestjs/common';

import { compareOutput, toleranceOf } from '../../codec/examples-match.js';
import { compileRowDecoder } from '../../codec/decode/row-decoder.js';
import { nameInputs } from '../../codec/encode/name-inputs.js';
import { compileRowEncoder } from '../../codec/encode/row-encoder.js';
import { compileRowValidator } from '../../codec/validate/row-validator.js';
import { AppConfig } from '../../config/app-config.js';
import { AppError } from '../../domain/app-error.js';
import type { JsonObject, JsonValue } from '../../lib/json.js';
import type { Run } from '../../domain/run.js';
import { ValidationError } from '../../domain/validation-issue.js';
import type { ValidationIssue } from '../../domain/validation-issue.js';
import { RunError } from '../../domain/verdict.js';
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
import { LOOK_FOR_NAN, unexpectedNulls } from './null-outputs.js';
import { runWarnings } from './run-warnings.js';
import { selfTestHint } from './self-test-hint.js';
import { LoadedRun } from './loaded-run.js';
import { RowPreprocessing } from './row-preprocessing.js';
import type { Codec } from './loaded-run.js';

/** Compiles a run's contract: no I/O, no engine. @throws RunError when its parts contradict each other. */
export function compileCodec(run: Run, vocabularies: SourceRun['vocabularies']): Codec {
  return {
    validator: compileRowValidator(run.signature.input),
    encoder: compileRowEncoder(run.encode, run.signature.input, vocabularies),
    decoder: compileRowDecoder(run.decode, run.signature, run.encode.prepare),
  };
}

/** Loads a run from its folder into memory and runs its self-test. */
@Injectable()
export class RunLoader {
  constructor(
    private readonly host: ModelHost,
    private readonly config: AppConfig,
    @Optional() private readonly preprocessor: Preprocessor = new Preprocessor(),
  ) {}

  /**
   * Fetches and loads the artifact, compares it with the run's declaration, and replays its examples.
   *
   * @returns the loaded run; its `run` is complete where the declared one lacked what only the model could tell.
   * @throws RunError with the verdict code of the first step that failed; nothing stays loaded then.
   */
  async load(sourceRun: SourceRun, run: Run): Promise<LoadedRun> {
    const artifacts = await sourceRun.open();
    try {
      return await this.loadArtifacts(artifacts, sourceRun, run);
    } catch (error) {
      artifacts.close?.();
      throw error;
    }
  }

  private async loadArtifacts(
    { folder, complete, close }: RunArtifacts,
    sourceRun: SourceRun,
    run: Run,
  ): Promise<LoadedRun> {
    let preprocessing: RowPreprocessing | undefined;
    const handle = await this.host.load({ format: run.model.format, runFolder: folder, path: run.model.path });
    try {
      const completeRun = withInputNames(complete ? complete(handle.info) : run, handle);
      const codec = compileCodec(completeRun, sourceRun.vocabularies);
      requireMatch(codec, handle);
      preprocessing = await this.openPreprocessing(codec, folder);
      const { predictionTimeoutMs } = this.config;
      const loaded = new LoadedRun(completeRun, codec, handle, predictionTimeoutMs, close, preprocessing);
      if (acceptsOneRow(handle.info, codec.decoder.outputNames)) loaded.setRowByRow(ONE_ROW_PER_CALL);
      const outputs = await this.selfTest(loaded);
      requireNumbers(completeRun, outputs, {
        mayBeMadeUp: complete !== undefined && completeRun.examples.length === 1,
      });
      loaded.setWarnings(runWarnings(completeRun, handle.info.inputs, outputs));
      if (complete) {
        requireValidOutputs(completeRun, outputs);
        loaded.setExampleOutputs(outputs);
      }
      return loaded;
    } catch (error) {
      preprocessing?.release();
      await handle.release();
      throw error;
    }
  }

  /** Most runs have neither texts nor images to prepare. */
  private async openPreprocessing({ encoder }: Codec, folder: string): Promise<RowPreprocessing | undefined> {
    const { preprocessed } = encoder;
    if (preprocessed.length === 0) return undefined;
    const steps = preprocessed.map(({ encoding, pointer }) => ({ encoding, pointer }));
    return new RowPreprocessing(preprocessed, await this.preprocessor.open(folder, steps));
  }

  /**
   * Replays the examples: the first ones one by one, to check whether rows may share calls; the others as the run is
   * served. The recorded outputs must match what clients will get.
   *
   * @returns the outputs, one per example.
   */
  private async selfTest(loaded: LoadedRun): Promise<JsonObject[]> {
    const { examples } = loaded.run;
    const tolerance = toleranceOf(loaded.run);
    const all = examples.map((_, index) => index);
    const first = all.slice(0, MAX_CHECKED_ROWS);
    const single = await this.replay(loaded, first, true);
    if (!loaded.isRowByRow) await this.checkBatchInvariance(loaded, single, tolerance);
    const outputs = loaded.isRowByRow
      ? [...single, ...(await this.replay(loaded, all.slice(first.length)))]
      : await this.replay(loaded, all);
    examples.forEach(({ output }, i) => {
      const mismatch = compareOutput(outputs[i]!, output, tolerance);
      if (!mismatch) return;
      throw new RunError('SELF_TEST_FAILED', `Example ${i}: ${mismatch}${selfTestHint(loaded.run, outputs)}`);
    });
    return outputs;
  }

  /** Sets the run to row by row unless its examples get the same outputs in a batch, in another order, as alone. */
  private async checkBatchInvariance(
    loaded: LoadedRun,
    single: readonly JsonObject[],
    tolerance: number,
  ): Promise<void> {
    const order = checkOrder(single.length);
    try {
      const batched = await this.replay(loaded, order);
      if (!outputsMatch(batched, single, order, tolerance)) loaded.setRowByRow(ROWS_DEPENDENT);
    } catch (error) {
      const { cause } = error as RunError;
      if (!(cause instanceof AppError && cause.code === 'PREDICTION_FAILED')) throw error;
      loaded.setRowByRow(ROWS_FAIL_BATCHED);
    }
  }

  /** Answers to the examples of these indices, in their order. */
  private async replay(loaded: LoadedRun, indices: readonly number[], rowByRow?: boolean): Promise<JsonObject[]> {
    if (indices.length === 0) return [];
    try {
      return await loaded.predict(
        indices.map((index) => loaded.run.examples[index]!.input),
        {
          source: 'body',
          mode: 'strict',
          locOf: (i) => ['examples', indices[i]!, 'input'],
          include: new Set(loaded.onRequestFields),
          timeoutMs: this.config.predictionTimeoutMs,
          rowByRow,
        },
      );
    } catch (error) {
      const first = error instanceof ValidationError ? error.issues[0] : undefined;
      const message = first ? `${first.loc.join('.')}: ${first.msg}.` : 'The model could not compute its examples.';
      throw new RunError('SELF_TEST_FAILED', message, { cause: error });
    }
  }
}

/** The run with the model's own name of an input that the run leaves to it. */
function withInputNames(run: Run, { info }: ModelHandle): Run {
  const encode = nameInputs(run.encode, info.inputs);
  return encode === run.encode ? run : { ...run, encode };
}

function requireMatch({ encoder, decoder }: Codec, { info }: ModelHandle): void {
  const issues = [...encoder.describeMismatch(info.inputs), ...decoder.describeMismatch(info.outputs)];
  if (issues.length > 0) throw new RunError('SIGNATURE_MISMATCH', issues.join(' '));
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
  const madeUp =
    ' A run that was logged without an input example is tried with a row of zeros: log one if zeros make no sense.';
  throw new RunError('SELF_TEST_FAILED', mayBeMadeUp ? message + madeUp : message);
}

/** Without recorded outputs, the answers must at least be what the run's signature promises. */
function requireValidOutputs(run: Run, outputs: readonly JsonObject[]): void {
  const validator = compileRowValidator(run.signature.output, '/signature/output');
  const issues: ValidationIssue[] = [];
  outputs.forEach((answer, i) => {
    const loc = [`example ${i}`];
    const read = validator.validate(answer, loc, { source: 'body', mode: 'strict' }, issues);
    // Coercions accepted from clients (a text for a number) are not allowed in outputs.
    for (const [name, value] of Object.entries(read ?? {})) {
      const [given, expected] = [kindOf(answer[name]), kindOf(value)];
      if (given === expected) continue;
      issues.push({ loc: [...loc, name], msg: `it is a ${given}, not a ${expected}`, type: 'type_error' });
    }
  });
  const [first] = issues;
  if (!first) return;
  const message = `The answer to ${first.loc.join('.')} is not what the signature says: ${first.msg}.`;
  throw new RunError('SELF_TEST_FAILED', message);
}

function kindOf(value: JsonValue | undefined): string {
  return typeof value === 'bigint' ? 'number' : typeof value;
}
