/** Trains a taxi fare model and publishes it as a run: node docs/tutorial/train.mjs NAME [--epochs N] [--max-km N] */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import '@tensorflow/tfjs-backend-cpu';
import tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { epochs: { type: 'string', default: '10' }, 'max-km': { type: 'string', default: '50' } },
});
const name = positionals[0] ?? 'first';
const epochs = Number(values.epochs);
const maxKm = Number(values['max-km']);

// 1. Train: every fourth ride is held out, to measure how good the model is.
const rides = Array.from({ length: 40 }, (_, i) => ({ km: i + 1, fare: 4 + 2 * (i + 1) + ((i * 7) % 5) - 2 }));
const training = rides.filter((_, i) => i % 4 !== 0);
const heldOut = rides.filter((_, i) => i % 4 === 0);
// A mean of 20 km and tens of km: the network learns fastest from numbers around 0.
const toTensor = (kms) => tf.tensor2d(kms.map((km) => [(km - 20) / 10]));

tf.enableProdMode();
await tf.setBackend('cpu');
const network = sequential({
  layers: [layers.dense({ units: 1, inputShape: [1], kernelInitializer: 'zeros', name: 'fare' })],
});
network.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
const fares = tf.tensor2d(training.map(({ fare }) => [fare]));
await network.fit(toTensor(training.map(({ km }) => km)), fares, { epochs, shuffle: false, verbose: 0 });
const predict = (kms) => [...network.predict(toTensor(kms)).dataSync()];
const errors = predict(heldOut.map(({ km }) => km)).map((fare, i) => fare - heldOut[i].fare);
const rmse = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);

// 2. Write the model: model.json and weights.bin, as TensorFlow.js saves them.
const folder = `my-models/taxi-fare/runs/${name}`;
mkdirSync(folder, { recursive: true });
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const write = (path, content) => {
  writeFileSync(`${folder}/${path}`, content);
  return { path, sha256: sha256(content) };
};
const saved = await new Promise((resolve) => network.save(tf.io.withSaveHandler(async (model) => resolve(model))));
const weights = write('weights.bin', Buffer.from(saved.weightData));
const manifest = [{ paths: ['weights.bin'], weights: saved.weightSpecs }];
const model = write('model.json', JSON.stringify({ modelTopology: saved.modelTopology, weightsManifest: manifest }));

// 3. Say which run is best, once per model: the one with the lowest rmse.
const card = {
  name: 'taxi-fare',
  title: 'Taxi fare',
  description: 'What a ride costs, by its length.',
  task: 'regression',
  selection: { metric: 'rmse', goal: 'minimize' },
};
writeFileSync('my-models/taxi-fare/card.json', JSON.stringify(card, null, 2));

// 4. Publish: run.json last, because a folder without it counts as still being copied.
const now = new Date().toISOString();
const run = {
  run_id: `taxi-fare-${name}`,
  name,
  status: 'FINISHED',
  started_at: now,
  ended_at: now,
  params: { epochs },
  metrics: { rmse },
  performance: { overall: { rmse } },
  tags: {},
  signature: {
    input: {
      type: 'object',
      properties: { km: { type: 'number', minimum: 0, maximum: maxKm, unit: 'km', examples: [10] } },
      required: ['km'],
    },
    output: { type: 'object', properties: { fare: { type: ['number', 'null'], unit: '€' } }, required: ['fare'] },
  },
  model: { format: 'tfjs-layers', ...model, files: [weights] },
  encode: {
    tensors: [
      {
        kind: 'columns',
        tensor: 'fare_input',
        dtype: 'float32',
        columns: [{ kind: 'number', field: 'km', subtract: 20, divide: 10 }],
      },
    ],
  },
  decode: { kind: 'regression', tensor: 'fare', fields: ['fare'] },
  examples: [5, 10, 20].map((km) => ({ input: { km }, output: { fare: predict([km])[0] } })),
};
write('run.json', JSON.stringify(run, null, 2));
console.log(`${run.run_id}: rmse ${rmse.toFixed(2)} after ${epochs} epochs`);
