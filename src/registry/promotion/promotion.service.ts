import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';

import { contractOf } from '../../domain/contract.js';
import type { Contract } from '../../domain/contract.js';
import { EMPTY_STATE } from '../../domain/model-state.js';
import type { ModelState, Pin } from '../../domain/model-state.js';
import { RunError, reason, reasonText } from '../../domain/verdict.js';
import type { VerdictReason } from '../../domain/verdict.js';
import { ChallengerChecks } from './challenger-checks.js';
import { diffContracts } from '../contract/contract-diff.js';
import { hasContract, passContractGate } from '../contract/contract-gate.js';
import { ModelHistory, runDigest } from '../history/model-history.js';
import { championOf } from '../selection/champion.js';
import { whyServed } from '../selection/selection-reasons.js';
import { compareRuns, statusReasons } from '../policy/rank-runs.js';
import type { LoadedRun } from '../loading/loaded-run.js';
import type { RegisteredModel, RegisteredRun } from '../state/registered-run.js';
import { Cutover } from './cutover.js';

/**
 * Decides which run serves a model, by pin, policy and contract. Must be called for one model at a time.
 *
 * The challenger is loaded beside the champion, checked (`ChallengerChecks`), and takes over in one synchronous step
 * (`Cutover`); the champion finishes its pending predictions. When a check fails, nothing changes but the challenger's
 * verdict.
 */
@Injectable()
export class PromotionService implements BeforeApplicationShutdown {
  private readonly logger = new Logger(PromotionService.name);
  /** Models for which the log already says that no run can serve them. */
  private readonly loggedUnavailable = new WeakSet<RegisteredModel>();
  /** What was logged last of the run that serves each model. */
  private readonly loggedServed = new WeakMap<RegisteredModel, string>();

  constructor(
    private readonly checks: ChallengerChecks,
    private readonly cutover: Cutover,
    private readonly modelHistory: ModelHistory,
  ) {}

  beforeApplicationShutdown(): void {
    this.checks.close();
    this.cutover.close();
  }

  /**
   * Reconciles a model with the run that should serve it: the pinned one, else the best that may take over.
   *
   * @param isManual  whether a person waits: runs that the store could not provide a moment ago are tried again at
   *   once.
   */
  async reconcile(model: RegisteredModel, { isManual = false } = {}): Promise<void> {
    for (const registered of model.runs) registered.clearTransientFailure({ isManual });
    const state = await this.modelHistory.read(model);
    this.followState(model, state);
    const wasPinned = model.pin !== undefined;
    model.pin = state.pin;
    if (state.pin && (await this.followPin(model, state.pin))) return;
    // The served run is logged again: without the pin another run may serve, and a deleted state holds nothing.
    if ((wasPinned && !state.pin) || !state.served) this.modelHistory.forgetRecorded(model);
    if (!model.best) await this.resume(model, state);
    // A pin was removed, or another replica rolled back: the contract of the present run is not the one clients rely
    // on, and returning to the previous contract is allowed.
    const hasFailed = model.best !== undefined && this.failedInService(model.best.registered, state) !== undefined;
    const isUnpinned = wasPinned && !state.pin;
    const before = isUnpinned || hasFailed ? state.served : undefined;
    await this.followPolicy(model, state, { before, hasFailed });
  }

  /** What the state remembers of runs counts here too, whoever wrote it; and what it has forgotten does not any more. */
  private followState(model: RegisteredModel, state: ModelState): void {
    const tried = new Set(Object.values(state.trials).map(({ run_id: runId }) => runId));
    for (const registered of model.runs) {
      const failure = failureIn(state, registered);
      const isKnown = failure !== undefined || tried.has(registered.run.run_id);
      if (registered.isRejectedByState && !isKnown && !this.cutover.isBeingRecorded(registered)) {
        registered.clearFailures();
        this.cutover.clearFailure(registered);
      }
      const isActive = model.best?.registered === registered;
      if (failure?.held_back && !isActive) registered.reject(reason('FAILED_IN_SERVICE', failure.reason));
    }
  }

  /**
   * Serves a run because a person wants it, regardless of policy and contract.
   *
   * @throws RunError when it cannot be loaded or fails its examples; nothing has changed then.
   */
  async serve(model: RegisteredModel, registered: RegisteredRun): Promise<void> {
    if (model.best?.registered === registered) return this.cutover.confirm(model);
    const [against] = [...registered.sourceRun.reasons, ...statusReasons(registered.run)];
    if (against) throw toRunError(against);
    const previousRun = this.cutover.findPrevious(model, registered);
    const loaded = previousRun ?? (await this.checks.load(registered));
    registered.setRejection(undefined);
    this.cutover.clearFailure(registered);
    if (model.rejected?.run_id === registered.run.run_id) model.rejected = undefined;
    this.cutover.switchTo(model, { registered, loaded }, { withBakePeriod: false });
  }

