import { AppError } from '../domain/app-error.js';
import { truncate } from '../lib/truncate.js';
import type { ModelRegistryService } from './model-registry.service.js';
import type { RegisteredModel } from './state/registered-run.js';

/** What to answer who names a run that a model does not have: perhaps another one has it, or its folder cannot be read. */
export function runNotFound(
  registry: Pick<ModelRegistryService, 'listRuns'>,
  { card, unreadable }: RegisteredModel,
  runId: string,
): AppError {
  const details = { model: card.name, runId: truncate(runId) };
  const other = registry.listRuns().find(({ run }) => run.run_id === runId);
  if (other) {
    return new AppError('RUN_NOT_OF_MODEL', { ...details, reason: `it belongs to the model "${other.card.name}".` });
  }
  const verdictReason = unreadable.find(({ location }) => location.slice(location.lastIndexOf('/') + 1) === runId)
    ?.reasons[0];
  if (verdictReason)
    return new AppError('RUN_NOT_OF_MODEL', {
      ...details,
      reason: `${verdictReason.code}: ${verdictReason.message} ${verdictReason.fix}`,
    });
  return new AppError('RUN_NOT_FOUND', details);
}
