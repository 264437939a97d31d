import { createHash } from 'node:crypto';

import { Injectable } from '@nestjs/common';

import { recordedContractOf } from '../../domain/contract.js';
import type { Contract } from '../../domain/contract.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import { POLICY, isAttempt, isCutover, withEvent } from '../../domain/model-state.js';
import type { HistoryEvent, HistoryEventName, ModelState, Pin, ServedRecord } from '../../domain/model-state.js';
import type { Run } from '../../domain/run.js';
import type { VerdictReason } from '../../domain/verdict.js';
import { StateStore } from '../../sources/state/state-store.js';
import { diffContracts } from '../contract/contract-diff.js';
import { contractHashOf } from '../contract/contract-hash.js';
import type { Best, RegisteredModel } from '../state/registered-run.js';

/** Maximum number of runs recorded as failed in service, per model. */
const MAX_FAILED = 50;

/** Maximum number of runs that are inspected regardless of their rank, per model. */
const MAX_REQUIRED_RUNS = 20;

/** Digest of a run, to detect that it changed. */
export function runDigest(run: Run): string {
  return createHash('sha256').update(stringifyJson(run)).digest('hex').slice(0, 16);
}

/**
 * Records what happens to models, once for all replicas of a store: replicas see the same runs and reach the same
 * decisions, so the first to record one spares the others the write.
 */
@Injectable()
export class ModelHistory {
  /** Events this process has seen recorded, so that nothing is written (or tried) at every poll of the store. */
  private readonly seen = new WeakMap<RegisteredModel, Set<string>>();
  private readonly lastRecorded = new WeakMap<RegisteredModel, string>();

  constructor(private readonly states: StateStore) {}

  /** Why nothing can be recorded, or read anew; a sentence that is safe to publish. */
  get problem(): string | undefined {
    return this.states.problem;
  }

  async read({ card }: RegisteredModel): Promise<ModelState> {
    return withoutInvalidContract(await this.states.read(card.name));
  }

  /** What happened to a model, newest first; from memory until a process has written more. */
  async listEvents({ card }: RegisteredModel): Promise<readonly HistoryEvent[]> {
    return (await this.states.readCached(card.name)).history;
  }

  /** Has the served run recorded and logged again, after a pin was removed. */
  forgetRecorded(model: RegisteredModel): void {
    this.lastRecorded.delete(model);
  }

  /** Ids of the runs that serve, are pinned, or may be rolled back to, as far as recorded. */
  async requiredRunIds(model: string): Promise<string[]> {
    const { served, pin, history } = await this.states.read(model);
    const ids = history.filter(isCutover).flatMap((event) => [event.run_id, event.previous_run_id]);
    return [...new Set([pin?.run_id, served?.run_id, ...ids])]
      .filter((id) => typeof id === 'string')
      .slice(0, MAX_REQUIRED_RUNS);
  }

  /** Last known locations of the runs that served by the policy's choice and by a pin. */
  async lastLocations(model: string): Promise<string[]> {
    const { served, pin } = await this.states.read(model);
    return [served?.place, pin?.place].filter((location) => location !== undefined);
  }

  /**
   * A run serves by the policy's choice.
   *
   * @param why  gives the sentence that `selection` gives too; called only when this process did not know it.
   * @returns why, and instead of which run; undefined when this process knew it.
   */
  async recordServed(
    model: RegisteredModel,
    best: Best,
    verdictReason: () => string,
  ): Promise<Pick<HistoryEvent, 'reason' | 'previous_run_id'> | undefined> {
    const record = recordOf(best);
    const key = keyOf(record);
    if (this.lastRecorded.get(model) === key) return undefined;
    this.lastRecorded.set(model, key);
    this.seen.delete(model);
    const { pin } = model;
    let reason = verdictReason();
    let previousRunId: string | null = null;
    await this.states.update(model.card.name, (state) => {
      if (state.pin?.at !== pin?.at) {
        // A person has decided meanwhile; that must not be overwritten. The next poll applies it.
        this.lastRecorded.delete(model);
        return state;
      }
      const before = withoutInvalidContract(state).served;
      // A pin serves without a choice of the policy: the run that served last is the one of the last cutover.
      const last = state.history.find(isCutover);
      const lastRunId = last?.run_id ?? before?.run_id ?? null;
      const isOther = isOtherModel(before, record);
      if (lastRunId === record.run_id && !isOther) {
        if (before?.run_id === record.run_id && before.contract === record.contract) {
          const hasNewLocation = before.place !== record.place || before.model_digest !== record.model_digest;
          return hasNewLocation ? { ...state, served: { ...record, at: before.at } } : state;
        }
        // The policy chooses the run that was pinned.
        if (last?.contract === record.contract) return { ...state, served: record };
      }
      if (isOther) reason = `Its files hold another model now. ${reason}`;
      previousRunId = lastRunId;
      const event = this.event(before ? 'promoted' : 'served', best.loaded.run, reason);
      return withEvent({ ...state, served: record }, { ...event, previous_run_id: previousRunId });
    });
    return { reason, previous_run_id: previousRunId };
  }

