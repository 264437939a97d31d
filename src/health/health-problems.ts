import type { ModelRegistryService } from '../registry/model-registry.service.js';
import { unservedReason } from '../registry/unserved-reason.js';
import type { HealthProblemDto, HealthProblemPart } from './dto/health.dto.js';

/** What of the registry may be wrong. */
type Registry = Pick<
  ModelRegistryService,
  'computeProblem' | 'listModels' | 'listReadyModels' | 'listBrokenModels' | 'stateProblem' | 'whyNotReady'
>;

/** A source as it was read last. */
interface Source {
  readonly source: string;
  readonly problem: string | null;
}

/** Everything that is not as it should be, each with its reason: the server is degraded while there is any. */
export function listProblems(registry: Registry, sources: readonly Source[]): HealthProblemDto[] {
  return [
    ...problemOf('threads', null, registry.computeProblem),
    ...storeProblems(registry),
    ...registry
      .listModels()
      .filter(({ best }) => best === undefined)
      .map((model) => ({ part: 'model' as const, name: model.card.name, message: unservedReason(model) })),
    ...registry
      .listBrokenModels()
      .flatMap(({ location, issues }) => issues.map((message) => ({ part: 'card' as const, name: location, message }))),
    ...sources.flatMap(({ source, problem }) => problemOf('source', source, problem)),
    ...problemOf('state', null, registry.stateProblem),
  ];
}

/** What no single model or card stands for: that there is none, or not the default one. */
function storeProblems(registry: Registry): HealthProblemDto[] {
  const hasModels = registry.listModels().length + registry.listBrokenModels().length > 0;
  const hasReason = hasModels && registry.listReadyModels().length === 0;
  return hasReason ? [] : problemOf('store', null, registry.whyNotReady);
}

function problemOf(part: HealthProblemPart, name: string | null, message?: string | null): HealthProblemDto[] {
  return message === undefined || message === null ? [] : [{ part, name, message }];
}
