import type { ModelCard } from '../../../src/domain/card.js';
import type { ModelRegistryService } from '../../../src/registry/model-registry.service.js';
import { PredictionTimes } from '../../../src/registry/loading/prediction-times.js';
import { RegisteredRun } from '../../../src/registry/state/registered-run.js';
import type { RegisteredModel } from '../../../src/registry/state/registered-run.js';
import type { LoadedRun } from '../../../src/registry/loading/loaded-run.js';
import { sumRun } from '../stores/build-store.js';

/** A model `adder` with one run, as the registry would hold it; nothing is loaded. */
export function aRegisteredModel(runId = 'adder-1'): RegisteredModel & { best: NonNullable<RegisteredModel['best']> } {
  const card: ModelCard = {
    name: 'adder',
    title: 'Adder',
    description: 'Adds.',
    task: 'regression',
    selection: { metric: 'f1', goal: 'maximize' },
  };
  const run = sumRun(runId, '0'.repeat(64));
  const sourceRun = {
    location: `adder/runs/${runId}`,
    run,
    vocabularies: new Map(),
    reasons: [],
    open: () => Promise.resolve({ folder: '/nowhere' }),
  };
  const registered = new RegisteredRun(card, run, sourceRun);
  registered.rank = 1;
  registered.state = 'serving';
  const served = {
    run,
    contract: '0123456789abcdef',
    backend: 'fake',
    notes: [],
    onRequestFields: [],
    loadedAt: new Date(0),
    times: new PredictionTimes(),
    memory: { bytes: 0, copies: 1, shared: false },
  } as unknown as LoadedRun;
  return {
    card,
    runs: [registered],
    unreadable: [],
    best: { registered, loaded: served },
    pin: undefined,
    rejected: undefined,
  };
}

/** The registry with one model, for tests of one module alone. A method the test did not expect is absent, and throws. */
export function aFakeRegistry(overrides: Partial<ModelRegistryService> = {}): ModelRegistryService {
  const model = aRegisteredModel();
  const fake: Partial<ModelRegistryService> = {
    listModels: () => [model],
    listBrokenModels: () => [],
    listReadyModels: () => [model],
    listRuns: () => model.runs,
    getModel: () => model,
    getReadyModel: () => model,
    getDefaultModel: () => model,
    findDefaultModel: () => model,
    getRun: () => model.best.registered,
    isBest: () => true,
    findLoaded: () => model.best.loaded,
    modelMemory: { limitBytes: null, bytes: 0 },
    ...overrides,
  };
  return fake as ModelRegistryService;
}
