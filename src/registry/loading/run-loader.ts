import { Injectable } from '@nestjs/common';

import { compareOutput, toleranceOf } from '../../codec/examples-match.js';
import { compileRowDecoder } from '../../codec/decode/row-decoder.js';
import { compileRowEncoder } from '../../codec/encode/row-encoder.js';
import { compileRowValidator } from '../../codec/validate/row-validator.js';
import { AppConfig } from '../../config/app-config.js';
import { AppError } from '../../domain/app-error.js';
import type { JsonObject, JsonValue } from '../../lib/json.js';
import type { Run } from '../../domain/run.js';
import { ValidationError } from '../../domain/validation-problem.js';
import type { ValidationProblem } from '../../domain/validation-problem.js';
import { RunProblem } from '../../domain/verdict.js';
import { ModelHost } from '../../engines/model-host.js';
import type { HostedModel } from '../../engines/model-host.js';
import type { OpenedRun, SourcedRun } from '../../sources/run-source.js';
import {
  MAX_PROOF_ROWS,
  ONE_ROW_PER_CALL,
  ROWS_FAIL_TOGETHER,
  ROWS_MINGLE,
  answersAgree,
  proofOrder,
  takesOneRow,
} from './batch-invariance.js';
import { LOOK_FOR_NAN, unexplainedNulls } from './null-outputs.js';
import { runWarnings } from './run-warnings.js';
import { selfTestHint } from './self-test-hints.js';
import { ServedRun } from './loaded-run.js';
import type { Codec } from './loaded-run.js';

/** Compiles a run's contract: no I/O, no engine. @throws RunProblem when its parts contradict each other. */
export function compileCodec(run: Run, vocabularies: SourcedRun['vocabularies']): Codec {
  return {
    validator: compileRowValidator(run.signature.input),
    encoder: compileRowEncoder(run.encode, run.signature.input, vocabularies),
    decoder: compileRowDecoder(run.decode, run.signature, run.encode.prepare),
  };
}

/** Brings a run from its folder into memory and makes it prove itself. */
@Injectable()
export class RunLoader {
  constructor(
    private readonly host: ModelHost,
    private readonly config: AppConfig,
  ) {}

  /**
   * Fetches and loads the artifact, compares it with the run's own words, replays its examples.
   *
   * @returns the run in memory; its `run` is the whole one, where `run` lacked what only the model could say.
   * @throws RunProblem with the verdict code of the first step that failed; nothing stays loaded then.
   */
  async load(sourced: SourcedRun, run: Run): Promise<ServedRun> {
    const opened = await sourced.open();
    try {
      return await this.loadOpened(opened, sourced, run);
    } catch (error) {
      opened.close?.();
      throw error;
    }
  }

  private async loadOpened({ folder, complete, close }: OpenedRun, sourced: SourcedRun, run: Run): Promise<ServedRun> {
    const hosted = await this.host.load({ format: run.model.format, runFolder: folder, path: run.model.path });
    try {
      const whole = complete ? complete(hosted.info) : run;
      const codec = compileCodec(whole, sourced.vocabularies);
      requireMatch(codec, hosted);
      const served = new ServedRun(whole, codec, hosted, this.config.predictionTimeoutMs, close);
      if (takesOneRow(hosted.info, codec.decoder.outputNames)) served.serveRowByRow(ONE_ROW_PER_CALL);
      const answers = await this.selfTest(served);
      requireNumbers(whole, answers, { mayBeMadeUp: complete !== undefined && whole.examples.length === 1 });
      served.noteWarnings(runWarnings(whole, hosted.info.inputs, answers));
      if (complete) {
        requireDeclaredAnswers(whole, answers);
        served.learnExamples(answers);
      }
      return served;
    } catch (error) {
      await hosted.release();
      throw error;
    }
  }

