import type { TrialOutcome, TrialRecord } from '../../domain/model-state.js';
import { RunError } from '../../domain/verdict.js';
import type { VerdictCode } from '../../domain/verdict.js';
import type { TrialEnd, TrialLimits } from '../../engines/trial/trial-host.js';

const MIB = 1024 * 1024;

/** How a run failed its trial. */
export type FailedOutcome = Exclude<TrialOutcome, 'trying'>;

const CODES: Readonly<Record<FailedOutcome, VerdictCode>> = {
  timed_out: 'TRIAL_TIMED_OUT',
  died: 'TRIAL_DIED',
  too_large: 'TRIAL_TOO_LARGE',
};

/** What a run does first. */
export const LOADED = 'it was loaded';

const NOT_AGAIN = 'It is not tried again by itself.';
const ONCE_MORE =
  'The run is tried once more, alone, before this counts: by this server, or by the next one when it ends now.';

/** The outcome of a trial that ended its process. */
export function outcomeOf(end: TrialEnd): FailedOutcome {
  return end.kind === 'timed-out' ? 'timed_out' : end.kind === 'died' ? 'died' : 'too_large';
}

/**
 * What happened, a sentence.
 *
 * @param doing  what the run did then: "it was loaded".
 * @param predictionTimeoutMs  what a prediction might take, as much as the limits allow or less.
 */
export function trialSentence(
  end: TrialEnd,
  doing: string,
  limits: TrialLimits,
  predictionTimeoutMs = limits.predictionTimeoutMs,
): string {
  switch (end.kind) {
    case 'timed-out':
      return `While ${doing}, the run did not answer within ${limitText(doing, limits, predictionTimeoutMs)}.`;
    case 'too-large':
      return `While ${doing}, the run took ${mib(end.bytes)} of memory; a trial may take ${mib(limits.memoryBytes)} (TRIAL_MEMORY_BYTES).`;
    case 'died':
      return end.wasKilled
        ? `While ${doing}, the process in which the run was tried was killed, probably for want of memory.`
        : `While ${doing}, the run ended the process in which it was tried.`;
  }
}

/** The verdict on a run that has just failed. @param isFinal  whether it is not tried again. */
export function trialError(outcome: FailedOutcome, sentence: string, isFinal: boolean, cause?: unknown): RunError {
  if (isFinal) return new RunError(CODES[outcome], `${sentence} ${NOT_AGAIN}`, { cause });
  return new RunError(CODES[outcome], sentence, { cause, fix: ONCE_MORE, isTransient: true });
}

/** The verdict on a run that failed before, and is not tried. */
export function rememberedError({ outcome, reason, at, engine }: TrialRecord): RunError {
  if (outcome === 'trying') {
    const sentence = `When the run was tried last (${at}, ${engine}), the server ended before the trial was over.`;
    return new RunError('TRIAL_DIED', `${sentence} ${NOT_AGAIN}`);
  }
  return new RunError(CODES[outcome], `${reason} That was at ${at} (${engine}). ${NOT_AGAIN}`);
}

function limitText(doing: string, limits: TrialLimits, predictionTimeoutMs: number): string {
  if (doing === LOADED) return `${limits.loadTimeoutMs} ms (MODEL_LOAD_TIMEOUT_MS)`;
  const isLess = predictionTimeoutMs < limits.predictionTimeoutMs;
  const origin = isLess ? 'in its first trial' : 'PREDICTION_TIMEOUT_MS';
  return `${predictionTimeoutMs} ms (${origin})`;
}

/** Bytes in MiB, rounded up, for people. */
export function mib(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
