import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';

import { contractOf } from '../../domain/contract.js';
import type { Contract } from '../../domain/contract.js';
import { EMPTY_STATE } from '../../domain/model-state.js';
import type { ModelState, Pin } from '../../domain/model-state.js';
import { RunProblem, reason } from '../../domain/verdict.js';
import type { VerdictReason } from '../../domain/verdict.js';
import { CandidateTrials } from './candidate-checks.js';
import { diffContracts } from '../contract/contract-diff.js';
import { hasContract, passContractGate } from '../contract/contract-gate.js';
import { Chronicle, runDigest } from '../history/model-history.js';
import { incumbentOf } from '../selection/champion.js';
import { whyServed } from '../selection/explain-selection.js';
import { compareRuns, statusReasons } from '../policy/rank-runs.js';
import type { RegisteredModel, RegisteredRun } from '../state/registered-run.js';
import { Takeovers } from './cutover.js';

/**
 * Which run a model is to be served with, by pin, policy and contract. To be called for one model at a time.
 *
 * The next run is loaded beside the old one, proves itself (`CandidateTrials`), and takes over in one synchronous step
 * (`Takeovers`); what the old one has begun it finishes. If anything about the next one is not right, nothing has happened
 * but a verdict.
 */
@Injectable()
export class PromotionService implements BeforeApplicationShutdown {
  private readonly logger = new Logger(PromotionService.name);
  /** Models of which the log says already that nothing can serve them. */
  private readonly toldUnserved = new WeakSet<RegisteredModel>();

  constructor(
    private readonly trials: CandidateTrials,
    private readonly takeovers: Takeovers,
    private readonly chronicle: Chronicle,
  ) {}

  beforeApplicationShutdown(): void {
    this.trials.close();
    this.takeovers.close();
  }

  /**
   * Brings a model to the run it should be served with: the pinned one, else the best that may take over.
   *
   * @param isAsked  whether a person waits: runs that the store could not give a moment ago are tried again at once.
   */
  async settle(model: RegisteredModel, { isAsked = false } = {}): Promise<void> {
    for (const registered of model.runs) registered.forgetPassingFailure({ isAsked });
    const state = await this.chronicle.read(model);
    const wasPinned = model.pin !== undefined;
    model.pin = state.pin;
    if (state.pin && (await this.followPin(model, state.pin))) return;
    // Told again who serves: a pin that is gone let another one serve, and a state that somebody deleted knows nothing.
    if ((wasPinned && !state.pin) || !state.served) this.chronicle.forgetServed(model);
    if (!model.best) await this.resume(model, state);
    // A person let go of the pin, or another server stepped back from the run: what serves now is not what clients are to
    // rely on, and the way back to what served before is open.
    const hasFailed = model.best !== undefined && this.failedInService(model.best.registered, state) !== undefined;
    const isUnpinned = wasPinned && !state.pin;
    const before = isUnpinned || hasFailed ? state.served : undefined;
    await this.followPolicy(model, state, { before, hasFailed });
  }

  /**
   * Serves a run because a person wants it, whatever policy and contract say.
   *
   * @throws RunProblem when it cannot be loaded or fails its examples; nothing has changed then.
   */
  async serve(model: RegisteredModel, registered: RegisteredRun): Promise<void> {
    if (model.best?.registered === registered) return this.takeovers.confirm(model);
    const [against] = [...registered.sourced.reasons, ...statusReasons(registered.run)];
    if (against) throw problemOf(against);
    const kept = this.takeovers.keptPrevious(model, registered);
    const served = kept ?? (await this.trials.load(registered));
    registered.holdBack(undefined);
    this.takeovers.forgive(registered);
    if (model.refused?.run_id === registered.run.run_id) model.refused = undefined;
    this.takeovers.swap(model, { registered, served }, { isWatched: false });
  }

