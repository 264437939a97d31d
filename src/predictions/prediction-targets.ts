import { Injectable } from '@nestjs/common';

import { ValidationError } from '../domain/validation-issue.js';
import type { JsonValue } from '../lib/json.js';
import { ModelRegistryService } from '../registry/model-registry.service.js';
import type { RegisteredRun } from '../registry/state/registered-run.js';
import { candidatesOf, chooseModel } from './choose-model.js';

/** What a caller wants to predict with. */
export type PredictionTarget =
  /** The best run of the default model. */
  | { readonly kind: 'default' }
  /** The best run of a model. */
  | { readonly kind: 'model'; readonly name: string }
  /** Any run; when a model is named too it must be the run's. */
  | { readonly kind: 'run'; readonly runId: string; readonly model?: string }
  /** The best run of the model whose inputs have these fields. */
  | { readonly kind: 'fields'; readonly names: readonly string[]; readonly source: 'body' | 'query' };

/** Finds the run a caller wants to predict with. */
@Injectable()
export class PredictionTargets {
  constructor(private readonly registry: ModelRegistryService) {}

  /**
   * @throws AppError MODEL_NOT_FOUND, MODEL_NOT_READY, RUN_NOT_FOUND, NOTHING_TO_SERVE.
   * @throws ValidationError when a run is not of the model that is named with it, or fields fit no single model.
   */
  resolve(target: PredictionTarget): RegisteredRun {
    switch (target.kind) {
      case 'default':
        return this.registry.getDefaultModel().best.registered;
      case 'model':
        return this.registry.getReadyModel(target.name).best.registered;
      case 'run':
        return this.resolveRun(target.runId, target.model);
      case 'fields':
        return chooseModel(this.registry.requireServedModels(), target.names, target.source).best.registered;
    }
  }

  /** The run, if it is there and may be asked; why it is not is for `resolve` to say. */
  find(target: PredictionTarget): RegisteredRun | undefined {
    try {
      return this.resolve(target);
    } catch {
      return undefined;
    }
  }

  /** The models and their fields, for an answer that must help choose one. */
  listCandidates(): { candidates: JsonValue } {
    return candidatesOf(this.registry.listReadyModels());
  }

  private resolveRun(runId: string, model: string | undefined): RegisteredRun {
    const registered = this.registry.getRun(runId);
    if (model === undefined || this.registry.getModel(model).card === registered.card) return registered;
    const msg = `this run belongs to the model ${registered.card.name}`;
    throw new ValidationError([{ loc: ['body', 'run_id'], msg, type: 'value_error' }]);
  }
}
