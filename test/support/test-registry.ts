import { loadConfig } from '../../src/config/load-config.js';
import { createModelHost } from '../../src/engines/pool/create-model-host.js';
import type { ModelHost } from '../../src/engines/model-host.js';
import { ModelHistory } from '../../src/registry/history/model-history.js';
import { PromotionService } from '../../src/registry/promotion/promotion.service.js';
import { RefreshService } from '../../src/registry/refresh/refresh.service.js';
import type { RegisteredModel } from '../../src/registry/state/registered-run.js';
import { RegistryState } from '../../src/registry/state/registry-state.js';
import { RunLoader } from '../../src/registry/loading/run-loader.js';
import { LocalRunSource } from '../../src/sources/local/local-run-source.js';
import { LocalStateStore } from '../../src/sources/state/local-state-store.js';
import type { RunSource } from '../../src/sources/run-source.js';
import type { StateStore } from '../../src/sources/state/state-store.js';
import type { TestStore } from './build-store.js';

/** A host for all registries of a test file; close it at the end. */
export function createTestHost(): ModelHost {
  return createModelHost({ threads: 1, maxQueuedPerModel: 10, maxBatchRows: 100, loadTimeoutMs: 10_000 });
}

/** The registry as a server has it, over a store, without HTTP: it looks at the store only when told. */
export class TestRegistry {
  private constructor(
    private readonly registryState: RegistryState,
    private readonly promotions: PromotionService,
    private readonly refreshService: RefreshService,
    readonly modelHistory: ModelHistory,
    readonly states: StateStore,
  ) {}

  /** @param source  the store's folder unless given. */
  static async start(
    store: TestStore,
    host: ModelHost,
    source: RunSource = new LocalRunSource(store.folder, 0),
  ): Promise<TestRegistry> {
    const config = loadConfig({ MODELS_DIR: store.folder, REFRESH_INTERVAL_MS: '0' });
    const registryState = new RegistryState();
    const states = new LocalStateStore(store.folder);
    const modelHistory = new ModelHistory(states);
    const promotions = new PromotionService(new RunLoader(host, config), registryState, config, modelHistory);
    const refreshService = new RefreshService(source, registryState, promotions, modelHistory, config);
    await refreshService.onModuleInit();
    return new TestRegistry(registryState, promotions, refreshService, modelHistory, states);
  }

  /** The model as it is known now. */
  model(name = 'adder'): RegisteredModel {
    return this.registryState.modelsByName.get(name)!;
  }

  /** The id of the run that serves a model. */
  servedBy(name = 'adder'): string | undefined {
    return this.model(name).best?.loaded.run.run_id;
  }

  /** Looks at the store, and gives the id of the run that serves then. */
  async refresh(name = 'adder'): Promise<string | undefined> {
    await this.refreshService.refresh();
    return this.servedBy(name);
  }

  /** Pins a run as a person does. */
  async pin(runId: string, name = 'adder'): Promise<void> {
    const model = this.model(name);
    const registered = model.runs.find(({ run }) => run.run_id === runId)!;
    await this.promotions.serve(model, registered);
    const previous = this.servedBy(name) ?? null;
    model.pin = await this.modelHistory.pinned(
      model,
      registered.run,
      { reason: 'Test.', by: 'Ada' },
      'pinned',
      previous,
    );
  }

  /** Takes the pin off. */
  async unpin(name = 'adder'): Promise<void> {
    const model = this.model(name);
    await this.modelHistory.unpinned(model, 'Ada');
    await this.promotions.reconcile(model);
  }

  close(): void {
    this.refreshService.beforeApplicationShutdown();
    this.promotions.beforeApplicationShutdown();
  }
}