  /** Takes a model out of service: it is gone from the store. What it has begun it finishes. */
  withdraw(model: RegisteredModel): void {
    this.takeovers.withdraw(model);
  }

  private async followPin(model: RegisteredModel, pin: Pin): Promise<boolean> {
    const pinned = model.runs.find(({ run }) => run.run_id === pin.run_id);
    const isServed = model.best?.served.run.run_id === pin.run_id;
    if (pinned && pinned.sourced.place !== pin.place) await this.chronicle.pinMoved(model, pin, pinned.sourced.place);
    // What its folder holds now takes over; when that is broken, or gone, what is in memory goes on.
    if (isServed && (!pinned || pinned.brokenBy || pinned.sourced === model.best?.registered.sourced)) return true;
    if (!pinned || pinned.brokenBy) {
      const why = pinned ? `${pinned.brokenBy!.code}: ${pinned.brokenBy!.message}` : 'it is not in the store';
      if (!model.best) this.logger.warn(`Run ${pin.run_id}, pinned for ${model.card.name}, cannot be served: ${why}`);
      return false;
    }
    try {
      await this.serve(model, pinned);
      this.logger.log(`Model ${model.card.name} is served by run ${pin.run_id}, pinned by ${pin.by}: ${pin.reason}`);
      return true;
    } catch (error) {
      await this.trials.noteLoadFailure(model, pinned, error);
      return isServed;
    }
  }

  /** After a start: serves the run that was served last, so that a better one has to prove itself against it as ever. */
  private async resume(model: RegisteredModel, { served: last }: ModelState): Promise<void> {
    const registered = last && model.runs.find(({ run }) => run.run_id === last.run_id);
    const isTheSame =
      registered && (!hasContract(registered.run) || diffContracts(last, contractOf(registered.run)).length === 0);
    if (!isTheSame || !registered.isContender || registered === model.runs[0]) return;
    const served = await this.trials.tryToLoad(model, registered);
    if (served) this.takeovers.swap(model, { registered, served }, { isWatched: false });
  }

  /**
   * @param before  a contract that may be gone back to, besides the one that is served.
   * @param hasFailed  whether the run that serves is to go when any other can take over.
   */
  private async followPolicy(
    model: RegisteredModel,
    state: ModelState,
    { before, hasFailed }: { readonly before: Contract | undefined; readonly hasFailed: boolean },
  ): Promise<void> {
    const served = model.best && contractOf(model.best.served.run);
    const baselines = [served ?? state.served, before].filter((contract) => contract !== undefined);
    model.refused = undefined;
    let firstRefused: RegisteredRun | undefined;
    for (const candidate of model.runs) {
      if (!candidate.isContender || (!hasFailed && this.isServedKept(model, candidate))) break;
      candidate.holdBack(undefined);
      if (candidate.brokenBy) continue;
      if (await this.isHeldBack(model, candidate, state, baselines)) firstRefused ??= candidate;
      else if (await this.promote(model, candidate, baselines)) return this.recordServed(model);
      // Loading it has told what its contract is.
      else if (candidate.verdict.reasons[0]?.code === 'CONTRACT_BREAKING') firstRefused ??= candidate;
    }
    if (!model.best && firstRefused) await this.serveAllTheSame(model, firstRefused);
    if (model.best) await this.recordServed(model);
    else if (!this.toldUnserved.has(model)) {
      this.toldUnserved.add(model);
      this.logger.error(`Model ${model.card.name} has no run that can be served`);
    }
  }

  /** Whether something speaks against a run that might serve, as far as that is known without loading it. */
  private async isHeldBack(
    model: RegisteredModel,
    candidate: RegisteredRun,
    state: ModelState,
    baselines: readonly Contract[],
  ): Promise<boolean> {
    const { differences, why: breaking } = passContractGate(candidate.run, baselines);
    const why = this.failedInService(candidate, state) ?? breaking;
    if (!why) return false;
    candidate.holdBack(why);
    if (differences.length > 0) model.refused ??= { run_id: candidate.run.run_id, differences };
    // That a run failed in service is in the history since it did.
    if (why.code !== 'FAILED_IN_SERVICE') await this.trials.noteRefusal(model, candidate, why);
    return true;
  }

