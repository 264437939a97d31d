import { AppError } from '../../domain/app-error.js';
import type { TrialRecord } from '../../domain/model-state.js';
import { RunError } from '../../domain/verdict.js';
import type { LoadRequest } from '../../engines/inference-engine.js';
import type { ModelHandle } from '../../engines/model-host.js';
import { LimitedHandle } from '../../engines/trial/limited-handle.js';
import type {
  TrialEnd,
  TrialLease,
  TrialLimits,
  TrialReport,
  TrialStartError,
} from '../../engines/trial/trial-host.js';
import { MAX_FAILURES } from './trial-records.js';
import type { TrialRecords, TrialSubject } from './trial-records.js';
import { mib, outcomeOf, trialError, trialSentence } from './trial-verdict.js';
import type { FailedOutcome } from './trial-verdict.js';

interface TrialEvents {
  /** Gets the bytes of memory that the run takes. */
  onMeasured(bytes: number): void;
  onOver(): void;
}

/** One run on trial, in a process of its own. */
export class RunTrial {
  private isOver = false;

  /** @param before  what was remembered of the run. */
  constructor(
    private readonly lease: TrialLease,
    private readonly subject: TrialSubject,
    private readonly before: TrialRecord | undefined,
    private readonly records: TrialRecords,
    private readonly limits: TrialLimits,
    private readonly events: TrialEvents,
  ) {}

  /** Loads it in its process, where its predictions have the time of the trial. @throws as the host. */
  async load(request: LoadRequest): Promise<ModelHandle> {
    return new LimitedHandle(await this.lease.host.load(request), this.predictionTimeoutMs);
  }

  private get predictionTimeoutMs(): number {
    const { predictionTimeoutMs, firstPredictionTimeoutMs = Infinity } = this.limits;
    return this.before ? predictionTimeoutMs : Math.min(predictionTimeoutMs, firstPredictionTimeoutMs);
  }

  get report(): TrialReport {
    return this.lease.report;
  }

  /**
   * Does a part of the trial.
   *
   * @param doing  what the run does in it: "it was loaded".
   * @throws RunError TRIAL_TIMED_OUT, TRIAL_DIED or TRIAL_TOO_LARGE when the run ended its process, or would not answer;
   *   else what `work` throws.
   */
  async run<T>(doing: string, work: () => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await work();
    } catch (error) {
      throw await this.judge(error, doing);
    }
    // A part may not care for a row that was not answered.
    if (this.lease.end) throw await this.fail(this.lease.end, doing, undefined);
    return result;
  }

  /** Has it remembered what the run takes of memory, for the next time it is to be tried. */
  recordMemory(bytes: number): void {
    this.events.onMeasured(bytes);
  }

  /** The process is free for others; the run is still remembered as being tried, until it is loaded where it serves. */
  leaveProcess(): void {
    this.lease.release();
  }

  /** The run serves, or may serve. */
  async pass(): Promise<void> {
    await this.end(() => this.records.pass(this.subject));
  }

  /** The run is not wanted any more, or cannot be served for a reason of another kind. */
  async breakOff(): Promise<void> {
    await this.end(() => this.records.breakOff(this.subject, this.before));
  }

  private async judge(error: unknown, doing: string): Promise<unknown> {
    if (isCode(error, 'SHUTTING_DOWN')) return error;
    if (this.lease.startError) return notStarted(this.lease.startError, this.limits);
    const end = this.lease.end ?? (isCode(error, 'PREDICTION_TIMEOUT') ? ({ kind: 'timed-out' } as const) : undefined);
    return end ? await this.fail(end, doing, error) : error;
  }

  private async fail(end: TrialEnd, doing: string, cause: unknown): Promise<RunError> {
    const outcome = outcomeOf(end);
    const reason = trialSentence(end, doing, this.limits, this.predictionTimeoutMs);
    const times = this.timesWith(outcome);
    const final = !mayBeExternal(end) || times >= MAX_FAILURES;
    await this.end(() => this.records.fail(this.subject, outcome, { times, final, reason }));
    return trialError(outcome, reason, final, cause);
  }

  /** A second failure counts only if nothing was tried beside it. */
  private timesWith(outcome: FailedOutcome): number {
    const before = this.before?.outcome === outcome ? this.before.times : 0;
    return before > 0 && this.lease.hadCompany ? before : before + 1;
  }

  private async end(record: () => Promise<void>): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    this.lease.release();
    await record();
    this.events.onOver();
  }
}

/** Whether a busy machine, or who kills processes, may be to blame. */
function mayBeExternal(end: TrialEnd): boolean {
  return end.kind === 'timed-out' || (end.kind === 'died' && end.wasKilled);
}

function isCode(error: unknown, code: AppError['code']): boolean {
  const cause = error instanceof RunError ? error.cause : error;
  return cause instanceof AppError && cause.code === code;
}

function notStarted({ cause, takenBytes }: TrialStartError, { memoryBytes }: TrialLimits): RunError {
  const message =
    takenBytes === undefined
      ? 'The process in which runs are tried does not start on this machine.'
      : `The process in which runs are tried takes ${mib(takenBytes)} before it has a run, and TRIAL_MEMORY_BYTES allows ${mib(memoryBytes)}.`;
  const cure =
    takenBytes === undefined
      ? 'See the log of the server; it needs room for a process more.'
      : 'Raise TRIAL_MEMORY_BYTES, or leave it out.';
  const fix = `${cure} TRIAL_PROCESS=false tries runs in the threads that serve.`;
  return new RunError('LOAD_FAILED', message, { cause: new Error(cause), fix, isTransient: true });
}