  /**
   * Replays the examples: the first ones one by one, to learn whether rows may share calls, the others as the run is
   * served. The trainer's answers must come out the way clients will get theirs.
   *
   * @returns the answers, one per example.
   */
  private async selfTest(served: ServedRun): Promise<JsonObject[]> {
    const { examples } = served.run;
    const tolerance = toleranceOf(served.run);
    const all = examples.map((_, index) => index);
    const first = all.slice(0, MAX_PROOF_ROWS);
    const alone = await this.replay(served, first, true);
    if (!served.isRowByRow) await this.proveBatching(served, alone, tolerance);
    const answers = served.isRowByRow
      ? [...alone, ...(await this.replay(served, all.slice(first.length)))]
      : await this.replay(served, all);
    examples.forEach(({ output }, i) => {
      const difference = compareOutput(answers[i]!, output, tolerance);
      if (!difference) return;
      throw new RunProblem('SELF_TEST_FAILED', `Example ${i}: ${difference}${selfTestHint(served.run, answers)}`);
    });
    return answers;
  }

  /** Serves the run row by row unless its examples get the same answers together, in another order, as alone. */
  private async proveBatching(served: ServedRun, alone: readonly JsonObject[], tolerance: number): Promise<void> {
    const order = proofOrder(alone.length);
    try {
      const together = await this.replay(served, order);
      if (!answersAgree(together, alone, order, tolerance)) served.serveRowByRow(ROWS_MINGLE);
    } catch (error) {
      const { cause } = error as RunProblem;
      if (!(cause instanceof AppError && cause.code === 'PREDICTION_FAILED')) throw error;
      served.serveRowByRow(ROWS_FAIL_TOGETHER);
    }
  }

  /** Answers to the examples of these indices, in their order. */
  private async replay(served: ServedRun, indices: readonly number[], rowByRow?: boolean): Promise<JsonObject[]> {
    if (indices.length === 0) return [];
    try {
      return await served.predict(
        indices.map((index) => served.run.examples[index]!.input),
        {
          source: 'body',
          mode: 'strict',
          locOf: (i) => ['examples', indices[i]!, 'input'],
          include: new Set(served.onRequestFields),
          timeoutMs: this.config.predictionTimeoutMs,
          rowByRow,
        },
      );
    } catch (error) {
      const first = error instanceof ValidationError ? error.problems[0] : undefined;
      const message = first ? `${first.loc.join('.')}: ${first.msg}.` : 'The model could not compute its examples.';
      throw new RunProblem('SELF_TEST_FAILED', message, { cause: error });
    }
  }
}

function requireMatch({ encoder, decoder }: Codec, { info }: HostedModel): void {
  const mismatches = [...encoder.describeMismatch(info.inputs), ...decoder.describeMismatch(info.outputs)];
  if (mismatches.length > 0) throw new RunProblem('SIGNATURE_MISMATCH', mismatches.join(' '));
}

/** A model that answers nothing but NaN is broken, unless its trainer recorded that it does. */
function requireNumbers(
  run: Run,
  answers: readonly JsonObject[],
  { mayBeMadeUp }: { readonly mayBeMadeUp: boolean },
): void {
  const broken = unexplainedNulls(run, answers).find(({ isEvery, isRecorded }) => isEvery && !isRecorded);
  if (!broken) return;
  const message = `The field "${broken.field}" is null, which NaN becomes, in the answer to every example: ${LOOK_FOR_NAN}.`;
  const madeUp =
    ' A run that was logged without an input example is tried with a row of zeros: log one if zeros make no sense.';
  throw new RunProblem('SELF_TEST_FAILED', mayBeMadeUp ? message + madeUp : message);
}

/** Without recorded outputs, the answers must at least be what the run's signature promises. */
function requireDeclaredAnswers(run: Run, answers: readonly JsonObject[]): void {
  const validator = compileRowValidator(run.signature.output, '/signature/output');
  const problems: ValidationProblem[] = [];
  answers.forEach((answer, i) => {
    const loc = [`example ${i}`];
    const read = validator.validate(answer, loc, { source: 'body', mode: 'strict' }, problems);
    // What is taken from clients, a text for a number for one, is not to be given to them.
    for (const [name, value] of Object.entries(read ?? {})) {
      const [given, promised] = [kindOf(answer[name]), kindOf(value)];
      if (given === promised) continue;
      problems.push({ loc: [...loc, name], msg: `it is a ${given}, not a ${promised}`, type: 'type_error' });
    }
  });
  const [first] = problems;
  if (!first) return;
  const message = `The answer to ${first.loc.join('.')} is not what the signature says: ${first.msg}.`;
  throw new RunProblem('SELF_TEST_FAILED', message);
}

function kindOf(value: JsonValue | undefined): string {
  return typeof value === 'bigint' ? 'number' : typeof value;
}
