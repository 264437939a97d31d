import type { ModelHost } from '../model-host.js';

/** What a trial may take. A run that failed in it is tried again when one of them has changed. */
export interface TrialLimits {
  readonly loadTimeoutMs: number;
  readonly predictionTimeoutMs: number;
  /**
   * The same for a run that was not tried before, where that is less: the next best run is to serve soon. What takes
   * longer is tried once more with all the time there is.
   */
  readonly firstPredictionTimeoutMs?: number;
  /** Resident memory of the process. */
  readonly memoryBytes: number;
}

/** What a trial measured of a model. */
export interface TrialReport {
  /** Resident memory it needed at most, beyond what the process had with the engine alone. */
  readonly peakBytes: number;
  /** Loading it. */
  readonly loadMs: number;
  /** Its quickest call. */
  readonly callMs: number;
}

/** How a candidate ended the process in which it was tried. */
export type TrialEnd =
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'too-large'; readonly bytes: number }
  /** `wasKilled`: by somebody else, e.g. by the kernel for want of memory; otherwise it ended itself. */
  | { readonly kind: 'died'; readonly cause: string; readonly wasKilled: boolean };

/** Why a process in which to try candidates could not be started. */
export interface TrialStartError {
  readonly cause: string;
  /** What it took of memory without a candidate, bytes, where that is more than it may take. */
  readonly takenBytes?: number;
}

/** A process that one candidate has for itself. */
export interface TrialLease {
  /** Loads and computes in that process. */
  readonly host: ModelHost;
  /** Why no process could be started; undefined when one was. */
  readonly startError: TrialStartError | undefined;
  /** How the candidate ended the process; undefined when it did not. What it does not answer in time counts as an end. */
  readonly end: TrialEnd | undefined;
  /** Whether others were tried at the same time, in processes of their own. */
  readonly hadCompany: boolean;
  /** What was measured so far. */
  readonly report: TrialReport;
  /** Gives the process back; a busy one is ended. Nothing happens the second time. */
  release(): void;
}

/** Lends processes that can be ended at any moment, to try what is not proven yet. */
export abstract class TrialHost {
  abstract readonly limits: TrialLimits;

  /**
   * A process for one candidate; waits for one when there are as many as may be.
   *
   * @param options.alone  waits until no other candidate is tried or waits. One that comes later may still join it.
   * @throws AppError SHUTTING_DOWN.
   */
  abstract lease(options?: { readonly alone?: boolean }): Promise<TrialLease>;

  /** Ends every process. */
  abstract close(): Promise<void>;
}
