import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import { AppError } from '../domain/app-error.js';
import type { ErrorCode } from '../domain/app-error.js';
import { contractOf } from '../domain/contract.js';
import type { Contract } from '../domain/contract.js';
import { EMPTY_STATE } from '../domain/model-state.js';
import type { ModelState, Pin } from '../domain/model-state.js';
import { RunProblem, reason } from '../domain/verdict.js';
import type { VerdictReason } from '../domain/verdict.js';
import type { SourcedRun } from '../sources/run-source.js';
import { diffContracts } from './contract-diff.js';
import { hasContract, passContractGate } from './contract-gate.js';
import { Chronicle, runDigest } from './chronicle.js';
import { incumbentOf } from './incumbent.js';
import { Probation } from './probation.js';
import { compareRuns, statusReasons } from './rank-runs.js';
import type { Best, RegisteredModel, RegisteredRun } from './registered-run.js';
import { RegistryContents } from './registry-contents.js';
import { rehearse, requireSize } from './rehearsal.js';
import { RunLoader } from './run-loader.js';
import type { ServedRun } from './served-run.js';

/**
 * How a model moves from the run that serves it to the next. To be called for one model at a time.
 *
 * The next run is loaded beside the old one, proves itself, and takes over in one synchronous step; what the old one has
 * begun it finishes. If anything about the next one is not right, nothing has happened but a verdict.
 */
