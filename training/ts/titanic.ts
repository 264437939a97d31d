import * as tf from '@tensorflow/tfjs-core';
import { initializers, input, layers, model as modelOf } from '@tensorflow/tfjs-layers';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

import type { DecodeOf } from '../../src/domain/decode-spec.js';
import type { EncodeSpec } from '../../src/domain/encode-spec.js';
import type { JsonObject } from '../../src/lib/json/json.js';
import { artifactOf } from './layers-artifact.js';
import { atThreshold, exactMatch, hundredths, logLoss, performanceOf, reportOf, rocAuc } from './metrics.js';
import { readContract, rowsOf } from './prepared.js';
import type { Prepared, PreparedRow } from './prepared.js';
import { seededRandom, shuffledIndexes } from './random.js';
import { writeRun } from './run-writer.js';
import type { Output } from './run-writer.js';

const MODEL = 'titanic-survival';
const SEED = 1234;
const CHILD_AGE = 10;
const BATCH_SIZE = 32;
/** Decades above the age of 10: an age of exactly 10 is exactly 0. */
const AGE = { subtract: CHILD_AGE, divide: 10 };
const CLASSES = [1, 2, 3];

/** Only F has a column: every other value counts as not F. A class that is absent is its own case, three zeros. */
const ENCODE: EncodeSpec = {
  tensors: [
    {
      kind: 'columns',
      tensor: 'features',
      dtype: 'float32',
      columns: [
        { kind: 'number', field: 'age', ...AGE },
        { kind: 'category', field: 'sex', as: 'one-hot', values: ['F'], unknown: 'zeros' },
        { kind: 'category', field: 'pclass', as: 'one-hot', values: CLASSES, unknown: 'zeros', missing: 'unknown' },
      ],
    },
  ],
};

type Passenger = PreparedRow<JsonObject, number>;

interface Plan {
  readonly name: string;
  readonly runId: string;
  readonly description: string;
  readonly hour: string;
  readonly network: LayersModel;
  readonly learningRate: number;
  readonly numEpochs: number;
  readonly params: JsonObject;
  /** `false` keeps 0.5. */
  readonly tunesThreshold: boolean;
}

/** Trains and writes `logistic` and `neural-net`. */
export async function trainTitanic(output: Output, prepared: Prepared<JsonObject, number>): Promise<void> {
  const plans: Plan[] = [
    {
      name: 'logistic',
      runId: 'titanic-logistic-001',
      description: 'Logistic regression on age, sex and class (TensorFlow.js); trained with and without the class.',
      hour: '10',
      network: logisticNetwork(),
      learningRate: 0.02,
      numEpochs: 40,
      params: { kind: 'logistic' },
      tunesThreshold: false,
    },
    {
      name: 'neural-net',
      runId: 'titanic-neural-net-001',
      description:
        'A small network on age, sex, class and `is a child` (TensorFlow.js); trained with and without the class.',
      hour: '11',
      network: childNetwork(16),
      learningRate: 0.005,
      numEpochs: 60,
      params: { kind: 'neural-net', hidden_dim: 16, child_age: CHILD_AGE },
      tunesThreshold: true,
    },
  ];
  for (const plan of plans) await trainPlan(plan, output, prepared);
}

function logisticNetwork(): LayersModel {
  const features = input({ shape: [5], name: 'features' });
  return modelOf({ name: 'logistic', inputs: features, outputs: probabilityOf(features) });
}

