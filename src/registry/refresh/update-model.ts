import type { RegisteredModel } from '../state/registered-run.js';

/**
 * Updates everything of a model except the run that serves, in one step; that run is matched with its new registration.
 */
export function updateModel(
  model: RegisteredModel,
  { card, runs, unreadable }: Pick<RegisteredModel, 'card' | 'runs' | 'unreadable'>,
): RegisteredModel {
  const { best } = model;
  Object.assign(model, { card, runs, unreadable });
  if (!best || runs.includes(best.registered)) return model;
  const same = runs.find(({ sourceRun }) => sourceRun === best.registered.sourceRun);
  if (same) same.state = best.registered.state;
  const registered = same ?? (best.registered.card === card ? best.registered : best.registered.withCard(card));
  model.best = { registered, loaded: best.loaded };
  return model;
}
