import { sumRun } from '../../../test/support/stores/build-store.js';
import { aRegisteredModel } from '../../../test/support/registry/fake-registry.js';
import type { Run } from '../../domain/run.js';
import { reason } from '../../domain/verdict.js';
import { RegisteredRun } from './registered-run.js';

describe(RegisteredRun.name, () => {
  const { card, runs } = aRegisteredModel();
  const skippedRun = (more: Partial<Run>): RegisteredRun => {
    const run = { ...sumRun('x', ''), ...more };
    return new RegisteredRun(card, run, {
      ...runs[0]!.sourceRun,
      run,
      reasons: [reason('NOT_EXAMINED', 'It was not.')],
    });
  };
  const codesOf = ({ verdict }: RegisteredRun) => verdict.reasons.map(({ code }) => code);

  it('does not say that no action is needed when the run has another reason', () => {
    expect(codesOf(skippedRun({ metrics: {} }))).toEqual(['METRIC_MISSING']);
    expect(codesOf(skippedRun({ status: 'FAILED' }))).toEqual(['STATUS_NOT_FINISHED']);
  });

  it('says that a run was not examined when it has no other reason; neither can be served', () => {
    expect(codesOf(skippedRun({}))).toEqual(['NOT_EXAMINED']);
    expect([skippedRun({}), skippedRun({ metrics: {} })].map(({ verdict }) => verdict.eligible)).toEqual([
      false,
      false,
    ]);
    expect(skippedRun({ metrics: {} }).brokenBy?.code).toBe('NOT_EXAMINED');
  });
});