  /** @returns false when this was known. */
  recordRejected(model: RegisteredModel, run: Run, verdictReason: VerdictReason): Promise<boolean> {
    return this.recordEvent(model, 'refused', run, verdictReason);
  }

  /** @returns false when this was known. */
  loadFailed(model: RegisteredModel, run: Run, verdictReason: VerdictReason): Promise<boolean> {
    return this.recordEvent(model, 'load_failed', run, verdictReason);
  }

  /** The run failed, and the previous run serves again. */
  async recordRollback(model: RegisteredModel, failedRun: Run, again: Best, message: string): Promise<void> {
    const event = { ...this.event('stepped_back', again.loaded.run, message), previous_run_id: failedRun.run_id };
    const record = recordOf(again);
    const failed = { run_id: failedRun.run_id, digest: runDigest(failedRun), reason: message };
    this.lastRecorded.set(model, keyOf(record));
    await this.states.update(model.card.name, (state) => {
      const rest = state.failed.filter(({ run_id: id }) => id !== failed.run_id);
      return withEvent({ ...state, served: record, failed: [failed, ...rest].slice(0, MAX_FAILED) }, event);
    });
  }

  /** A run was taken out of service, because its predictions do not end. */
  async recordHeldBack(model: RegisteredModel, failedRun: Run, message: string): Promise<void> {
    const event = this.event('held_back', failedRun, message);
    const failed = { run_id: failedRun.run_id, digest: runDigest(failedRun), reason: message, held_back: true };
    await this.states.update(model.card.name, (state) => {
      const rest = state.failed.filter(({ run_id: id }) => id !== failed.run_id);
      return withEvent({ ...state, failed: [failed, ...rest].slice(0, MAX_FAILED) }, event);
    });
  }

  /** Forgets that a run failed in service, so that it may serve again. */
  async forgetFailure(model: string, runId: string): Promise<void> {
    await this.states.update(model, (state) => {
      const failed = state.failed.filter(({ run_id: id }) => id !== runId);
      return failed.length === state.failed.length ? state : { ...state, failed };
    });
  }

  /**
   * A person pinned a run.
   *
   * @param currentRunId  run that served in this process, in case it was not recorded.
   */
  async pinned(
    model: RegisteredModel,
    run: Run,
    pin: Pick<Pin, 'reason' | 'by' | 'place'>,
    name: 'pinned' | 'rolled_back',
    currentRunId: string | null,
  ): Promise<Pin> {
    const event = this.event(name, run, pin.reason, pin.by);
    const newPin: Pin = { run_id: run.run_id, ...pin, at: event.at };
    await this.states.update(model.card.name, (state) => {
      // Pinning a failed run clears its failure.
      const failed = state.failed.filter(({ run_id: id }) => id !== run.run_id);
      // Another replica may have promoted a run that this one has not seen yet.
      const previousRunId = state.history.find(isCutover)?.run_id ?? currentRunId;
      return withEvent({ ...state, pin: newPin, failed }, { ...event, previous_run_id: previousRunId });
    });
    return newPin;
  }

  /** The pinned run was found in another location than before. */
  async updatePinLocation(model: RegisteredModel, pin: Pin, location: string): Promise<void> {
    await this.states.update(model.card.name, (state) =>
      state.pin?.at === pin.at ? { ...state, pin: { ...state.pin, place: location } } : state,
    );
  }

