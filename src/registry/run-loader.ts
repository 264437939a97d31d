import { Injectable } from '@nestjs/common';

import { compareOutput } from '../codec/examples-match.js';
import { compileRowDecoder } from '../codec/row-decoder.js';
import { compileRowEncoder } from '../codec/row-encoder.js';
import { compileRowValidator } from '../codec/row-validator.js';
import { AppConfig } from '../config/app-config.js';
import type { JsonObject } from '../domain/json.js';
import type { Run } from '../domain/run.js';
import { ValidationError } from '../domain/validation-problem.js';
import { RunProblem } from '../domain/verdict.js';
import { ModelHost } from '../engines/model-host.js';
import type { HostedModel } from '../engines/model-host.js';
import type { SourcedRun } from '../sources/run-source.js';
import { ServedRun } from './served-run.js';
import type { Codec } from './served-run.js';

const DEFAULT_TOLERANCE = 1e-4;

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
   * Loads the artifact, compares it with the run's own words, replays its examples.
   *
   * @throws RunProblem with the verdict code of the first step that failed; nothing stays loaded then.
   */
  async load(sourced: SourcedRun, run: Run): Promise<ServedRun> {
    const codec = compileCodec(run, sourced.vocabularies);
    const hosted = await this.host.load({
      format: run.model.format,
      runFolder: sourced.folder,
      path: run.model.path,
    });
    try {
      requireMatch(codec, hosted);
      const served = new ServedRun(run, codec, hosted);
      await this.selfTest(served);
      return served;
    } catch (error) {
      await hosted.release();
      throw error;
    }
  }

  private async selfTest(served: ServedRun): Promise<void> {
    const { examples, self_test: selfTest } = served.run;
    const answers = await this.replay(served);
    const tolerance = selfTest?.tolerance ?? DEFAULT_TOLERANCE;
    examples.forEach(({ output }, i) => {
      const difference = compareOutput(answers[i]!, output, tolerance);
      if (difference) throw new RunProblem('SELF_TEST_FAILED', `Example ${i}: ${difference}`);
    });
  }

  private async replay(served: ServedRun): Promise<JsonObject[]> {
    try {
      return await served.predict(
        served.run.examples.map((example) => example.input),
        {
          source: 'body',
          mode: 'strict',
          locOf: (index) => ['examples', index, 'input'],
          include: new Set(served.onRequestFields),
          timeoutMs: this.config.predictionTimeoutMs,
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