function childNetwork(hiddenDim: number): LayersModel {
  const features = input({ shape: [5], name: 'features' });
  // A ramp from 0 at 10 years to 1 at 9.95: Keras 2 has no step. It is a fixed feature, not a learned one.
  const isChild = layers.dense({
    name: 'is_child',
    units: 1,
    activation: 'hardSigmoid',
    trainable: false,
    kernelInitializer: 'zeros',
    biasInitializer: initializers.constant({ value: -2.5 }),
  });
  const child = isChild.apply(features) as SymbolicTensor;
  isChild.setWeights([tf.tensor2d([[-1000], [0], [0], [0], [0]]), tf.tensor1d([-2.5])]);
  const joined = layers.concatenate({ name: 'joined' }).apply([features, child]) as SymbolicTensor;
  const hidden = layers
    .dense({
      name: 'hidden',
      units: hiddenDim,
      activation: 'tanh',
      kernelInitializer: initializers.glorotUniform({ seed: SEED }),
    })
    .apply(joined) as SymbolicTensor;
  return modelOf({ name: 'neural_net', inputs: features, outputs: probabilityOf(hidden) });
}

function probabilityOf(from: SymbolicTensor): SymbolicTensor {
  const layer = layers.dense({
    name: 'probability',
    units: 1,
    activation: 'sigmoid',
    kernelInitializer: initializers.glorotUniform({ seed: SEED + 1 }),
  });
  return layer.apply(from) as SymbolicTensor;
}

async function trainPlan(plan: Plan, output: Output, prepared: Prepared<JsonObject, number>): Promise<void> {
  const [train, validation, test] = [
    rowsOf(prepared, 'train'),
    rowsOf(prepared, 'validation'),
    rowsOf(prepared, 'test'),
  ];
  const curves = await trainEpochs(plan, train, validation);
  const probabilities = (inputs: readonly JsonObject[]): number[] => predictAll(plan.network, inputs);
  const tuned = plan.tunesThreshold ? tuneThreshold(validation, probabilities) : { threshold: 0.5 };
  const { metrics, performance } = evaluate(test, probabilities, tuned.threshold);
  writeRun(
    output,
    {
      model: MODEL,
      name: plan.name,
      runId: plan.runId,
      description: plan.description,
      startedAt: `2026-11-20T${plan.hour}:00:00Z`,
      endedAt: `2026-11-20T${plan.hour}:01:00Z`,
      params: {
        ...plan.params,
        seed: SEED,
        learning_rate: plan.learningRate,
        num_epochs: plan.numEpochs,
        batch_size: BATCH_SIZE,
        ...tuned,
      },
      metrics,
      performance: { ...performance, curves },
      artifact: await artifactOf(plan.network),
      encode: ENCODE,
      decode: {
        ...(readContract(MODEL).decode as DecodeOf<'binary'>),
        tensor: 'probability',
        threshold: tuned.threshold,
      },
      predict: (inputs) =>
        probabilities(inputs).map((probability) => ({
          survived: Number(probability >= tuned.threshold),
          probability,
        })),
    },
    prepared,
  );
}

/** Minimises the cross entropy; every passenger is seen twice an epoch, once without the class. */
async function trainEpochs(
  plan: Plan,
  train: readonly Passenger[],
  validation: readonly Passenger[],
): Promise<JsonObject[]> {
  const inputs = train.map((row) => row.input);
  const rows = [...inputs, ...inputs.map(withoutClass)].map(featuresOf);
  const targets = [...train, ...train].map((row) => [row.target]);
  const random = seededRandom(SEED);
  const curves: JsonObject[] = [];
  plan.network.compile({ optimizer: tf.train.adam(plan.learningRate), loss: 'binaryCrossentropy' });
  for (let epoch = 1; epoch <= plan.numEpochs; epoch++) {
    const order = shuffledIndexes(rows.length, random);
    for (let start = 0; start < order.length; start += BATCH_SIZE) {
      const batch = order.slice(start, start + BATCH_SIZE);
      const x = tf.tensor2d(batch.map((i) => rows[i]!));
      const y = tf.tensor2d(batch.map((i) => targets[i]!));
      await plan.network.trainOnBatch(x, y);
      tf.dispose([x, y]);
    }
    curves.push({ epoch, train_loss: lossOf(plan.network, train), validation_loss: lossOf(plan.network, validation) });
  }
  return curves;
}

