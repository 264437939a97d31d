import assert from 'node:assert/strict';

import { requirePredictions } from '../predictions.mjs';

/**
 * A full contract counts wherever it was logged: clients get its fields, its limits hold, and the run is held to its
 * examples.
 */
export async function requireContracts(bestrun, trainer) {
  const { data } = await bestrun.ask('/models/contracts/selection');
  const verdicts = Object.fromEntries(
    data.ranking.map(({ name, verdict: { eligible, reasons, warnings } }) => [
      name,
      eligible ? warnings.map(({ code }) => code) : reasons[0].code,
    ]),
  );
  assert.deepEqual(verdicts, {
    'names in a wrong order': 'SELF_TEST_FAILED',
    'in the run': [],
    'in the model': [],
    'in the metadata': [],
  });
  assert.equal(data.best_run_id, trainer.idOf('in the run'));
  for (const name of ['in the run', 'in the model', 'in the metadata']) {
    const id = trainer.idOf(name);
    await requirePredictions(bestrun, `/runs/${id}/predictions`, trainer.answers[id]);
  }
  const [row] = trainer.answers[data.best_run_id].rows;
  const { status, detail } = await bestrun.ask('/models/contracts/predictions', {
    inputs: [{ ...row, sepal_length: 31 }],
  });
  assert.equal(status, 422);
  assert.deepEqual(detail[0].loc, ['body', 'inputs', 0, 'sepal_length']);
}
