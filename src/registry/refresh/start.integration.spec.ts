import { Test } from '@nestjs/testing';

import { createTestHost } from '../../../test/support/registry/test-registry.js';
import { TestStore } from '../../../test/support/stores/build-store.js';
import { until } from '../../../test/support/until.js';
import { ConfigModule } from '../../config/config.module.js';
import { loadConfig } from '../../config/load-config.js';
import { ModelHost } from '../../engines/model-host.js';
import { LocalRunSource } from '../../sources/local/local-run-source.js';
import { RunSource } from '../../sources/run-source.js';
import type { SourceModel, SourceRun } from '../../sources/run-source.js';
import { ModelRegistryService } from '../model-registry.service.js';
import { RegistryModule } from '../registry.module.js';
import { isLoadingRun } from '../state/registered-run.js';
import { RefreshService } from './refresh.service.js';

/** The files of some models are given when the test says so. */
class SlowFiles extends RunSource {
  readonly held = new Map<string, () => void>();
  isHeld = (_location: string) => false;

  constructor(private readonly files: RunSource) {
    super();
  }

  get description() {
    return this.files.description;
  }

  get statuses() {
    return this.files.statuses;
  }

  async listModels(): Promise<SourceModel[]> {
    const models = await this.files.listModels();
    return models.map((model) => ({ ...model, runs: model.runs.map((run) => this.slow(run)) }));
  }

  private slow(run: SourceRun): SourceRun {
    const { location, open } = run;
    if (!this.isHeld(location)) return run;
    return { ...run, open: () => new Promise<void>((go) => this.held.set(location, go)).then(open) };
  }
}

describe('the start', () => {
  const host = createTestHost();
  let store: TestStore;
  let source: SlowFiles;
  let refreshService: RefreshService;
  let registry: ModelRegistryService;
  afterAll(() => host.close());
  beforeEach(() => {
    store = new TestStore().addModel('adder').addRun('adder', 'adder-1').addModel('slow').addRun('slow', 'slow-1');
    source = new SlowFiles(new LocalRunSource(store.folder, { settleMs: 0 }));
  });
  afterEach(() => {
    refreshService.beforeApplicationShutdown();
    store.remove();
  });

  const start = async (environment: Record<string, string> = {}) => {
    const config = loadConfig({ MODELS_DIR: store.folder, REFRESH_INTERVAL_MS: '0', ...environment });
    const module = await Test.createTestingModule({ imports: [ConfigModule.forRoot(config), RegistryModule] })
      .overrideProvider(RunSource)
      .useValue(source)
      .overrideProvider(ModelHost)
      .useValue(host)
      .compile();
    module.useLogger(false);
    refreshService = module.get(RefreshService, { strict: false });
    registry = module.get(ModelRegistryService, { strict: false });
    await refreshService.start();
  };
  const states = () => registry.listModels().map(({ card, best }) => [card.name, best?.loaded.run.run_id]);

  it('waits for every model', async () => {
    await start({ START_WAIT_MS: '3600000' });

    expect(states()).toEqual([
      ['adder', 'adder-1'],
      ['slow', 'slow-1'],
    ]);
  });

  it('goes on without a model that is still loading after the wait, and serves it when it is there', async () => {
    source.isHeld = (location) => location.startsWith('slow/');
    // The good one must be ready when the wait is over, however busy the machine is: the start is asked again until then.
    await start({ START_WAIT_MS: '1', ALLOW_EMPTY: 'true' });
    await until(() => registry.listReadyModels().length === 1);
    expect(states()).toEqual([
      ['adder', 'adder-1'],
      ['slow', undefined],
    ]);
    expect(isLoadingRun(registry.getModel('slow'))).toBe(true);
    expect(() => registry.getReadyModel('slow')).toThrow('a run is being loaded.');

    source.held.get('slow/runs/slow-1')!();
    await until(() => registry.listReadyModels().length === 2);
    await until(() => registry.getModel('slow').isUpdating === false);
  });

  it('ends with a report that names what is still loading, when nothing serves by then', async () => {
    source.isHeld = () => true;

    await expect(start({ START_WAIT_MS: '1000' })).rejects.toThrow(
      /Nothing can be served[^]*(Still loading or being checked: adder, slow|has not answered) after START_WAIT_MS \(1000 ms\): raise it/,
    );
    for (const go of source.held.values()) go();
  });

  it('refreshes one model while another is still loading', async () => {
    source.isHeld = (location) => location.startsWith('slow/');
    await start({ START_WAIT_MS: '1', ALLOW_EMPTY: 'true' });
    await until(() => registry.listReadyModels().length === 1);
    store.addRun('adder', 'better', { metrics: { f1: 0.9 } });

    void refreshService.refresh();

    await until(() => registry.getModel('adder').best?.loaded.run.run_id === 'better');
    expect(registry.getModel('slow').best).toBeUndefined();
    source.held.get('slow/runs/slow-1')!();
    await until(() => registry.listReadyModels().length === 2);
  });

  it('does not serve a worse run while the files of a better one are being read', async () => {
    store.addRun('slow', 'large', { metrics: { f1: 0.9 } });
    const files = new LocalRunSource(store.folder, { settleMs: 0 });
    const hidden = jest.spyOn(files, 'listModels');
    let isRead = false;
    hidden.mockImplementation(async () => {
      const models = await LocalRunSource.prototype.listModels.call(files);
      return isRead ? models : models.map((model) => ({ ...model, runs: model.runs.map(beingChecked) }));
    });
    const nextChecked = jest.spyOn(SlowFiles.prototype, 'nextChecked').mockImplementation(() => {
      expect(registry.getModel('slow').best).toBeUndefined();
      isRead = true;
      return Promise.resolve();
    });
    source = new SlowFiles(files);

    await start({ START_WAIT_MS: '3600000' });
    nextChecked.mockRestore();

    expect(states()[1]).toEqual(['slow', 'large']);
    expect((await registry.readHistory('slow')).map(({ run_id: id }) => id)).toEqual(['large']);
  });
});

function beingChecked(run: SourceRun): SourceRun {
  if (run.run?.run_id !== 'large') return run;
  return { ...run, reasons: [{ code: 'BEING_CHECKED', message: 'Being read.', fix: 'None.' }] };
}
