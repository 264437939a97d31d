import assert from 'node:assert/strict';

const TOLERANCE = 1e-4;

/** Asks all contenders the same, and refuses to measure when one predicts anything else than the first. */
export async function requireSameAnswers(contenders, requests) {
  const { path, method, body } = requests[0];
  const answers = await Promise.all(
    contenders.map(async ({ host, port, name }) => {
      const headers = { 'Content-Type': 'application/json' };
      const response = await fetch(`http://${host}:${port}${path}`, { method, body, headers });
      assert.equal(response.status, 200, `${name} answers ${path} with ${response.status}`);
      return { name, predictions: (await response.json()).data.predictions };
    }),
  );
  const [first, ...others] = answers;
  for (const other of others) {
    const message = `${other.name} and ${first.name} predict different things for ${path}`;
    assert.ok(isSame(other.predictions, first.predictions), message);
  }
}

function isSame(a, b) {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b) <= TOLERANCE;
  if (typeof a !== 'object' || a === null || b === null) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => isSame(a[key], b[key]));
}
