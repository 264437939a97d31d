/** What a server with the shipped models must answer, whoever started it: the built program, `npm start` or the image. */
import assert from 'node:assert/strict';

/**
 * Asks for predictions and the list of models.
 * @param {string} base  the server's address, without a slash at its end.
 * @returns {Promise<{ models: number }>}  how many models it serves.
 * @throws AssertionError at the first answer that is not as it should be.
 */
export async function askServer(base) {
  const bare = await fetch(`${base}/predict?age=10&sex=M`);
  assert.equal(bare.status, 200);
  assert.equal(await bare.text(), '{"survived":0}');

  const texts = [{ text: 'Transfer learning with transformers for self-supervised learning.' }];
  const tagged = await fetch(`${base}/predict`, { method: 'POST', body: JSON.stringify({ texts }) });
  const { data } = await tagged.json();
  assert.ok(data.predictions[0].predicted_tags.includes('transformers'));

  const models = (await (await fetch(`${base}/models`)).json()).data.models;
  assert.ok(models.length > 0 && models.every((model) => model.ready));
  return { models: models.length };
}
