import type { JsonValue } from '../lib/json.js';
import type { FieldSchema, RowSchema } from '../domain/signature.js';
import { acceptsTexts } from '../domain/text-input.js';
import { ValidationError } from '../domain/validation-issue.js';
import type { ReadyModel } from '../registry/model-registry.service.js';

/**
 * Finds the model a bare row is meant for by the names of its fields: the one whose inputs hold all of them and most of
 * whose required ones are given. Names no model knows do not count (unknown fields are ignored everywhere). Where names
 * alone do not decide, models are left out that take a text (they have `POST /predict`) or lists and images (no bare row is
 * written by hand for those).
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
  const known = names.filter((name) => models.some((model) => Object.hasOwn(inputOf(model).properties, name)));
  const fitting = models.filter((model) => known.every((name) => Object.hasOwn(inputOf(model).properties, name)));
  const given = (model: ReadyModel) => (inputOf(model).required ?? []).filter((name) => known.includes(name)).length;
  const most = Math.max(0, ...fitting.map(given));
  const best = fitting.filter((model) => given(model) === most);
  const chosen = best.length > 1 ? best.filter((model) => takesScalars(inputOf(model))) : best;
  if (chosen.length === 1) return chosen[0]!;
  throw new ValidationError([ambiguity(models, source)], candidatesOf(models));
}

/** Models and their fields, for an answer that must help choose. */
export function candidatesOf(models: readonly ReadyModel[]): { candidates: JsonValue } {
  const entries = models.map((model) => [model.card.name, Object.keys(inputOf(model).properties)]);
  return { candidates: Object.fromEntries(entries) as JsonValue };
}

/** Whether a row of the model, unless it is but a text, has values as people type them. */
function takesScalars(input: RowSchema): boolean {
  const isTyped = ({ type, format }: FieldSchema) => ![type].flat().includes('array') && format !== 'image';
  return !acceptsTexts(input) && Object.values(input.properties).some(isTyped);
}

function inputOf(model: ReadyModel): RowSchema {
  return model.best.registered.run.signature.input;
}

function ambiguity(models: readonly ReadyModel[], source: 'query' | 'body') {
  const lists = models.map((model) => `${model.card.name} (${Object.keys(inputOf(model).properties).join(', ')})`);
  return { loc: [source], msg: `give the fields of one model: ${lists.join('; ')}`, type: 'value_error.model' };
}
