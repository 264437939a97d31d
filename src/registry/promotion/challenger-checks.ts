import { Injectable, Logger } from '@nestjs/common';

import { AppConfig } from '../../config/app-config.js';
import { AppError } from '../../domain/app-error.js';
import type { ErrorCode } from '../../domain/app-error.js';
import { RunError, TRIAL_CODES, mayPassLater, reason, reasonText } from '../../domain/verdict.js';
import type { VerdictReason } from '../../domain/verdict.js';
import { ModelHistory } from '../history/model-history.js';
import type { RegisteredModel, RegisteredRun } from '../state/registered-run.js';
import { rehearse, requireLatency, requireSize } from './champion-replay.js';
import { reasonOfFailure } from '../loading/failure-reason.js';
import { RunLoader } from '../loading/run-loader.js';
import type { LoadedRun } from '../loading/loaded-run.js';

/**
 * Checks a run passes before it may serve: it is loaded, repeats its own examples and, where another run serves, passes
 * a rehearsal against it. A failure is recorded once in the run's verdict, the history and the log.
 */
@Injectable()
export class ChallengerChecks {
  private readonly logger = new Logger(ChallengerChecks.name);
  private isClosed = false;
  /** Failed rehearsals by challenger: not repeated against the same champion under the same card. */
  private readonly failedChecks = new WeakMap<RegisteredRun, { against: LoadedRun; rejection: VerdictReason }>();

  constructor(
    private readonly loader: RunLoader,
    private readonly config: AppConfig,
    private readonly modelHistory: ModelHistory,
  ) {}

  /** Failures from now on are caused by the shutdown, not by the runs. */
  close(): void {
    this.isClosed = true;
  }

  /** The run, ready to serve. @throws RunError when it cannot be loaded or fails its examples. */
  load(registered: RegisteredRun): Promise<LoadedRun> {
    return this.whileLoading(registered, ({ sourceRun, run, card }) => this.loader.load(sourceRun, run, card));
  }

  /** The run, ready to serve; undefined when it cannot be. @throws AppError SHUTTING_DOWN. */
  tryToLoad(model: RegisteredModel, registered: RegisteredRun): Promise<LoadedRun | undefined> {
    return this.orRecordFailure(model, registered, () => this.load(registered));
  }

  /** The run where it is tried; undefined when it does not pass. @throws AppError SHUTTING_DOWN. */
  tryOnTrial(model: RegisteredModel, registered: RegisteredRun): Promise<LoadedRun | undefined> {
    return this.orRecordFailure(model, registered, () =>
      this.whileLoading(registered, ({ sourceRun, run, card }) => this.loader.loadOnTrial(sourceRun, run, card)),
    );
  }

  /** Whether a run that passed its trial is loaded where it serves. @throws AppError SHUTTING_DOWN. */
  async hasStartedService(model: RegisteredModel, registered: RegisteredRun, loaded: LoadedRun): Promise<boolean> {
    const started = await this.orRecordFailure(model, registered, async () => {
      await loaded.enterService();
      return true;
    });
    return started ?? false;
  }

  private async whileLoading(
    registered: RegisteredRun,
    load: (registered: RegisteredRun) => Promise<LoadedRun>,
  ): Promise<LoadedRun> {
    const { state } = registered;
    registered.state = 'loading';
    try {
      const loaded = await load(registered);
      registered.updateFrom(loaded);
      registered.markLoaded();
      return loaded;
    } finally {
      registered.state = state;
    }
  }

