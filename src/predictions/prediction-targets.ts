import { Injectable } from '@nestjs/common';

import type { RowSchema } from '../domain/signature.js';
import { ValidationError } from '../domain/validation-issue.js';
import type { JsonValue } from '../lib/json/json.js';
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

  /**
   * The inputs of all runs that a caller may mean: of a model those of all contracts, and of all models where the target
   * names neither a model nor a run, or none that is there.
   */
  inputsOf(target: PredictionTarget): ReadonlySet<RowSchema> {
    const inputs = new Set<RowSchema>();
    // Runs of one model have mostly the very same.
    for (const { run } of this.runsMeantBy(target)) inputs.add(run.signature.input);
    return inputs;
  }

  /** The inputs of the run that answers; undefined where only the body tells which it is, or none is there. */
  servedInputsOf(target: PredictionTarget): RowSchema | undefined {
    if (target.kind !== 'model' && target.kind !== 'run') return undefined;
    try {
      return this.resolve(target).run.signature.input;
    } catch {
      // What is wrong is told when the rows are to be predicted.
      return undefined;
    }
  }

  /** The models and their fields, for an answer that must help choose one. */
  listCandidates(): { candidates: JsonValue } {
    return candidatesOf(this.registry.listReadyModels());
  }

  private runsMeantBy(target: PredictionTarget): readonly RegisteredRun[] {
    try {
      if (target.kind === 'model') return this.registry.getModel(target.name).runs;
      if (target.kind === 'run') return [this.registry.getRun(target.runId)];
    } catch {
      // It is for `resolve` to say.
    }
    return this.registry.listRuns();
  }

  private resolveRun(runId: string, model: string | undefined): RegisteredRun {
    const registered = this.registry.getRun(runId);
    if (model === undefined || this.registry.getModel(model).card === registered.card) return registered;
    const msg = `this run belongs to the model ${registered.card.name}`;
    throw new ValidationError([{ loc: ['body', 'run_id'], msg, type: 'value_error' }]);
  }
}