  /** A person let go of the pin. */
  async unpinned(model: RegisteredModel, by: string): Promise<void> {
    await this.states.update(model.card.name, (state) => {
      const { pin } = state;
      if (!pin) return state;
      const event: HistoryEvent = {
        at: new Date().toISOString(),
        event: 'unpinned',
        run_id: pin.run_id,
        previous_run_id: null,
        contract: null,
        reason: 'The policy chooses again.',
        by,
      };
      return withEvent({ ...state, pin: undefined }, event);
    });
    if (model.pin) this.lastRecorded.delete(model);
  }

  private async recordEvent(
    model: RegisteredModel,
    name: 'refused' | 'load_failed',
    run: Run,
    verdictReason: VerdictReason,
  ): Promise<boolean> {
    const seen = this.seen.get(model) ?? new Set<string>();
    this.seen.set(model, seen);
    const message = `${verdictReason.code}: ${verdictReason.message}`;
    const key = `${name} ${run.run_id} ${withoutNumbers(message)}`;
    if (seen.has(key)) return false;
    seen.add(key);
    const currentRunId = model.best?.loaded.run.run_id ?? null;
    await this.states.update(model.card.name, (state) => {
      const isKnown = sinceLastCutover(state).some(
        ({ event, run_id: id, reason }) =>
          event === name && id === run.run_id && withoutNumbers(reason) === withoutNumbers(message),
      );
      return isKnown ? state : withEvent(state, { ...this.event(name, run, message), previous_run_id: currentRunId });
    });
    return true;
  }

  private event(name: HistoryEventName, run: Run, reason: string, by = POLICY): HistoryEvent {
    const at = new Date().toISOString();
    const contract = contractHashOf(run);
    return { at, event: name, run_id: run.run_id, previous_run_id: null, contract, reason, by };
  }
}

function recordOf({ registered, loaded }: Best): ServedRecord {
  const { run, contract } = loaded;
  const at = new Date().toISOString();
  const { location } = registered.sourceRun;
  return {
    run_id: run.run_id,
    at,
    contract,
    ...recordedContractOf(run),
    place: location,
    model_digest: modelDigest(run),
  };
}

/** What makes a record news. */
function keyOf({ run_id: runId, contract, place: location, model_digest: digest }: ServedRecord): string {
  return JSON.stringify([runId, contract, location, digest]);
}

/** Digest of the files of a run's model, wherever they are stored; undefined when the run gives none. */
function modelDigest({ model: { format, sha256, files = [] } }: Run): string | undefined {
  if (sha256 === undefined) return undefined;
  const parts = [format, sha256, ...files.map((file) => file.sha256)];
  return createHash('sha256').update(parts.join(' ')).digest('hex').slice(0, 16);
}

/** Whether the run of that id has other weights than before, as far as recorded. */
function isOtherModel(before: ServedRecord | undefined, after: ServedRecord): boolean {
  if (before?.run_id !== after.run_id) return false;
  const [was, is] = [before.model_digest, after.model_digest];
  return was !== undefined && is !== undefined && was !== is;
}

/** Contracts that were compared before: the state is read at every poll. */
const normalized = new WeakSet<Contract>();

/**
 * A recorded contract that cannot be compared, because the file was edited, is ignored; the rest of the state is used.
 */
function withoutInvalidContract(state: ModelState): ModelState {
  const { served } = state;
  if (!served || normalized.has(served)) return state;
  try {
    diffContracts(served, served);
    if (hasTypes(served)) {
      normalized.add(served);
      return state;
    }
  } catch {
    // It is none: the same as without a type.
  }
  return { ...state, served: undefined };
}

/** Every field of a row has a type; only what is inside of one may be anything. */
function hasTypes({ signature: { input, output } }: Contract): boolean {
  const fields = [...Object.values(input.properties), ...Object.values(output.properties)];
  return fields.every(({ type }) => type !== undefined);
}

/** A message without measured values, which differ each time. */
function withoutNumbers(message: string): string {
  return message.replace(/\d+(\.\d+)? ms\b/g, 'ms');
}

/** Events after the last change of the served run. */
function sinceLastCutover({ history }: ModelState): readonly HistoryEvent[] {
  const last = history.findIndex((event) => !isAttempt(event));
  return last < 0 ? history : history.slice(0, last);
}
