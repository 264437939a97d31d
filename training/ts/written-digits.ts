import * as tf from '@tensorflow/tfjs-core';
import { initializers, input, layers, model as modelOf } from '@tensorflow/tfjs-layers';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

import type { DecodeOf } from '../../src/domain/decode-spec.js';
import type { JsonObject } from '../../src/lib/json/json.js';
import { artifactOf } from './layers-artifact.js';
import { classLogLoss, exactMatch, performanceOf } from './metrics.js';
import type { Performance } from './metrics.js';
import { pixelsOf } from './png.js';
import { readContract, rowsOf } from './prepared.js';
import type { Prepared, PreparedRow } from './prepared.js';
import { seededRandom, shuffledIndexes } from './random.js';
import { writeRun } from './run-writer.js';
import type { Output } from './run-writer.js';

const MODEL = 'written-digits';
const SEED = 1234;
const SIZE = 8;
const CLASSES = Array.from({ length: 10 }, (_, digit) => String(digit));
/** The network takes 0 (ground) to 1 (ink); pixels count ink from 0 to 16, images from 0 to 255. */
const FULL_INK = 16;
const FULL_IMAGE_INK = 255;
const FILTERS = [12, 24] as const;
const DROPOUT = 0.3;
const LEARNING_RATE = 0.004;
const BATCH_SIZE = 32;
const NUM_EPOCHS = 30;

type Digit = PreparedRow<JsonObject, number>;

/** Trains and writes `conv-net`, with the weights of the epoch whose log loss on the validation rows is lowest. */
export async function trainWrittenDigits(output: Output, prepared: Prepared<JsonObject, number>): Promise<void> {
  const network = convNet();
  const { curves, best } = await trainEpochs(network, rowsOf(prepared, 'train'), rowsOf(prepared, 'validation'));
  const { metrics, performance } = evaluate(network, rowsOf(prepared, 'test'));
  writeRun(
    output,
    {
      model: MODEL,
      name: 'conv-net',
      runId: 'written-digits-conv-net-001',
      description:
        'Two convolutions and one dense layer (TensorFlow.js); trained with pictures shifted by up to a pixel.',
      startedAt: '2026-11-20T11:00:00Z',
      endedAt: '2026-11-20T11:01:00Z',
      params: {
        kind: 'conv-net',
        seed: SEED,
        filters: [...FILTERS],
        dropout: DROPOUT,
        learning_rate: LEARNING_RATE,
        num_epochs: NUM_EPOCHS,
        batch_size: BATCH_SIZE,
        ...best,
      },
      metrics,
      performance: { ...performance, curves },
      artifact: await artifactOf(network),
      encode: readContract(MODEL).encode!,
      decode: { ...(readContract(MODEL).decode as DecodeOf<'multi-class'>), tensor: 'probabilities' },
      predict: (inputs) => probabilitiesOf(network, inputs.map(inkOf)).map(answerOf),
    },
    prepared,
  );
}

function convNet(): LayersModel {
  const image = input({ shape: [SIZE, SIZE, 1], name: 'image' });
  const convolution = (filters: number, strides: number, seed: number) =>
    layers.conv2d({
      name: `convolution_${strides}`,
      filters,
      strides,
      kernelSize: 3,
      padding: 'same',
      activation: 'relu',
      kernelInitializer: initializers.heNormal({ seed }),
    });
  const steps = [
    convolution(FILTERS[0], 1, SEED),
    convolution(FILTERS[1], 2, SEED + 1),
    layers.flatten({ name: 'flat' }),
    layers.dropout({ name: 'dropout', rate: DROPOUT, seed: SEED + 2 }),
    layers.dense({
      name: 'probabilities',
      units: CLASSES.length,
      activation: 'softmax',
      kernelInitializer: initializers.glorotUniform({ seed: SEED + 3 }),
    }),
  ];
  const outputs = steps.reduce((tensor, step) => step.apply(tensor) as SymbolicTensor, image);
  return modelOf({ name: 'conv_net', inputs: image, outputs });
}

