import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';

import { ConfigModule } from '../../../src/config/config.module.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { createModelHost } from '../../../src/engines/pool/create-model-host.js';
import { ModelHost } from '../../../src/engines/model-host.js';
import { TrialHost } from '../../../src/engines/trial/trial-host.js';
import { ModelHistory } from '../../../src/registry/history/model-history.js';
import { PromotionService } from '../../../src/registry/promotion/promotion.service.js';
import { Preprocessor } from '../../../src/preprocessing/preprocessor.js';
import { RefreshService } from '../../../src/registry/refresh/refresh.service.js';
import { RetryService } from '../../../src/registry/retry.service.js';
import { RegistryModule } from '../../../src/registry/registry.module.js';
import type { RegisteredModel } from '../../../src/registry/state/registered-run.js';
import { RegistryState } from '../../../src/registry/state/registry-state.js';
import { LocalRunSource } from '../../../src/sources/local/local-run-source.js';
import { RunSource } from '../../../src/sources/run-source.js';
import { StateStore } from '../../../src/sources/state/state-store.js';
import type { TestStore } from '../stores/build-store.js';

/** A host for all registries of a test file; close it at the end. */
export function createTestHost(): ModelHost {
  return createModelHost({ threads: 1, maxQueuedPerModel: 10, maxBatchRows: 100, loadTimeoutMs: 10_000 });
}

/** The registry as a server has it, over a store, without HTTP: it looks at the store only when told. */
export class TestRegistry {
  readonly modelHistory: ModelHistory;
  readonly states: StateStore;
  private readonly registryState: RegistryState;
  private readonly promotions: PromotionService;
  private readonly refreshService: RefreshService;
  private readonly retries: RetryService;
  private readonly preprocessor: Preprocessor;

  private constructor(module: TestingModule) {
    this.modelHistory = module.get(ModelHistory, { strict: false });
    this.states = module.get(StateStore, { strict: false });
    this.registryState = module.get(RegistryState, { strict: false });
    this.promotions = module.get(PromotionService, { strict: false });
    this.refreshService = module.get(RefreshService, { strict: false });
    this.retries = module.get(RetryService, { strict: false });
    this.preprocessor = module.get(Preprocessor, { strict: false });
  }

  /**
   * @param source  the store's folder unless given.
   * @param trialHost  where runs are tried; in the threads that serve unless given.
   */
  static async start(
    store: TestStore,
    host: ModelHost,
    source: RunSource = new LocalRunSource(store.folder, { settleMs: 0 }),
    trialHost: TrialHost | null = null,
  ): Promise<TestRegistry> {
    const config = loadConfig({
      MODELS_DIR: store.folder,
      REFRESH_INTERVAL_MS: '0',
      TRIAL_PROCESS: 'false',
      MAX_STUCK_THREADS: '1',
      START_WAIT_MS: '3600000',
    });
    const module = await Test.createTestingModule({ imports: [ConfigModule.forRoot(config), RegistryModule] })
      .overrideProvider(RunSource)
      .useValue(source)
      .overrideProvider(ModelHost)
      .useValue(host)
      .overrideProvider(TrialHost)
      .useValue(trialHost)
      .compile();
    const registry = new TestRegistry(module);
    await registry.refreshService.start();
    return registry;
  }

  /** The model as it is known now. */
  model(name = 'adder'): RegisteredModel {
    return this.registryState.modelsByName.get(name)!;
  }

  /** The id of the run that serves a model. */
  servedBy(name = 'adder'): string | undefined {
    return this.model(name).best?.loaded.run.run_id;
  }

  /** Has a run tried again, as a person asks for it, and gives the id of the run that serves then. */
  async retry(runId: string, name = 'adder'): Promise<string | undefined> {
    await this.retries.forget(runId);
    return this.refresh(name);
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
    void this.preprocessor.close();
  }
}
