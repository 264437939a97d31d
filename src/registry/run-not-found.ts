import { AppError } from '../domain/app-error.js';
import { shorten } from '../lib/truncate.js';
import type { ModelRegistryService } from './model-registry.service.js';
import type { RegisteredModel } from './state/registered-run.js';

/** What to answer who names a run that a model does not have: perhaps another one has it, or its folder cannot be read. */
export function missingRun(
  registry: Pick<ModelRegistryService, 'listRuns'>,
  { card, unreadable }: RegisteredModel,
  runId: string,
): AppError {
  const facts = { model: card.name, runId: shorten(runId) };
  const elsewhere = registry.listRuns().find(({ run }) => run.run_id === runId);
  if (elsewhere) {
    return new AppError('RUN_NOT_OF_MODEL', { ...facts, reason: `it belongs to the model "${elsewhere.card.name}".` });
  }
  const why = unreadable.find(({ place }) => place.slice(place.lastIndexOf('/') + 1) === runId)?.reasons[0];
  if (why) return new AppError('RUN_NOT_OF_MODEL', { ...facts, reason: `${why.code}: ${why.message} ${why.fix}` });
  return new AppError('RUN_NOT_FOUND', facts);
}