  /** Whether the run that serves is at least as good as the candidate, and may go on. */
  private isServedKept(model: RegisteredModel, candidate: RegisteredRun): boolean {
    if (model.best?.registered === candidate) return true;
    const incumbent = incumbentOf(model);
    return incumbent !== undefined && compareRuns(incumbent, candidate.run, model.card.selection) <= 0;
  }

  private failedInService(registered: RegisteredRun, { failed }: ModelState): VerdictReason | undefined {
    const { run, sourced } = registered;
    const written = failed.find(({ run_id: runId }) => runId === run.run_id);
    const isTheSame = written !== undefined && written.digest === runDigest(sourced.run ?? run);
    const sentence = this.takeovers.failureOf(registered) ?? (isTheSame ? written.reason : undefined);
    return sentence === undefined ? undefined : reason('FAILED_IN_SERVICE', sentence);
  }

  /** @returns whether the candidate serves now. */
  private async promote(
    model: RegisteredModel,
    candidate: RegisteredRun,
    baselines: readonly Contract[],
  ): Promise<boolean> {
    const against = model.best?.served;
    if (against && !(await this.trials.isWorthLoading(model, candidate, against))) return false;
    const kept = this.takeovers.keptPrevious(model, candidate);
    const isIncomplete = !hasContract(candidate.run);
    const served = kept ?? (await this.trials.tryToLoad(model, candidate));
    if (!served) return false;
    if (isIncomplete && (await this.isHeldBack(model, candidate, EMPTY_STATE, baselines))) {
      if (!kept) await served.release();
      return false;
    }
    if (against && !(await this.trials.standsRehearsal(model, candidate, { loaded: served, against }))) {
      if (!kept) await served.release();
      return false;
    }
    // The minute for which it was kept went by during the rehearsal: it is loaded again.
    if (kept && this.takeovers.keptPrevious(model, candidate) !== kept)
      return this.promote(model, candidate, baselines);
    this.takeovers.swap(model, { registered: candidate, served }, { isWatched: true });
    return true;
  }

  /** At a start, when no run keeps the contract that was served last: there is nothing to protect it with. */
  private async serveAllTheSame(model: RegisteredModel, candidate: RegisteredRun): Promise<void> {
    const served = await this.trials.tryToLoad(model, candidate);
    if (!served) return;
    this.logger.warn(
      `Model ${model.card.name}: no run keeps what was served before; ` +
        `run ${candidate.run.run_id} serves all the same (${candidate.verdict.reasons[0]?.message ?? ''})`,
    );
    candidate.holdBack(undefined);
    this.takeovers.swap(model, { registered: candidate, served }, { isWatched: false });
  }

  private async recordServed(model: RegisteredModel): Promise<void> {
    const best = model.best!;
    const { registered, served } = best;
    this.toldUnserved.delete(model);
    const news = await this.chronicle.served(model, best, () => whyServed(model));
    if (!news) return;
    const { previous_run_id: previous } = news;
    const before = previous === null || previous === registered.run.run_id ? '' : ` instead of ${previous}`;
    this.logger.log(
      `Model ${model.card.name} is served by run ${registered.run.run_id}${before} (${served.backend}): ${news.reason}`,
    );
    const { warnings } = registered.verdict;
    if (warnings.length === 0) return;
    const said = warnings.map(({ code, message }) => `${code}: ${message}`).join(' ');
    this.logger.warn(`Run ${registered.run.run_id} of model ${model.card.name} serves, but: ${said}`);
  }
}

function problemOf({ code, message }: VerdictReason): RunProblem {
  return new RunProblem(code, message);
}