@Injectable()
export class PromotionService implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Promotion');
  private isStopping = false;
  private readonly probations = new Map<RegisteredModel, Probation>();
  /** Rehearsals that failed, by candidate: not repeated against the same served run under the same card. */
  private readonly failedRehearsals = new WeakMap<RegisteredRun, { against: ServedRun; why: VerdictReason }>();

  /** Runs that failed in service here: known at once, while the writing down takes its time. */
  private readonly failedHere = new WeakMap<SourcedRun, string>();

  constructor(
    private readonly loader: RunLoader,
    private readonly contents: RegistryContents,
    private readonly config: AppConfig,
    private readonly chronicle: Chronicle,
  ) {}

  beforeApplicationShutdown(): void {
    this.isStopping = true;
    for (const probation of this.probations.values()) probation.end({ keepPrevious: true });
    this.probations.clear();
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
    if (model.best?.registered === registered) return this.endProbation(model);
    const [against] = [...registered.sourced.reasons, ...statusReasons(registered.run)];
    if (against) throw problemOf(against);
    const kept = this.keptPrevious(model, registered);
    const served = kept ?? (await this.load(registered));
    registered.holdBack(undefined);
    this.failedHere.delete(registered.sourced);
    if (model.refused?.run_id === registered.run.run_id) model.refused = undefined;
    this.swap(model, { registered, served }, { isWatched: false });
  }

  /** Takes a model out of service: it is gone from the store. What it has begun it finishes. */
  withdraw(model: RegisteredModel): void {
    this.endProbation(model);
    const { best } = model;
    model.best = undefined;
    void best?.served.release();
    this.contents.tellChange();
  }

  private endProbation(model: RegisteredModel): void {
    this.probations.get(model)?.end();
    this.probations.delete(model);
  }

  private async followPin(model: RegisteredModel, pin: Pin): Promise<boolean> {
    const pinned = model.runs.find(({ run }) => run.run_id === pin.run_id);
    const isServed = model.best?.served.run.run_id === pin.run_id;
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
      await this.noteLoadFailure(model, pinned, error);
      return isServed;
    }
  }

  /** After a start: serves the run that was served last, so that a better one has to prove itself against it as ever. */
  private async resume(model: RegisteredModel, { served: last }: ModelState): Promise<void> {
    const registered = last && model.runs.find(({ run }) => run.run_id === last.run_id);
    const isTheSame =
      registered && (!hasContract(registered.run) || diffContracts(last, contractOf(registered.run)).length === 0);
    if (!isTheSame || !registered.isContender || registered === model.runs[0]) return;
    const served = await this.tryToLoad(model, registered);
    if (served) this.swap(model, { registered, served }, { isWatched: false });
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
    else this.logger.error(`Model ${model.card.name} has no run that can be served`);
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
    if (why.code !== 'FAILED_IN_SERVICE') await this.noteRefusal(model, candidate, why);
    return true;
  }

  /** Whether the run that serves is at least as good as the candidate, and may go on. */
  private isServedKept(model: RegisteredModel, candidate: RegisteredRun): boolean {
    if (model.best?.registered === candidate) return true;
    const incumbent = incumbentOf(model);
    return incumbent !== undefined && compareRuns(incumbent, candidate.run, model.card.selection) <= 0;
  }

  private failedInService({ run, sourced }: RegisteredRun, { failed }: ModelState): VerdictReason | undefined {
    const written = failed.find(({ run_id: runId }) => runId === run.run_id);
    const isTheSame = written !== undefined && written.digest === runDigest(sourced.run ?? run);
    const sentence = this.failedHere.get(sourced) ?? (isTheSame ? written.reason : undefined);
    return sentence === undefined ? undefined : reason('FAILED_IN_SERVICE', sentence);
  }

  /** @returns whether the candidate serves now. */
  private async promote(
    model: RegisteredModel,
    candidate: RegisteredRun,
    baselines: readonly Contract[],
  ): Promise<boolean> {
    const against = model.best?.served;
    const before = this.failedRehearsals.get(candidate);
    if (against && before?.against === against) {
      candidate.holdBack(before.why);
      return false;
    }
    const requireFit = () => requireSize(candidate.sourced, candidate.run, candidate.card.promotion ?? {});
    if (against && !(await this.passes(model, candidate, against, requireFit))) return false;
    const kept = this.keptPrevious(model, candidate);
    const isIncomplete = !hasContract(candidate.run);
    const served = kept ?? (await this.tryToLoad(model, candidate));
    if (!served) return false;
    if (isIncomplete && (await this.isHeldBack(model, candidate, EMPTY_STATE, baselines))) {
      if (!kept) await served.release();
      return false;
    }
    if (against && !(await this.passes(model, candidate, against, () => this.rehearse(candidate, served, against)))) {
      if (!kept) await served.release();
      return false;
    }
    // The minute for which it was kept went by during the rehearsal: it is loaded again.
    if (kept && this.keptPrevious(model, candidate) !== kept) return this.promote(model, candidate, baselines);
    this.swap(model, { registered: candidate, served }, { isWatched: true });
    return true;
  }

  /** Whether a candidate passes a part of the rehearsal; a failure is remembered against the run that serves. */
  private async passes(
    model: RegisteredModel,
    candidate: RegisteredRun,
    against: ServedRun,
    part: () => Promise<void>,
  ): Promise<boolean> {
    try {
      await part();
      return true;
    } catch (error) {
      this.requireOpen();
      const why = reasonOf(error, 'REHEARSAL_FAILED', 'The rehearsal could not be held.');
      candidate.holdBack(why);
      candidate.state = 'checked';
      if (!isOfTheMoment(error)) this.failedRehearsals.set(candidate, { against, why });
      await this.noteRefusal(model, candidate, why);
      return false;
    }
  }

  private async rehearse(candidate: RegisteredRun, loaded: ServedRun, served: ServedRun): Promise<void> {
    const { promotion: policy = {} } = candidate.card;
    const warnings = await rehearse(loaded, { served, policy, timeoutMs: this.config.predictionTimeoutMs });
    candidate.noteRehearsal(warnings);
  }

  /** At a start, when no run keeps the contract that was served last: there is nothing to protect it with. */
  private async serveAllTheSame(model: RegisteredModel, candidate: RegisteredRun): Promise<void> {
    const served = await this.tryToLoad(model, candidate);
    if (!served) return;
    this.logger.warn(
      `Model ${model.card.name}: no run keeps what was served before; ` +
        `run ${candidate.run.run_id} serves all the same (${candidate.verdict.reasons[0]?.message ?? ''})`,
    );
    candidate.holdBack(undefined);
    this.swap(model, { registered: candidate, served }, { isWatched: false });
  }

  /**
   * The moment of a promotion: one synchronous step, before and after which every reader finds a run that answers. The
   * old run gives its memory back when all it has begun is answered; on probation, when that is over.
   */
  private swap(model: RegisteredModel, next: Best, { isWatched }: { readonly isWatched: boolean }): void {
    const previous = model.best;
    const probation = this.probations.get(model);
    const isStepBack = probation?.previous.served === next.served;
    probation?.end({ keepPrevious: isStepBack });
    this.probations.delete(model);
    next.served.record.reset();
    // The store may have been read again while the run was loaded.
    const registered = model.runs.find(({ sourced }) => sourced === next.registered.sourced) ?? next.registered;
    registered.state = 'serving';
    const best = { registered, served: next.served };
    model.best = best;
    if (previous) {
      previous.registered.state = 'checked';
      if (isWatched) this.watch(model, best, previous);
      else void previous.served.release();
    }
    this.contents.tellChange();
  }

  private watch(model: RegisteredModel, next: Best, previous: Best): void {
    const onFailed = (failed: number, total: number) => {
      const sentence = `${failed} of its first ${total} predictions failed.`;
      void this.stepBack(model, next, previous, sentence).catch((error: unknown) =>
        this.logger.error(`The step back of model ${model.card.name} could not be written down`, error),
      );
    };
    this.probations.set(model, new Probation(next, previous, onFailed));
  }

  /** Serves the predecessor again, at once: it is still in memory. */
  private async stepBack(model: RegisteredModel, failing: Best, previous: Best, sentence: string): Promise<void> {
    if (model.best?.served !== failing.served) return;
    const registered = model.runs.find(({ sourced }) => sourced === previous.registered.sourced);
    const again = { registered: registered ?? previous.registered, served: previous.served };
    this.swap(model, again, { isWatched: false });
    this.failedHere.set(failing.registered.sourced, sentence);
    failing.registered.holdBack(reason('FAILED_IN_SERVICE', sentence));
    this.logger.error(
      `Model ${model.card.name} steps back from run ${failing.served.run.run_id} to ${again.served.run.run_id}: ${sentence}`,
    );
    const asFound = failing.registered.sourced.run ?? failing.served.run;
    await this.chronicle.steppedBack(model, asFound, again.served, sentence);
  }

  /** The run, when it is kept in memory because it served a moment ago. */
  private keptPrevious(model: RegisteredModel, { sourced }: RegisteredRun): ServedRun | undefined {
    const probation = this.probations.get(model);
    if (!probation || probation.isOver) return undefined;
    return probation.previous.registered.sourced === sourced ? probation.previous.served : undefined;
  }

  private async recordServed(model: RegisteredModel): Promise<void> {
    const { registered, served } = model.best!;
    const news = await this.chronicle.served(model, registered, served);
    if (!news) return;
    const before = news.previous_run_id === null ? '' : ` instead of ${news.previous_run_id}`;
    this.logger.log(
      `Model ${model.card.name} is served by run ${registered.run.run_id}${before} (${served.backend}): ${news.reason}`,
    );
    const { warnings } = registered.verdict;
    if (warnings.length === 0) return;
    const said = warnings.map(({ code, message }) => `${code}: ${message}`).join(' ');
    this.logger.warn(`Run ${registered.run.run_id} of model ${model.card.name} serves, but: ${said}`);
  }

  private async noteRefusal(model: RegisteredModel, candidate: RegisteredRun, why: VerdictReason): Promise<void> {
    this.requireOpen();
    if (!(await this.chronicle.refused(model, candidate.run, why))) return;
    this.logger.warn(
      `Run ${candidate.run.run_id} of model ${model.card.name} is held back: ${why.code}: ${why.message}`,
    );
  }

  private async noteLoadFailure(model: RegisteredModel, registered: RegisteredRun, error: unknown): Promise<void> {
    this.requireOpen();
    const isBusy = isOfTheMoment(error);
    const problem = isBusy ? TOO_BUSY : reasonOf(error, 'LOAD_FAILED', 'The run could not be loaded.');
    registered.reject(problem, { isOfTheMoment: isBusy });
    if (!(await this.chronicle.loadFailed(model, registered.run, problem))) return;
    this.logger.warn(`Run ${registered.run.run_id} is not eligible: ${problem.code}: ${problem.message}`, error);
  }

  /** What fails while the server ends is nobody's fault, and not to be written down. @throws AppError SHUTTING_DOWN. */
  private requireOpen(): void {
    if (this.isStopping) throw new AppError('SHUTTING_DOWN');
  }

  private async tryToLoad(model: RegisteredModel, registered: RegisteredRun): Promise<ServedRun | undefined> {
    try {
      return await this.load(registered);
    } catch (error) {
      await this.noteLoadFailure(model, registered, error);
      return undefined;
    }
  }

  private async load(registered: RegisteredRun): Promise<ServedRun> {
    const { state } = registered;
    registered.state = 'loading';
    try {
      const served = await this.loader.load(registered.sourced, registered.run);
      registered.learn(served);
      registered.noteLoaded();
      return served;
    } finally {
      registered.state = state;
    }
  }
}

/** Failures of the server rather than of the run. */
const OF_THE_MOMENT: ReadonlySet<ErrorCode> = new Set(['QUEUE_FULL', 'PREDICTION_TIMEOUT', 'WORKER_LOST']);

const TOO_BUSY = reason(
  'LOAD_FAILED',
  'The server was too busy to try the run, or it is too slow for PREDICTION_TIMEOUT_MS.',
  'Nothing need be done when the server was busy: the run is tried again by itself.',
);

/** Whether something was too busy, too slow or lost, which may be otherwise the next time. */
function isOfTheMoment(error: unknown): boolean {
  const cause = error instanceof RunProblem ? error.cause : error;
  return cause instanceof AppError && OF_THE_MOMENT.has(cause.code);
}

function reasonOf(error: unknown, code: 'LOAD_FAILED' | 'REHEARSAL_FAILED', sentence: string): VerdictReason {
  return error instanceof RunProblem ? reason(error.code, error.message) : reason(code, sentence);
}

function problemOf({ code, message }: VerdictReason): RunProblem {
  return new RunProblem(code, message);
}
