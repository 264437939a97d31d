import type { Contract } from './contract.js';

/** A person's choice of the run that serves a model, whatever the policy says. */
export interface Pin {
  readonly run_id: string;
  /** Why, in the person's words. */
  readonly reason: string;
  /** Who; as the person says. */
  readonly by: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Where the run was found last: `SourceRun.place`. */
  readonly place?: string;
}

/** The run a model is served with, and the contract that its clients have come to rely on. */
export interface ServedRecord extends Contract {
  readonly run_id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Hash of the contract. */
  readonly contract: string;
  /** Where the run was found last: `SourceRun.place`. */
  readonly place?: string;
  /** Digest of its model's files; not written by versions before 0.2. */
  readonly model_digest?: string;
}

/** A run that had to be taken out of service: it is not tried again until its digest is another. */
interface FailedRun {
  readonly run_id: string;
  readonly digest: string;
  readonly reason: string;
  /** Whether it does not even serve when no other run can: it hangs threads that others need. */
  readonly held_back?: boolean;
}

/** How a run ended the process in which it was tried; `trying` while that goes on, and for ever if the server ends with it. */
export const TRIAL_OUTCOMES = ['trying', 'timed_out', 'died', 'too_large'] as const;
export type TrialOutcome = (typeof TRIAL_OUTCOMES)[number];

/** A trial that goes on, or that its run did not survive. Of runs that did nothing is kept. */
export interface TrialRecord {
  readonly run_id: string;
  readonly outcome: TrialOutcome;
  /** How often it ended so. */
  readonly times: number;
  /** Whether the run is not tried again: some outcomes count from the second time on. */
  readonly final: boolean;
  /** What happened, a sentence; empty while it goes on. */
  readonly reason: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Limits of the trial: the run is tried again when they are others. */
  readonly limits: {
    readonly load_timeout_ms: number;
    readonly prediction_timeout_ms: number;
    readonly memory_bytes: number;
  };
  /** What computed it, with versions: as the limits. */
  readonly engine: string;
  /** Who tries it. */
  readonly by: TrialOwner;
}

/** The process of a server, as far as another one can tell whether it is still there. */
export interface TrialOwner {
  readonly host: string;
  readonly pid: number;
  /** When it began, as the system counts it; empty where that is not known. */
  readonly started: string;
}

/** What can happen to the run that serves a model; `docs/selection.md` says when. */
export const HISTORY_EVENTS = [
  'served',
  'promoted',
  'refused',
  'load_failed',
  'pinned',
  'unpinned',
  'rolled_back',
  'stepped_back',
  'held_back',
] as const;
export type HistoryEventName = (typeof HISTORY_EVENTS)[number];

/** Who did what no person did. */
export const POLICY = 'policy';

/** One thing that happened. */
export interface HistoryEvent {
  /** ISO 8601, UTC; by the clock of the process that wrote it. */
  readonly at: string;
  readonly event: HistoryEventName;
  readonly run_id: string;
  /** Run that served before, or still does after a refusal. */
  readonly previous_run_id: string | null;
  /** Contract of `run_id`; null when it is not known. */
  readonly contract: string | null;
  /** A sentence. */
  readonly reason: string;
  /** `policy`, or whoever a person says to be. */
  readonly by: string;
}

/** What is known of a model beyond one process: shared by all replicas over one store, and older than any of them. */
export interface ModelState {
  readonly pin: Pin | undefined;
  readonly served: ServedRecord | undefined;
  readonly failed: readonly FailedRun[];
  /** Trials by the digest of the run and its files, at most `MAX_TRIALS`. */
  readonly trials: Readonly<Record<string, TrialRecord>>;
  /** Newest first, at most `MAX_HISTORY`. */
  readonly history: readonly HistoryEvent[];
}

/** Trials that are kept. */
export const MAX_TRIALS = 50;

/** Events that are kept. */
export const MAX_HISTORY = 200;

/** Events after which another run serves. */
const CUTOVER_EVENTS: ReadonlySet<HistoryEventName> = new Set([
  'served',
  'promoted',
  'pinned',
  'rolled_back',
  'stepped_back',
]);

/** Whether another run serves since. */
export function isCutover({ event }: HistoryEvent): boolean {
  return CUTOVER_EVENTS.has(event);
}

/** A model of which nothing is known. */
export const EMPTY_STATE: ModelState = { pin: undefined, served: undefined, failed: [], trials: {}, history: [] };

/** Failed attempts take at most this many entries of a history, so that they do not push out what served. */
const MAX_ATTEMPTS = MAX_HISTORY / 2;

/** The state with an event on top. */
export function withEvent(state: ModelState, event: HistoryEvent): ModelState {
  return { ...state, history: trimHistory([event, ...state.history]) };
}

/** Whether the event is a failed attempt to serve a run. */
export function isAttempt({ event }: HistoryEvent): boolean {
  return event === 'refused' || event === 'load_failed';
}

/** As much of a history as is kept, newest first. */
export function trimHistory(history: readonly HistoryEvent[]): HistoryEvent[] {
  let attempts = 0;
  return history.filter((event) => !isAttempt(event) || ++attempts <= MAX_ATTEMPTS).slice(0, MAX_HISTORY);
}

/** The state with a trial; the oldest ones make room. */
export function withTrial(state: ModelState, digest: string, trial: TrialRecord): ModelState {
  const all = Object.entries({ ...state.trials, [digest]: trial });
  all.sort(([, a], [, b]) => (a.at < b.at ? 1 : Number(a.at === b.at) - 1));
  return { ...state, trials: Object.fromEntries(all.slice(0, MAX_TRIALS)) };
}

/** The state without some trials; the same object when there are none of them. */
export function withoutTrials(state: ModelState, isOver: (digest: string, trial: TrialRecord) => boolean): ModelState {
  const all = Object.entries(state.trials);
  const left = all.filter(([digest, trial]) => !isOver(digest, trial));
  return left.length === all.length ? state : { ...state, trials: Object.fromEntries(left) };
}
