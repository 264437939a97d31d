import { sumRun } from '../../test/support/stores/build-store.js';
import { aRegisteredModel } from '../../test/support/registry/fake-registry.js';
import { reason } from '../domain/verdict.js';
import { RegisteredRun } from './state/registered-run.js';
import { unservedReason } from './unserved-reason.js';

describe(unservedReason.name, () => {
  const { card, runs } = aRegisteredModel();
  const aRun = (status: string): RegisteredRun =>
    new RegisteredRun(card, { ...sumRun('x', ''), status } as never, runs[0]!.sourceRun, []);
  const reconciling = (...registered: RegisteredRun[]) =>
    unservedReason({ ...aRegisteredModel(), best: undefined, runs: registered, isUpdating: true });

  it('says that a run is being loaded while one that may serve is', () => {
    expect(reconciling(aRun('FINISHED'))).toBe('a run is being loaded.');
  });

  it('tells the verdict while the store is looked at again and there is nothing to load', () => {
    expect(reconciling(aRun('KILLED'))).toContain('STATUS_NOT_FINISHED');
    const refused = aRun('FINISHED');
    refused.reject(reason('SELF_TEST_FAILED', 'It answers 2 instead of 3.'));
    expect(reconciling(refused)).toBe('SELF_TEST_FAILED: It answers 2 instead of 3.');
    expect(reconciling()).toBe('it has no runs.');
  });
});
