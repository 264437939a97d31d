import { Injectable, Logger } from '@nestjs/common';

import type { SourceModel } from '../../sources/run-source.js';
import type { RegisteredModel, RegisteredRun } from './registered-run.js';

/** What is known at this moment. Read through `ModelRegistryService`; written by what keeps it up to date. */
@Injectable()
export class RegistryState {
  private readonly logger = new Logger(RegistryState.name);
  private readonly listeners: (() => void)[] = [];
  private isScheduled = false;
  /** The default one first, then by name. */
  models: readonly RegisteredModel[] = [];
  /** Models whose card cannot be used. */
  brokenModels: readonly SourceModel[] = [];
  modelsByName: ReadonlyMap<string, RegisteredModel> = new Map();
  runsById: ReadonlyMap<string, RegisteredRun> = new Map();

  /** Takes what was found in the store, in one step. */
  replace(models: readonly RegisteredModel[], brokenModels: readonly SourceModel[]): void {
    this.models = models;
    this.brokenModels = brokenModels;
    this.modelsByName = new Map(models.map((model) => [model.card.name, model]));
    const runs = models.flatMap((model) => model.runs);
    this.runsById = new Map(runs.map((registered) => [registered.run.run_id, registered]));
  }

  /** Calls `listener` after each change of what is served: another run, another card, a model more or less. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Tells the listeners, once for all changes of one turn. One that fails keeps none of the others from hearing. */
  notifyChange(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      for (const listener of this.listeners) {
        try {
          listener();
        } catch (error) {
          this.logger.error('What depends on the served runs could not be updated', error);
        }
      }
    });
  }
}