  /** Takes a model out of service: it is gone from the store. Its pending predictions finish. */
  deactivate(model: RegisteredModel): void {
    this.cutover.deactivate(model);
  }

  private async followPin(model: RegisteredModel, pin: Pin): Promise<boolean> {
    const pinned = model.runs.find(({ run }) => run.run_id === pin.run_id);
    const isServed = model.best?.loaded.run.run_id === pin.run_id;
    if (pinned && pinned.sourceRun.location !== pin.place)
      await this.modelHistory.updatePinLocation(model, pin, pinned.sourceRun.location);
    // The run its folder holds now takes over; when that is broken or gone, the one in memory stays.
    if (isServed && (!pinned || pinned.brokenBy || pinned.sourceRun === model.best?.registered.sourceRun)) return true;
    if (!pinned || pinned.brokenBy) {
      const rejection = pinned ? reasonText(pinned.brokenBy!) : 'it is not in the store';
      if (!model.best)
        this.logger.warn(`Run ${pin.run_id}, pinned for ${model.card.name}, cannot be served: ${rejection}`);
      return false;
    }
    try {
      await this.serve(model, pinned);
      this.logger.log(`Model ${model.card.name} is served by run ${pin.run_id}, pinned by ${pin.by}: ${pin.reason}`);
      return true;
    } catch (error) {
      await this.checks.recordLoadFailure(model, pinned, error);
      return isServed;
    }
  }

  /** After a start: serves the run that served last, so that a better one must pass the usual checks against it. */
  private async resume(model: RegisteredModel, { served: last }: ModelState): Promise<void> {
    const registered = last && model.runs.find(({ run }) => run.run_id === last.run_id);
    const isTheSame =
      registered && (!hasContract(registered.run) || diffContracts(last, contractOf(registered.run)).length === 0);
    if (!isTheSame || !registered.isCandidate || registered === model.runs[0]) return;
    const loaded = await this.checks.tryToLoad(model, registered);
    if (loaded) this.cutover.switchTo(model, { registered, loaded }, { withBakePeriod: false });
  }

  /**
   * @param before  a contract that may be returned to, besides the served one.
   * @param hasFailed  whether any other run that can take over replaces the present one.
   */
  private async followPolicy(
    model: RegisteredModel,
    state: ModelState,
    { before, hasFailed }: { readonly before: Contract | undefined; readonly hasFailed: boolean },
  ): Promise<void> {
    const loaded = model.best && contractOf(model.best.loaded.run);
    const acceptedContracts = [loaded ?? state.served, before].filter((contract) => contract !== undefined);
    model.rejected = undefined;
    let firstRejected: RegisteredRun | undefined;
    for (const candidate of model.runs) {
      if (!candidate.isCandidate || (!hasFailed && this.mustKeepChampion(model, candidate))) break;
      candidate.setRejection(undefined);
      if (candidate.brokenBy) continue;
      if (await this.isRejected(model, candidate, state, acceptedContracts)) firstRejected ??= candidate;
      else if (await this.promote(model, candidate, acceptedContracts)) return this.recordServed(model);
      // Its contract is known since it was loaded.
      else if (candidate.verdict.reasons[0]?.code === 'CONTRACT_BREAKING') firstRejected ??= candidate;
    }
    if (!model.best && firstRejected) await this.serveAnyway(model, firstRejected);
    if (model.best) await this.recordServed(model);
    else if (!this.loggedUnavailable.has(model)) {
      this.loggedUnavailable.add(model);
      const { name } = model.card;
      this.logger.error(
        `Model ${name} has no run that can be served: requests for it are answered 503. GET /models/${name}/selection says why of each run`,
      );
    }
  }

  /** Whether a candidate is rejected, as far as known without loading it. */
  private async isRejected(
    model: RegisteredModel,
    candidate: RegisteredRun,
    state: ModelState,
    acceptedContracts: readonly Contract[],
  ): Promise<boolean> {
    const { differences, rejection: gateRejection } = passContractGate(candidate.run, acceptedContracts);
    const rejection = this.failedInService(candidate, state) ?? gateRejection;
    if (!rejection) return false;
    candidate.setRejection(rejection);
    if (differences.length > 0) model.rejected ??= { run_id: candidate.run.run_id, differences };
    // A failure in service is already in the history.
    if (rejection.code !== 'FAILED_IN_SERVICE') await this.checks.recordRejection(model, candidate, rejection);
    return true;
  }

