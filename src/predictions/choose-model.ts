import type { JsonValue } from '../lib/json/json.js';
import { inputsMeantBy } from '../domain/input/choose-input.js';
import type { RowSchema } from '../domain/signature.js';
import { ValidationError } from '../domain/validation-issue.js';
import type { ReadyModel } from '../registry/model-registry.service.js';

/**
 * Finds the model a bare row is meant for by the names of its fields (`inputsMeantBy`).
 *
 * @param names  fields of the row.
 * @param source  where the row came from, for the place of the problem.
 * @throws ValidationError that lists the candidates and their fields when two models fit equally well, or none does.
 */
export function chooseModel(
  models: readonly ReadyModel[],
  names: readonly string[],
  source: 'query' | 'body',
): ReadyModel {
  const [chosen, ...others] = inputsMeantBy(models.map(inputOf), names);
  const model = models.find((one) => inputOf(one) === chosen);
  if (model && others.length === 0) return model;
  throw new ValidationError([notUnique(models, source)], candidatesOf(models));
}

/** Models and their fields, for an answer that must help choose. */
export function candidatesOf(models: readonly ReadyModel[]): { candidates: JsonValue } {
  const entries = models.map((model) => [model.card.name, Object.keys(inputOf(model).properties)]);
  return { candidates: Object.fromEntries(entries) as JsonValue };
}

function inputOf(model: ReadyModel): RowSchema {
  return model.best.registered.run.signature.input;
}

function notUnique(models: readonly ReadyModel[], source: 'query' | 'body') {
  const lists = models.map((model) => `${model.card.name} (${Object.keys(inputOf(model).properties).join(', ')})`);
  return { loc: [source], msg: `give the fields of one model: ${lists.join('; ')}`, type: 'value_error.model' };
}
