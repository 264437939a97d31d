/** Trains a model of Iris flowers and publishes it as a run: node docs/tutorial/train.mjs NAME [--epochs N] [--max-sepal-cm N] */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import '@tensorflow/tfjs-backend-cpu';
import tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { epochs: { type: 'string', default: '10' }, 'max-sepal-cm': { type: 'string', default: '10' } },
});
const name = positionals[0] ?? 'first';
const epochs = Number(values.epochs);
const maxSepalCm = Number(values['max-sepal-cm']);

// 1. Read 150 flowers that R. A. Fisher published in 1936: four lengths in centimetres, and the species.
const [header, ...lines] = readFileSync(new URL('iris.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const fields = header.split(',').slice(0, 4);
const species = ['setosa', 'versicolor', 'virginica'];
const flowers = lines
  .map((line) => line.split(','))
  .map((cells) => ({ lengths: cells.slice(0, 4).map(Number), species: cells[4] }))
  .filter(({ lengths }) => lengths[0] <= maxSepalCm);

// 2. Train: every fifth flower is held out, to measure how good the model is.
const training = flowers.filter((_, i) => i % 5 !== 0);
const heldOut = flowers.filter((_, i) => i % 5 === 0);
// A network learns fastest from numbers around 0. The server does the same: see `encode` below.
const means = fields.map((_, i) => training.reduce((sum, { lengths }) => sum + lengths[i], 0) / training.length);
const toTensor = (rows) => tf.tensor2d(rows.map((lengths) => lengths.map((cm, i) => cm - means[i])));

tf.enableProdMode();
await tf.setBackend('cpu');
const network = sequential({
  layers: [
    layers.dense({
      units: 3,
      inputShape: [4],
      activation: 'softmax',
      kernelInitializer: 'zeros',
      name: 'probabilities',
    }),
  ],
});
network.compile({ optimizer: tf.train.adam(0.05), loss: 'categoricalCrossentropy' });
const isSpecies = tf.tensor2d(training.map((flower) => species.map((label) => Number(flower.species === label))));
const batchSize = training.length;
await network.fit(toTensor(training.map(({ lengths }) => lengths)), isSpecies, {
  epochs,
  batchSize,
  shuffle: false,
  verbose: 0,
});

const predict = (rows) => {
  const probabilities = network.predict(toTensor(rows)).arraySync();
  return probabilities.map((row) => {
    const best = row.indexOf(Math.max(...row));
    return { species: species[best], probability: row[best], of: (label) => row[species.indexOf(label)] };
  });
};
const answers = predict(heldOut.map(({ lengths }) => lengths));
const mean = (of) => answers.reduce((sum, answer, i) => sum + of(answer, heldOut[i].species), 0) / answers.length;
const accuracy = mean((answer, truth) => Number(answer.species === truth));
const logLoss = mean((answer, truth) => -Math.log(answer.of(truth)));

// 3. Write the model: model.json and weights.bin, as TensorFlow.js saves them.
const folder = `my-models/iris/runs/${name}`;
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

// 4. Say which run is best, once per model: the one with the lowest log loss.
const card = {
  name: 'iris',
  title: 'Iris species',
  description: 'Which species of Iris a flower is, by the lengths of its leaves.',
  task: 'multi-class-classification',
  selection: { metric: 'log_loss', goal: 'minimize' },
};
writeFileSync('my-models/iris/card.json', JSON.stringify(card, null, 2));

// 5. Publish: run.json last, because a folder without it counts as still being copied.
const now = new Date().toISOString();
const lengthSchema = (field) => {
  const maximum = field === 'sepal_length' ? maxSepalCm : 10;
  return [field, { type: 'number', minimum: 0, maximum, unit: 'cm' }];
};
const run = {
  run_id: `iris-${name}`,
  name,
  status: 'FINISHED',
  started_at: now,
  ended_at: now,
  params: { epochs },
  metrics: { log_loss: logLoss, accuracy },
  performance: { overall: { log_loss: logLoss, accuracy } },
  tags: {},
  signature: {
    input: { type: 'object', properties: Object.fromEntries(fields.map(lengthSchema)), required: fields },
    output: {
      type: 'object',
      properties: {
        species: { type: 'string', enum: species },
        probability: { type: ['number', 'null'], minimum: 0, maximum: 1 },
      },
      required: ['species', 'probability'],
    },
  },
  model: { format: 'tfjs-layers', ...model, files: [weights] },
  encode: {
    tensors: [
      {
        kind: 'columns',
        tensor: 'probabilities_input',
        dtype: 'float32',
        columns: fields.map((field, i) => ({ kind: 'number', field, subtract: means[i] })),
      },
    ],
  },
  decode: {
    kind: 'multi-class',
    tensor: 'probabilities',
    labels: species,
    field: 'species',
    probability_field: 'probability',
  },
  examples: [heldOut[0], heldOut[Math.floor(heldOut.length / 2)], heldOut.at(-1)].map(({ lengths }) => ({
    input: Object.fromEntries(fields.map((field, i) => [field, lengths[i]])),
    output: (({ species, probability }) => ({ species, probability }))(predict([lengths])[0]),
  })),
};
write('run.json', JSON.stringify(run, null, 2));
console.log(`${run.run_id}: log loss ${logLoss.toFixed(3)}, accuracy ${accuracy.toFixed(2)} after ${epochs} epochs`);