  /** Whether the champion is at least as good as the candidate, and may stay. */
  private mustKeepChampion(model: RegisteredModel, candidate: RegisteredRun): boolean {
    if (model.best?.registered === candidate) return true;
    const champion = championOf(model);
    return champion !== undefined && compareRuns(champion, candidate.run, model.card.selection) <= 0;
  }

  private failedInService(registered: RegisteredRun, state: ModelState): VerdictReason | undefined {
    const sentence = this.cutover.failureOf(registered) ?? failureIn(state, registered)?.reason;
    return sentence === undefined ? undefined : reason('FAILED_IN_SERVICE', sentence);
  }

  /** @returns whether the candidate serves now. */
  private async promote(
    model: RegisteredModel,
    candidate: RegisteredRun,
    acceptedContracts: readonly Contract[],
  ): Promise<boolean> {
    const against = model.best?.loaded;
    if (against && !(await this.checks.checkBeforeLoad(model, candidate, against))) return false;
    const previousRun = this.cutover.findPrevious(model, candidate);
    const isIncomplete = !hasContract(candidate.run);
    const loaded = previousRun ?? (await this.checks.tryOnTrial(model, candidate));
    if (!loaded) return false;
    if (isIncomplete && (await this.isRejected(model, candidate, EMPTY_STATE, acceptedContracts))) {
      if (!previousRun) await loaded.release();
      return false;
    }
    if (!(await this.mayTakeOver(model, candidate, loaded, against))) {
      if (!previousRun) await loaded.release();
      return false;
    }
    // The bake period ended during the rehearsal and released the run: it is loaded again.
    if (previousRun && this.cutover.findPrevious(model, candidate) !== previousRun)
      return this.promote(model, candidate, acceptedContracts);
    this.cutover.switchTo(model, { registered: candidate, loaded }, { withBakePeriod: true });
    return true;
  }

  /** Passes the rehearsal where it is tried; then it is loaded where it serves, and has to be quick there. */
  private async mayTakeOver(
    model: RegisteredModel,
    candidate: RegisteredRun,
    loaded: LoadedRun,
    against: LoadedRun | undefined,
  ): Promise<boolean> {
    if (against && !(await this.checks.hasPassedRehearsal(model, candidate, { loaded, against }))) return false;
    if (!(await this.checks.hasStartedService(model, candidate, loaded))) return false;
    return !against || this.checks.isQuickEnough(model, candidate, { loaded, against });
  }

  /** At a start, when no run keeps the contract that served last: there is no compatible run to serve instead. */
  private async serveAnyway(model: RegisteredModel, candidate: RegisteredRun): Promise<void> {
    const loaded = await this.checks.tryToLoad(model, candidate);
    if (!loaded) return;
    this.logger.warn(
      `Model ${model.card.name}: no run keeps the contract that was served before; ` +
        `run ${candidate.run.run_id} serves anyway (${candidate.verdict.reasons[0]?.message ?? ''})`,
    );
    candidate.setRejection(undefined);
    this.cutover.switchTo(model, { registered: candidate, loaded }, { withBakePeriod: false });
  }

  private async recordServed(model: RegisteredModel): Promise<void> {
    const best = model.best!;
    const { registered, loaded } = best;
    this.loggedUnavailable.delete(model);
    const recorded = await this.modelHistory.recordServed(model, best, () => whyServed(model));
    if (!recorded) return;
    const { previous_run_id: previous } = recorded;
    const before = previous === null || previous === registered.run.run_id ? '' : ` instead of ${previous}`;
    const served = `is served by run ${registered.run.run_id}${before} (${loaded.backend}): ${recorded.reason}`;
    // What is recorded again, e.g. because a person decided meanwhile, is not told again.
    if (this.loggedServed.get(model) === served) return;
    this.loggedServed.set(model, served);
    this.logger.log(`Model ${model.card.name} ${served}`);
    const { warnings } = registered.verdict;
    if (warnings.length === 0) return;
    const text = warnings.map(reasonText).join(' ');
    this.logger.warn(`Run ${registered.run.run_id} of model ${model.card.name} serves with warnings: ${text}`);
  }
}

/** How the run, as it is now, failed in service, as far as recorded. */
function failureIn(
  { failed }: ModelState,
  { run, sourceRun }: RegisteredRun,
): ModelState['failed'][number] | undefined {
  const written = failed.find(({ run_id: runId }) => runId === run.run_id);
  // A digest takes a while, and nearly no run of many has failed.
  return written && written.digest === runDigest(sourceRun.run ?? run) ? written : undefined;
}

function toRunError({ code, message }: VerdictReason): RunError {
  return new RunError(code, message);
}