/** Among the thresholds that answer the documented cases as documented (all, if none does), the best on validation. */
function tuneThreshold(
  validation: readonly Passenger[],
  probabilities: (inputs: readonly JsonObject[]) => number[],
): { threshold: number; validation_f1: number } {
  const cases = readContract(MODEL).documented_cases!;
  const onCases = probabilities(cases.map((known) => known.input));
  const steps = hundredths(30, 60);
  const keeping = steps.filter((step) => onCases.every((p, i) => Number(p >= step) === cases[i]!.survived));
  const truth = validation.map((row) => row.target);
  const predicted = probabilities(validation.map((row) => row.input));
  const scored = (keeping.length > 0 ? keeping : steps).map((threshold) => ({
    threshold,
    validation_f1: reportOf(bothClasses(truth), bothClasses(answers(predicted, threshold)), 'weighted').f1,
  }));
  const nearer = (step: { threshold: number }): number => Math.abs(step.threshold - 0.5);
  return scored.sort((a, b) => b.validation_f1 - a.validation_f1 || nearer(a) - nearer(b))[0]!;
}

function evaluate(
  test: readonly Passenger[],
  probabilities: (inputs: readonly JsonObject[]) => number[],
  threshold: number,
): { metrics: Record<string, number>; performance: object } {
  const truth = test.map((row) => row.target);
  const inputs = test.map((row) => row.input);
  const predicted = probabilities(inputs);
  const performance = performanceOf(
    {
      truth: bothClasses(truth),
      predicted: bothClasses(answers(predicted, threshold)),
      slices: test.map((row) => row.slices),
      classes: ['0', '1'],
    },
    'weighted',
  );
  const withoutClasses = answers(probabilities(inputs.map(withoutClass)), threshold);
  const cases = readContract(MODEL).documented_cases!;
  const onCases = answers(probabilities(cases.map((known) => known.input)), threshold);
  const { precision, recall, f1 } = performance.overall;
  const metrics = {
    precision,
    recall,
    f1,
    slices_f1: performance.slices.overall.f1,
    accuracy: exactMatch(bothClasses(truth), bothClasses(answers(predicted, threshold))),
    roc_auc: rocAuc(column(truth), column(predicted)),
    log_loss: logLoss(column(truth), column(predicted)),
    f1_without_pclass: reportOf(bothClasses(truth), bothClasses(withoutClasses), 'weighted').f1,
    documented_cases: onCases.filter((answer, i) => answer === cases[i]!.survived).length / cases.length,
  };
  return { metrics, performance };
}

function predictAll(network: LayersModel, inputs: readonly JsonObject[]): number[] {
  return tf.tidy(() => {
    const features = tf.tensor2d(inputs.map(featuresOf));
    return Array.from((network.predictOnBatch(features) as tf.Tensor).dataSync());
  });
}

/** The five numbers the server encodes: decades above 10, is F, class 1, 2, 3. */
function featuresOf(row: JsonObject): number[] {
  const age = ((row.age as number) - AGE.subtract) / AGE.divide;
  return [age, Number(row.sex === 'F'), ...CLASSES.map((pclass) => Number(row.pclass === pclass))];
}

function withoutClass({ pclass: _, ...row }: JsonObject): JsonObject {
  return row;
}

function lossOf(network: LayersModel, rows: readonly Passenger[]): number {
  const predicted = predictAll(
    network,
    rows.map((row) => row.input),
  );
  return logLoss(column(rows.map((row) => row.target)), column(predicted));
}

function answers(probabilities: readonly number[], threshold: number): number[] {
  return atThreshold(column(probabilities), threshold).map(([answer]) => answer!);
}

function column(values: readonly number[]): number[][] {
  return values.map((value) => [value]);
}

/** One column a class: the first is 1 where the answer is 0. */
function bothClasses(values: readonly number[]): number[][] {
  return values.map((value) => [1 - value, value]);
}
