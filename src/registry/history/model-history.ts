import { createHash } from 'node:crypto';

import { Injectable } from '@nestjs/common';

import { contractOf } from '../../domain/contract.js';
import { stringifyJson } from '../../lib/json-text.js';
import { POLICY, isAttempt, isTakeover, withEvent } from '../../domain/model-state.js';
import type { HistoryEvent, HistoryEventName, ModelState, Pin, ServedRecord } from '../../domain/model-state.js';
import type { Run } from '../../domain/run.js';
import type { VerdictReason } from '../../domain/verdict.js';
import { StateStore } from '../../sources/state/state-store.js';
import { diffContracts } from '../contract/contract-diff.js';
import { contractHash } from '../contract/contract-hash.js';
import type { Best, RegisteredModel } from '../state/registered-run.js';

/** Runs that failed in service and are remembered, per model. */
const MAX_FAILED = 50;

/** Runs that are looked at whatever their rank, per model. */
const MAX_IN_MIND = 20;

/** What a run is, so that a changed one can be told from it. */
export function runDigest(run: Run): string {
  return createHash('sha256').update(stringifyJson(run)).digest('hex').slice(0, 16);
}

/**
 * Writes down what happens to models, once for all replicas over a store: they see the same runs and come to the same
 * conclusions, and the first to write one down spares the others.
 */
@Injectable()
export class Chronicle {
  /** What this process has seen written, so that nothing is written (or even tried) at every look at the store. */
  private readonly seen = new WeakMap<RegisteredModel, Set<string>>();
  private readonly lastServed = new WeakMap<RegisteredModel, string>();

  constructor(private readonly states: StateStore) {}

  async read({ card }: RegisteredModel): Promise<ModelState> {
    return withoutOddContract(await this.states.read(card.name));
  }

  /** Has it written down and said again who serves, after a person let go of a pin. */
  forgetServed(model: RegisteredModel): void {
    this.lastServed.delete(model);
  }

  /** Ids of the runs that serve, are pinned, or may be rolled back to, as far as that is written down. */
  async idsInMind(model: string): Promise<string[]> {
    const { served, pin, history } = await this.states.read(model);
    const ids = history.filter(isTakeover).flatMap((event) => [event.run_id, event.previous_run_id]);
    return [...new Set([pin?.run_id, served?.run_id, ...ids])]
      .filter((id) => typeof id === 'string')
      .slice(0, MAX_IN_MIND);
  }

  /** Where the runs were found last that served the model by the policy's choice and a person's. */
  async lastPlaces(model: string): Promise<string[]> {
    const { served, pin } = await this.states.read(model);
    return [served?.place, pin?.place].filter((place) => place !== undefined);
  }

  /**
   * A run serves by the policy's choice.
   *
   * @param why  gives the sentence that `selection` gives too; called only when this process did not know it.
   * @returns why, and instead of which run; undefined when this process knew it.
   */
  async served(
    model: RegisteredModel,
    best: Best,
    why: () => string,
  ): Promise<Pick<HistoryEvent, 'reason' | 'previous_run_id'> | undefined> {
    const record = recordOf(best);
    const key = keyOf(record);
    if (this.lastServed.get(model) === key) return undefined;
    this.lastServed.set(model, key);
    this.seen.delete(model);
    const { pin } = model;
    let reason = why();
    let previousRunId: string | null = null;
    await this.states.update(model.card.name, (state) => {
      if (state.pin?.at !== pin?.at) {
        // A person has decided meanwhile, which is not to be written over: the next look comes to it.
        this.lastServed.delete(model);
        return state;
      }
      const before = withoutOddContract(state).served;
      // A pin serves without the policy's choosing: who served last is what took over last.
      const last = state.history.find(isTakeover);
      const lastRunId = last?.run_id ?? before?.run_id ?? null;
      const isOther = isOtherModel(before, record);
      if (lastRunId === record.run_id && !isOther) {
        if (before?.run_id === record.run_id && before.contract === record.contract) {
          const isMoved = before.place !== record.place || before.model_digest !== record.model_digest;
          return isMoved ? { ...state, served: { ...record, at: before.at } } : state;
        }
        // The policy stays with the run that a person had pinned.
        if (last?.contract === record.contract) return { ...state, served: record };
      }
      if (isOther) reason = `Its files hold another model now. ${reason}`;
      previousRunId = lastRunId;
      const event = this.event(before ? 'promoted' : 'served', best.served.run, reason);
      return withEvent({ ...state, served: record }, { ...event, previous_run_id: previousRunId });
    });
    return { reason, previous_run_id: previousRunId };
  }

  /** @returns false when this was known. */
  refused(model: RegisteredModel, run: Run, why: VerdictReason): Promise<boolean> {
    return this.note(model, 'refused', run, why);
  }

  /** @returns false when this was known. */
  loadFailed(model: RegisteredModel, run: Run, why: VerdictReason): Promise<boolean> {
    return this.note(model, 'load_failed', run, why);
  }

