import { createHash } from 'node:crypto';

import { Injectable } from '@nestjs/common';

import { withTrial, withoutTrials } from '../../domain/model-state.js';
import type { TrialOutcome, TrialRecord } from '../../domain/model-state.js';
import type { FileReference } from '../../domain/encode-spec.js';
import type { Run } from '../../domain/run.js';
import { engineVersion } from '../../engines/engine-versions.js';
import type { TrialLimits } from '../../engines/trial/trial-host.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import { StateStore } from '../../sources/state/state-store.js';
import { isGone, thisOwner } from './trial-owner.js';

/** A run that is tried: under which name it is remembered, and with what. */
export interface TrialSubject {
  readonly model: string;
  readonly runId: string;
  /** Of the run and all its files. */
  readonly digest: string;
  readonly limits: TrialRecord['limits'];
  /** What computes it, with versions. */
  readonly engine: string;
}

/** How often a run may fail before that counts; what somebody else may be to blame for is tried twice. */
export const MAX_FAILURES = 2;

type TrialFacts = Pick<TrialRecord, 'times' | 'final' | 'reason'>;

/** @param files  those that the run itself does not list. */
export function trialSubject(
  model: string,
  run: Run,
  files: readonly FileReference[],
  { loadTimeoutMs, predictionTimeoutMs, memoryBytes }: TrialLimits,
): TrialSubject {
  const digest = createHash('sha256').update(stringifyJson(run)).update(JSON.stringify(files)).digest('hex');
  return {
    model,
    runId: run.run_id,
    digest: digest.slice(0, 32),
    limits: {
      load_timeout_ms: loadTimeoutMs,
      prediction_timeout_ms: predictionTimeoutMs,
      memory_bytes: memoryBytes,
    },
    engine: engineVersion(run.model.format),
  };
}

/** Remembers trials in the state of the model: before one begins, and what its run did not survive. */
@Injectable()
export class TrialRecords {
  private readonly owner = thisOwner();

  constructor(private readonly states: StateStore) {}

  /** What is remembered of the run, under the same limits and engine. */
  async find({ model, runId, digest, limits, engine }: TrialSubject): Promise<TrialRecord | undefined> {
    const { trials, served } = await this.states.read(model);
    const known = trials[digest];
    if (known?.engine !== engine || JSON.stringify(known.limits) !== JSON.stringify(limits)) return undefined;
    const isInterrupted = known.outcome === 'trying' && isGone(known.by);
    return isInterrupted ? interrupted(known, served?.run_id === runId) : known;
  }

  /** A trial begins: should this process end with it, the next one knows. @param before  what was known. */
  async begin(subject: TrialSubject, before: TrialRecord | undefined): Promise<void> {
    await this.write(subject, 'trying', { times: before?.times ?? 0, final: false, reason: '' });
  }

  /** The run did not survive its trial. */
  async fail(subject: TrialSubject, outcome: Exclude<TrialOutcome, 'trying'>, facts: TrialFacts): Promise<void> {
    await this.write(subject, outcome, facts);
  }

  /** The run survived: whoever noted what, it does not count any more. */
  async pass({ model, digest }: TrialSubject): Promise<void> {
    await this.states.update(model, (state) => withoutTrials(state, (key) => key === digest));
  }

  /** The trial was broken off, for no fault of the run. @param before  what was known. */
  async breakOff({ model, digest }: TrialSubject, before: TrialRecord | undefined): Promise<void> {
    await this.states.update(model, (state) => {
      const isOwn = state.trials[digest]?.outcome === 'trying' && state.trials[digest].by.pid === this.owner.pid;
      if (!isOwn) return state;
      return before && before.outcome !== 'trying'
        ? withTrial(state, digest, before)
        : withoutTrials(state, (key) => key === digest);
    });
  }

  /** Forgets what is remembered of a run. */
  async forget(model: string, runId: string): Promise<void> {
    await this.states.update(model, (state) => withoutTrials(state, (_, { run_id: id }) => id === runId));
  }

  private async write(
    { model, digest, runId, limits, engine }: TrialSubject,
    outcome: TrialOutcome,
    facts: TrialFacts,
  ): Promise<void> {
    const at = new Date().toISOString();
    const record: TrialRecord = { run_id: runId, outcome, ...facts, at, limits, engine, by: this.owner };
    await this.states.update(model, (state) => withTrial(state, digest, record));
  }
}

/**
 * What the server that tried a run has not lived to write: both ended together, which counts at once. Of the run that served
 * last it counts the second time: it is tried at each start, and a power cut must not take it out of service.
 */
function interrupted(record: TrialRecord, hasServed: boolean): TrialRecord {
  const times = record.times + 1;
  return { ...record, times, final: !hasServed || times >= MAX_FAILURES };
}
