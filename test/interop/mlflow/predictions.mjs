import assert from 'node:assert/strict';

/** Between two predictions of a stream: steady, and little beside everything else that runs. */
const PAUSE_MS = 20;

/** @param tolerance  the largest difference, of numbers above 1 relative to them. */
export function requireClose(actual, expected, path, tolerance = 1e-5) {
  if (typeof expected === 'number') {
    assert.ok(
      Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)),
      `${path}: ${actual}, not ${expected}`,
    );
  } else if (typeof expected === 'object') {
    assert.deepEqual(Object.keys(actual), Object.keys(expected), path);
    for (const key of Object.keys(expected)) requireClose(actual[key], expected[key], `${path}.${key}`, tolerance);
  } else assert.equal(actual, expected, path);
}

/** Sends the rows of a run's answer and compares what comes back; gives the id of the run that answered. */
export async function requirePredictions(bestrun, path, { name, rows, predictions }) {
  const { status, data, detail } = await bestrun.ask(path, { inputs: rows });
  assert.equal(status, 200, `${name}: ${JSON.stringify(detail)}`);
  requireClose(data.predictions, predictions, name);
  return data.run_id;
}

/**
 * Predictions one after the other on several models, until it is stopped. None may fail, and each must be what Python
 * predicts with the run that the answer names.
 */
export class PredictionStream {
  /** Ids of the runs that have answered. */
  runs = new Set();
  count = 0;
  #isStopped = false;

  /**
   * @param models    models that all take the same rows.
   * @param rows      these rows.
   * @param answerOf  what Python predicts, by run id.
   */
  constructor(bestrun, models, rows, answerOf) {
    this.bestrun = bestrun;
    this.rows = rows;
    this.answerOf = answerOf;
    this.lanes = Promise.all(models.map((model) => this.#run(model)));
    // Whoever stops the stream hears of it.
    this.lanes.catch(() => undefined);
  }

  /** @throws Error of the first prediction that failed. */
  async stop() {
    this.#isStopped = true;
    await this.lanes;
    assert.ok(this.count > 0, 'predictions were sent');
  }

  async #run(model) {
    while (!this.#isStopped) {
      const path = `/models/${model}/predictions`;
      const { status, data, detail } = await this.bestrun.ask(path, { inputs: this.rows });
      assert.equal(status, 200, `${path}: ${JSON.stringify(detail)}`);
      requireClose(data.predictions, this.answerOf(data.run_id).predictions, `${path} by ${data.run_id}`);
      this.runs.add(data.run_id);
      this.count += 1;
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }
}
