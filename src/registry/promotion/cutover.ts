import { Injectable, Logger } from '@nestjs/common';

import { reason } from '../../domain/verdict.js';
import type { SourcedRun } from '../../sources/run-source.js';
import { Chronicle } from '../history/model-history.js';
import { Probation } from './bake-period.js';
import type { Best, RegisteredModel, RegisteredRun } from '../state/registered-run.js';
import { RegistryContents } from '../state/registry-state.js';
import type { ServedRun } from '../loading/loaded-run.js';

/**
 * The moment at which another run serves a model, and the minute after it: the run that took over is watched, its
 * predecessor kept in memory, and served again at once when the new one fails on real requests.
 */
@Injectable()
export class Takeovers {
  private readonly logger = new Logger(Takeovers.name);
  private readonly probations = new Map<RegisteredModel, Probation>();
  /** Why runs failed in service here: known at once, while the writing down takes its time. */
  private readonly failures = new WeakMap<SourcedRun, string>();

  constructor(
    private readonly contents: RegistryContents,
    private readonly chronicle: Chronicle,
  ) {}

  /** Nothing is watched any more; predecessors go with the process. */
  close(): void {
    for (const probation of this.probations.values()) probation.end({ keepPrevious: true });
    this.probations.clear();
  }

  /**
   * Lets another run serve: one synchronous step, before and after which every reader finds a run that answers. The old
   * run gives its memory back when all it has begun is answered; where the next is watched, when that is over.
   */
  swap(model: RegisteredModel, next: Best, { isWatched }: { readonly isWatched: boolean }): void {
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

  /** Takes a model out of service. What it has begun it finishes. */
  withdraw(model: RegisteredModel): void {
    this.confirm(model);
    const { best } = model;
    model.best = undefined;
    void best?.served.release();
    this.contents.tellChange();
  }

  /** The run that serves needs not be watched any longer. */
  confirm(model: RegisteredModel): void {
    this.probations.get(model)?.end();
    this.probations.delete(model);
  }

  /** The run, when it is kept in memory because it served a moment ago. */
  keptPrevious(model: RegisteredModel, { sourced }: RegisteredRun): ServedRun | undefined {
    const probation = this.probations.get(model);
    if (!probation || probation.isOver) return undefined;
    return probation.previous.registered.sourced === sourced ? probation.previous.served : undefined;
  }

  /** Why a run failed in service here; undefined when it did not, or is forgiven. */
  failureOf({ sourced }: RegisteredRun): string | undefined {
    return this.failures.get(sourced);
  }

  /** Somebody wants the run all the same. */
  forgive({ sourced }: RegisteredRun): void {
    this.failures.delete(sourced);
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
    this.failures.set(failing.registered.sourced, sentence);
    failing.registered.holdBack(reason('FAILED_IN_SERVICE', sentence));
    this.logger.error(
      `Model ${model.card.name} steps back from run ${failing.served.run.run_id} to ${again.served.run.run_id}: ${sentence}`,
    );
    const asFound = failing.registered.sourced.run ?? failing.served.run;
    await this.chronicle.steppedBack(model, asFound, again, sentence);
  }
}
