import { aFakeRegistry, aRegisteredModel } from '../../test/support/registry/fake-registry.js';
import { RunsService } from './runs.service.js';

describe('the detail of a run', () => {
  const detailOf = (trialReport: object | undefined) => {
    const model = aRegisteredModel();
    Object.assign(model.best.loaded, { trialReport });
    const registry = aFakeRegistry({
      getRun: () => model.best.registered,
      isBest: () => true,
      findLoaded: () => model.best.loaded,
    });
    return new RunsService(registry).getRun('adder-1');
  };

  it('has what its trial measured', () => {
    expect(detailOf({ peakBytes: 1024, loadMs: 12.34567, callMs: 0.1 }).trial).toEqual({
      peak_bytes: 1024,
      load_ms: 12.346,
      call_ms: 0.1,
    });
  });

  it('has no trial where the run was not tried in a process of its own', () => {
    expect(detailOf(undefined).trial).toBeNull();
  });
});