async function trainEpochs(
  network: LayersModel,
  train: readonly Digit[],
  validation: readonly Digit[],
): Promise<{ curves: JsonObject[]; best: { best_epoch: number; validation_log_loss: number } }> {
  const pictures = train.map((row) => inkOf(row.input));
  const random = seededRandom(SEED);
  const curves: JsonObject[] = [];
  let best = { best_epoch: 0, validation_log_loss: Infinity };
  let bestWeights: tf.Tensor[] = [];
  network.compile({ optimizer: tf.train.adam(LEARNING_RATE), loss: 'categoricalCrossentropy' });
  for (let epoch = 1; epoch <= NUM_EPOCHS; epoch++) {
    const order = shuffledIndexes(train.length, random);
    for (let start = 0; start < order.length; start += BATCH_SIZE) {
      const batch = order.slice(start, start + BATCH_SIZE);
      const x = batchOf(batch.map((i) => shifted(pictures[i]!, random)));
      const y = tf.tensor2d(batch.map((i) => indicatorsOf(train[i]!.target)));
      await network.trainOnBatch(x, y);
      tf.dispose([x, y]);
    }
    const validationLoss = lossOf(network, validation);
    curves.push({ epoch, train_loss: lossOf(network, train), validation_loss: validationLoss });
    if (validationLoss < best.validation_log_loss) {
      best = { best_epoch: epoch, validation_log_loss: validationLoss };
      tf.dispose(bestWeights);
      bestWeights = network.getWeights().map((weights) => weights.clone());
    }
  }
  network.setWeights(bestWeights);
  return { curves, best };
}

/** A picture moved by -1, 0 or 1 pixel in each direction, with ground where nothing is left. */
function shifted(picture: readonly (readonly number[])[], random: () => number): number[][] {
  const [down, right] = [Math.floor(random() * 3) - 1, Math.floor(random() * 3) - 1];
  return picture.map((row, y) => row.map((_, x) => picture[y - down]?.[x - right] ?? 0));
}

function evaluate(
  network: LayersModel,
  test: readonly Digit[],
): { metrics: Record<string, number>; performance: Performance } {
  const probabilities = probabilitiesOf(
    network,
    test.map((row) => inkOf(row.input)),
  );
  const truth = test.map((row) => indicatorsOf(row.target));
  const predicted = probabilities.map((row) => indicatorsOf(winnerOf(row)));
  const slices = test.map((row) => row.slices);
  const performance = performanceOf({ truth, predicted, slices, classes: CLASSES }, 'weighted');
  const { precision, recall, f1 } = performance.overall;
  const metrics = {
    precision,
    recall,
    f1,
    slices_f1: performance.slices.overall.f1,
    accuracy: exactMatch(truth, predicted),
    log_loss: lossOf(network, test),
  };
  return { metrics, performance };
}

function probabilitiesOf(network: LayersModel, pictures: readonly number[][][]): number[][] {
  return tf.tidy(() => (network.predictOnBatch(batchOf(pictures)) as tf.Tensor2D).arraySync());
}

/** [rows, 8, 8, 1] */
function batchOf(pictures: readonly number[][][]): tf.Tensor4D {
  return tf.tensor4d(pictures.flat(2), [pictures.length, SIZE, SIZE, 1]);
}

function lossOf(network: LayersModel, rows: readonly Digit[]): number {
  const probabilities = probabilitiesOf(
    network,
    rows.map((row) => inkOf(row.input)),
  );
  return classLogLoss(
    rows.map((row) => row.target),
    probabilities,
  );
}

/** Ink from 0 to 1: [8][8]. */
function inkOf({ pixels, image }: JsonObject): number[][] {
  if (pixels === undefined) return pixelsOf(image as string).map((line) => line.map((ink) => ink / FULL_IMAGE_INK));
  return (pixels as number[][]).map((line) => line.map((ink) => ink / FULL_INK));
}

function answerOf(probabilities: readonly number[]): JsonObject {
  const digit = winnerOf(probabilities);
  return {
    digit,
    probability: probabilities[digit]!,
    probabilities: Object.fromEntries(probabilities.map((probability, label) => [String(label), probability])),
  };
}

function winnerOf(probabilities: readonly number[]): number {
  return probabilities.indexOf(Math.max(...probabilities));
}

function indicatorsOf(target: number): number[] {
  return CLASSES.map((_, digit) => Number(digit === target));
}
