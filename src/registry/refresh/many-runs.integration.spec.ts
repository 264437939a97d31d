import { TestStore } from '../../../test/support/stores/build-store.js';
import { TestRegistry, createTestHost } from '../../../test/support/registry/test-registry.js';

describe('a poll of a store in which nothing has changed', () => {
  const host = createTestHost();
  const store = new TestStore().addModel('adder');
  let registry: TestRegistry;
  beforeAll(async () => {
    for (const name of ['one', 'two', 'three']) store.addRun('adder', name);
    registry = await TestRegistry.start(store, host);
  });
  afterAll(async () => {
    registry.close();
    store.remove();
    await host.close();
  });

  /** Ids of the runs that are read whole, as a digest does, while `work` runs. */
  async function readWhole(work: () => Promise<unknown>): Promise<string[]> {
    const read = new Set<string>();
    for (const { run } of registry.model().runs) {
      const { performance } = run;
      const get = () => {
        read.add(run.run_id);
        return performance;
      };
      Object.defineProperty(run, 'performance', { get, enumerable: true, configurable: true });
    }
    await work();
    return [...read];
  }

  it('makes a digest of no run but those that have failed in service', async () => {
    expect(await readWhole(() => registry.refresh())).toEqual([]);

    const failed = [{ run_id: 'two', digest: 'of what it was before', reason: 'It failed.' }];
    await registry.states.update('adder', (state) => ({ ...state, failed }));

    expect(await readWhole(() => registry.refresh())).toEqual(['two']);
  });
});