  private async orRecordFailure<T>(
    model: RegisteredModel,
    registered: RegisteredRun,
    work: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      await this.recordLoadFailure(model, registered, error);
      return undefined;
    }
  }

  /** Whether a challenger may be rehearsed against the champion, as far as known without loading it. */
  async checkBeforeLoad(model: RegisteredModel, candidate: RegisteredRun, against: LoadedRun): Promise<boolean> {
    const before = this.failedChecks.get(candidate);
    if (before?.against === against) {
      candidate.setRejection(before.rejection);
      return false;
    }
    const { sourceRun, run, card } = candidate;
    return this.runCheck(model, candidate, against, () => requireSize(sourceRun, run, card.promotion ?? {}));
  }

  /** Whether a loaded challenger passes the rehearsal against the champion. @throws AppError SHUTTING_DOWN. */
  hasPassedRehearsal(
    model: RegisteredModel,
    candidate: RegisteredRun,
    { loaded, against }: { readonly loaded: LoadedRun; readonly against: LoadedRun },
  ): Promise<boolean> {
    return this.runCheck(model, candidate, against, async () => {
      const { promotion: policy = {} } = candidate.card;
      const timeoutMs = this.config.predictionTimeoutMs;
      const warnings = await loaded.duringTrial('it computed the examples of the served run', () =>
        rehearse(loaded, { current: against, policy, timeoutMs }),
      );
      candidate.setRehearsalWarnings(warnings);
    });
  }

  /** Whether a challenger is as quick as its card wants, where it is to serve. @throws AppError SHUTTING_DOWN. */
  isQuickEnough(
    model: RegisteredModel,
    candidate: RegisteredRun,
    { loaded, against }: { readonly loaded: LoadedRun; readonly against: LoadedRun },
  ): Promise<boolean> {
    const { max_latency_ms: limitMs } = candidate.card.promotion ?? {};
    return this.runCheck(model, candidate, against, () =>
      requireLatency(loaded, limitMs, this.config.predictionTimeoutMs),
    );
  }

  /** Records once that a challenger is rejected. @throws AppError SHUTTING_DOWN. */
  async recordRejection(model: RegisteredModel, candidate: RegisteredRun, rejection: VerdictReason): Promise<void> {
    this.requireOpen();
    if (!(await this.modelHistory.recordRejected(model, candidate.run, rejection))) return;
    this.logger.warn(`Run ${candidate.run.run_id} of model ${model.card.name} is rejected: ${reasonText(rejection)}`);
  }

  /** Records once that a run could not be loaded. @throws AppError SHUTTING_DOWN. */
  async recordLoadFailure(model: RegisteredModel, registered: RegisteredRun, error: unknown): Promise<void> {
    this.requireOpen();
    const isTransientFailure = isTransient(error);
    const hasNoName = isTransientFailure && !mayPassLater(error);
    const problem = hasNoName ? TRANSIENT_FAILURE : reasonOfFailure(error, registered.run.run_id);
    registered.reject(problem, { isTransient: isTransientFailure });
    if (!(await this.modelHistory.loadFailed(model, registered.run, problem))) return;
    const line = `Run ${registered.run.run_id} of model ${model.card.name} is not eligible: ${reasonText(problem)}`;
    // A verdict says all by itself; what the engine said, or an error that nobody expected, is told beside it.
    this.logger.warn(line, ...(error instanceof RunError ? [error.cause ?? []].flat() : [error]));
  }

  /** Runs a part of the rehearsal; a failure is recorded against the present champion. */
  private async runCheck(
    model: RegisteredModel,
    candidate: RegisteredRun,
    against: LoadedRun,
    part: () => Promise<void>,
  ): Promise<boolean> {
    try {
      await part();
      return true;
    } catch (error) {
      this.requireOpen();
      if (isTrialFailure(error)) {
        await this.recordLoadFailure(model, candidate, error);
        return false;
      }
      const rejection = isTransient(error) ? NOT_REHEARSED : reasonOfFailure(error, candidate.run.run_id);
      candidate.setRejection(rejection);
      candidate.state = 'checked';
      if (!isTransient(error)) this.failedChecks.set(candidate, { against, rejection });
      await this.recordRejection(model, candidate, rejection);
      return false;
    }
  }

  /** Failures during the shutdown are not recorded: the runs did not cause them. */
  private requireOpen(): void {
    if (this.isClosed) throw new AppError('SHUTTING_DOWN');
  }
}

/** Failures of the server rather than of the run. */
const TRANSIENT_CODES: ReadonlySet<ErrorCode> = new Set([
  'QUEUE_FULL',
  'PREDICTION_TIMEOUT',
  'WORKER_LOST',
  'SHUTTING_DOWN',
]);

const TRANSIENT_FAILURE = reason(
  'LOAD_FAILED',
  'The server was too busy to try the run, or it is too slow for PREDICTION_TIMEOUT_MS.',
  'No action is needed when the server was busy: the run is tried again automatically.',
);

const NOT_REHEARSED = reason(
  'REHEARSAL_FAILED',
  'The server was too busy to rehearse the run, or it is too slow for PREDICTION_TIMEOUT_MS.',
  'No action is needed when the server was busy: the run is tried again automatically.',
);

/** The run did not survive its trial. */
function isTrialFailure(error: unknown): boolean {
  return error instanceof RunError && TRIAL_CODES.includes(error.code);
}

/** Whether something was too busy, too slow or lost, so that another try may succeed. */
function isTransient(error: unknown): boolean {
  if (isTrialFailure(error)) return mayPassLater(error);
  if (mayPassLater(error)) return true;
  const cause = error instanceof RunError ? error.cause : error;
  return cause instanceof AppError && TRANSIENT_CODES.has(cause.code);
}
