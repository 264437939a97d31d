import { Injectable, Logger } from '@nestjs/common';

import { AppConfig } from '../../config/app-config.js';
import { AppError } from '../../domain/app-error.js';
import type { ErrorCode } from '../../domain/app-error.js';
import { RunProblem, reason } from '../../domain/verdict.js';
import type { VerdictReason } from '../../domain/verdict.js';
import { Chronicle } from '../history/model-history.js';
import type { RegisteredModel, RegisteredRun } from '../state/registered-run.js';
import { rehearse, requireSize } from './champion-replay.js';
import { RunLoader } from '../loading/run-loader.js';
import type { ServedRun } from '../loading/loaded-run.js';

/**
 * What a run has to go through before it may serve: it is loaded, repeats its own examples and, where another run
 * serves, stands a rehearsal beside it. What fails is told once in the run's verdict, the history and the log.
 */
@Injectable()
export class CandidateTrials {
  private readonly logger = new Logger(CandidateTrials.name);
  private isClosed = false;
  /** Rehearsals that failed, by candidate: not repeated against the same served run under the same card. */
  private readonly failedRehearsals = new WeakMap<RegisteredRun, { against: ServedRun; why: VerdictReason }>();

  constructor(
    private readonly loader: RunLoader,
    private readonly config: AppConfig,
    private readonly chronicle: Chronicle,
  ) {}

  /** Whatever fails from now on is not the runs' fault. */
  close(): void {
    this.isClosed = true;
  }

  /** The run, ready to answer. @throws RunProblem when it cannot be loaded or fails its examples. */
  async load(registered: RegisteredRun): Promise<ServedRun> {
    const { state } = registered;
    registered.state = 'loading';
    try {
      const served = await this.loader.load(registered.sourced, registered.run);
      registered.learn(served);
      registered.noteLoaded();
      return served;
    } finally {
      registered.state = state;
    }
  }

  /** The run, ready to answer; undefined when it cannot be. @throws AppError SHUTTING_DOWN. */
  async tryToLoad(model: RegisteredModel, registered: RegisteredRun): Promise<ServedRun | undefined> {
    try {
      return await this.load(registered);
    } catch (error) {
      await this.noteLoadFailure(model, registered, error);
      return undefined;
    }
  }

  /** Whether a candidate may be rehearsed beside the run that serves, as far as that is known without loading it. */
  async isWorthLoading(model: RegisteredModel, candidate: RegisteredRun, against: ServedRun): Promise<boolean> {
    const before = this.failedRehearsals.get(candidate);
    if (before?.against === against) {
      candidate.holdBack(before.why);
      return false;
    }
    const { sourced, run, card } = candidate;
    return this.passes(model, candidate, against, () => requireSize(sourced, run, card.promotion ?? {}));
  }

  /** Whether a loaded candidate stands the rehearsal beside the run that serves. @throws AppError SHUTTING_DOWN. */
  standsRehearsal(
    model: RegisteredModel,
    candidate: RegisteredRun,
    { loaded, against }: { readonly loaded: ServedRun; readonly against: ServedRun },
  ): Promise<boolean> {
    return this.passes(model, candidate, against, async () => {
      const { promotion: policy = {} } = candidate.card;
      const timeoutMs = this.config.predictionTimeoutMs;
      candidate.noteRehearsal(await rehearse(loaded, { served: against, policy, timeoutMs }));
    });
  }

  /** Tells once that a candidate is held back. @throws AppError SHUTTING_DOWN. */
  async noteRefusal(model: RegisteredModel, candidate: RegisteredRun, why: VerdictReason): Promise<void> {
    this.requireOpen();
    if (!(await this.chronicle.refused(model, candidate.run, why))) return;
    this.logger.warn(
      `Run ${candidate.run.run_id} of model ${model.card.name} is held back: ${why.code}: ${why.message}`,
    );
  }

  /** Tells once that a run could not be loaded. @throws AppError SHUTTING_DOWN. */
  async noteLoadFailure(model: RegisteredModel, registered: RegisteredRun, error: unknown): Promise<void> {
    this.requireOpen();
    const isBusy = isOfTheMoment(error);
    const problem = isBusy ? TOO_BUSY : reasonOf(error, 'LOAD_FAILED', 'The run could not be loaded.');
    registered.reject(problem, { isOfTheMoment: isBusy });
    if (!(await this.chronicle.loadFailed(model, registered.run, problem))) return;
    this.logger.warn(`Run ${registered.run.run_id} is not eligible: ${problem.code}: ${problem.message}`, error);
  }

  /** Whether a candidate passes a part of the rehearsal; a failure is remembered against the run that serves. */
  private async passes(
    model: RegisteredModel,
    candidate: RegisteredRun,
    against: ServedRun,
    part: () => Promise<void>,
  ): Promise<boolean> {
    try {
      await part();
      return true;
    } catch (error) {
      this.requireOpen();
      const why = reasonOf(error, 'REHEARSAL_FAILED', 'The rehearsal could not be held.');
      candidate.holdBack(why);
      candidate.state = 'checked';
      if (!isOfTheMoment(error)) this.failedRehearsals.set(candidate, { against, why });
      await this.noteRefusal(model, candidate, why);
      return false;
    }
  }

  /** What fails while the server ends is nobody's fault, and not to be written down. */
  private requireOpen(): void {
    if (this.isClosed) throw new AppError('SHUTTING_DOWN');
  }
}

/** Failures of the server rather than of the run. */
const OF_THE_MOMENT: ReadonlySet<ErrorCode> = new Set(['QUEUE_FULL', 'PREDICTION_TIMEOUT', 'WORKER_LOST']);

const TOO_BUSY = reason(
  'LOAD_FAILED',
  'The server was too busy to try the run, or it is too slow for PREDICTION_TIMEOUT_MS.',
  'Nothing need be done when the server was busy: the run is tried again by itself.',
);

/** Whether something was too busy, too slow or lost, which may be otherwise the next time. */
function isOfTheMoment(error: unknown): boolean {
  const cause = error instanceof RunProblem ? error.cause : error;
  return cause instanceof AppError && OF_THE_MOMENT.has(cause.code);
}

function reasonOf(error: unknown, code: 'LOAD_FAILED' | 'REHEARSAL_FAILED', sentence: string): VerdictReason {
  return error instanceof RunProblem ? reason(error.code, error.message) : reason(code, sentence);
}