  /** The run failed, and its predecessor serves again. */
  async steppedBack(model: RegisteredModel, failing: Run, again: Best, sentence: string): Promise<void> {
    const event = { ...this.event('stepped_back', again.served.run, sentence), previous_run_id: failing.run_id };
    const record = recordOf(again);
    const failed = { run_id: failing.run_id, digest: runDigest(failing), reason: sentence };
    this.lastServed.set(model, keyOf(record));
    await this.states.update(model.card.name, (state) => {
      const others = state.failed.filter(({ run_id: id }) => id !== failed.run_id);
      return withEvent({ ...state, served: record, failed: [failed, ...others].slice(0, MAX_FAILED) }, event);
    });
  }

  /** A person chose a run. @param servedHere  run that served in this process, should nobody have written it down. */
  async pinned(
    model: RegisteredModel,
    run: Run,
    pin: Pick<Pin, 'reason' | 'by' | 'place'>,
    name: 'pinned' | 'rolled_back',
    servedHere: string | null,
  ): Promise<Pin> {
    const event = this.event(name, run, pin.reason, pin.by);
    const whole: Pin = { run_id: run.run_id, ...pin, at: event.at };
    await this.states.update(model.card.name, (state) => {
      // Who chooses a run that failed forgives it.
      const failed = state.failed.filter(({ run_id: id }) => id !== run.run_id);
      // Another server may have let another run serve, which this one has not come to yet.
      const previousRunId = state.history.find(isTakeover)?.run_id ?? servedHere;
      return withEvent({ ...state, pin: whole, failed }, { ...event, previous_run_id: previousRunId });
    });
    return whole;
  }

  /** The pinned run is found in another place than before. */
  async pinMoved(model: RegisteredModel, pin: Pin, place: string): Promise<void> {
    await this.states.update(model.card.name, (state) =>
      state.pin?.at === pin.at ? { ...state, pin: { ...state.pin, place } } : state,
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
    if (model.pin) this.lastServed.delete(model);
  }

  private async note(
    model: RegisteredModel,
    name: 'refused' | 'load_failed',
    run: Run,
    why: VerdictReason,
  ): Promise<boolean> {
    const seen = this.seen.get(model) ?? new Set<string>();
    this.seen.set(model, seen);
    const sentence = `${why.code}: ${why.message}`;
    const key = `${name} ${run.run_id} ${withoutFigures(sentence)}`;
    if (seen.has(key)) return false;
    seen.add(key);
    const servedId = model.best?.served.run.run_id ?? null;
    await this.states.update(model.card.name, (state) => {
      const isKnown = sinceServed(state).some(
        ({ event, run_id: id, reason }) =>
          event === name && id === run.run_id && withoutFigures(reason) === withoutFigures(sentence),
      );
      return isKnown ? state : withEvent(state, { ...this.event(name, run, sentence), previous_run_id: servedId });
    });
    return true;
  }

  private event(name: HistoryEventName, run: Run, reason: string, by = POLICY): HistoryEvent {
    const at = new Date().toISOString();
    const contract = contractHash(contractOf(run));
    return { at, event: name, run_id: run.run_id, previous_run_id: null, contract, reason, by };
  }
}

function recordOf({ registered, served }: Best): ServedRecord {
  const { run, contract } = served;
  const at = new Date().toISOString();
  const { place } = registered.sourced;
  return { run_id: run.run_id, at, contract, ...contractOf(run), place, model_digest: modelDigest(run) };
}

/** What makes a record news. */
function keyOf({ run_id: runId, contract, place, model_digest: digest }: ServedRecord): string {
  return JSON.stringify([runId, contract, place, digest]);
}

/** What the files of a run's model are, wherever they lie; undefined where nobody gave their digests. */
function modelDigest({ model: { format, sha256, files = [] } }: Run): string | undefined {
  if (sha256 === undefined) return undefined;
  const digests = [format, sha256, ...files.map((file) => file.sha256)];
  return createHash('sha256').update(digests.join(' ')).digest('hex').slice(0, 16);
}

/** Whether the run of that id has other weights than before, as far as that was written down. */
function isOtherModel(before: ServedRecord | undefined, after: ServedRecord): boolean {
  if (before?.run_id !== after.run_id) return false;
  const [was, is] = [before.model_digest, after.model_digest];
  return was !== undefined && is !== undefined && was !== is;
}

/** A served contract that cannot be compared, because somebody has edited the file, protects nobody; the rest counts. */
function withoutOddContract(state: ModelState): ModelState {
  const { served } = state;
  try {
    if (served) diffContracts(served, served);
    return state;
  } catch {
    return { ...state, served: undefined };
  }
}

/** A sentence without what is measured anew each time. */
function withoutFigures(sentence: string): string {
  return sentence.replace(/\d+(\.\d+)? ms\b/g, 'ms');
}

/** Events after the last change of the served run. */
function sinceServed({ history }: ModelState): readonly HistoryEvent[] {
  const last = history.findIndex((event) => !isAttempt(event));
  return last < 0 ? history : history.slice(0, last);
}
