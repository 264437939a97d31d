import * as tf from '@tensorflow/tfjs-core';
import { initializers, input, layers, model as modelOf } from '@tensorflow/tfjs-layers';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

import { cleanText } from '../../src/codec/text/text-cleaning.js';
import type { DecodeOf } from '../../src/domain/decode-spec.js';
import type { JsonObject } from '../../src/lib/json/json.js';
import { artifactOf } from './layers-artifact.js';
import {
  atThreshold,
  bestThreshold,
  exactMatch,
  hundredths,
  logLoss,
  performanceOf,
  reportOf,
  rocAuc,
} from './metrics.js';
import { readContract, rowsOf } from './prepared.js';
import type { Prepared, PreparedRow } from './prepared.js';
import { seededRandom, shuffledIndexes } from './random.js';
import { sha256, writeRun } from './run-writer.js';
import type { Output } from './run-writer.js';

const MODEL = 'project-tags';
const SETTINGS = {
  seed: 1234,
  embedding_dim: 96,
  hidden_dim: 128,
  learning_rate: 0.003,
  word_dropout: 0.2,
  batch_size: 64,
  num_epochs: 40,
  max_words: 48,
  min_word_freq: 2,
};
const [PAD, UNKNOWN, FIRST] = [0, 1, 2];
const THRESHOLDS = hundredths(5, 60);

type Project = PreparedRow<JsonObject, string[]>;

/** Trains and writes `embedding-net`. */
export async function trainProjectTags(output: Output, prepared: Prepared<JsonObject, string[]>): Promise<void> {
  requireSameCleaning(prepared.rows);
  const tagger = new Tagger(rowsOf(prepared, 'train'), prepared.classes!);
  const validation = rowsOf(prepared, 'validation');
  const { curves, best } = await tagger.learn(validation);
  const { metrics, performance } = evaluate(tagger, rowsOf(prepared, 'test'), best.threshold);
  const behavioral = behaviourOf(tagger, best.threshold);
  const vocabulary = Buffer.from(`${tagger.vocabulary.join('\n')}\n`);
  writeRun(
    output,
    {
      model: MODEL,
      name: 'embedding-net',
      runId: 'project-tags-embedding-net-001',
      description: 'Learned word vectors, their maximum and mean over the text, one hidden layer (TensorFlow.js).',
      startedAt: '2026-11-20T11:00:00Z',
      endedAt: '2026-11-20T11:01:00Z',
      params: {
        kind: 'embedding-net',
        ...SETTINGS,
        best_epoch: best.epoch,
        vocabulary_size: tagger.vocabulary.length,
        lower: true,
        stem: false,
        min_tag_freq: 30,
        threshold: best.threshold,
      },
      metrics: { ...metrics, behavioral_score: behavioral.score, validation_f1: best.f1 },
      performance: { ...performance, behavioral, curves },
      artifact: await artifactOf(tagger.network),
      files: { 'vocabulary.txt': vocabulary },
      encode: {
        prepare: readContract(MODEL).prepare,
        tensors: [
          {
            kind: 'tokens',
            tensor: 'tokens',
            dtype: 'int32',
            field: 'preprocessed_text',
            split: 'words',
            vocabulary: { path: 'vocabulary.txt', sha256: sha256(vocabulary) },
            offset: FIRST,
            pad: PAD,
            unknown: UNKNOWN,
            length: SETTINGS.max_words,
          },
        ],
      },
      decode: {
        ...(readContract(MODEL).decode as DecodeOf<'multi-label'>),
        tensor: 'probabilities',
        labels: tagger.classes,
        threshold: best.threshold,
      },
      predict: (inputs) => predictRows(tagger, inputs, best.threshold),
    },
    prepared,
  );
}

interface BestEpoch {
  epoch: number;
  f1: number;
  threshold: number;
}

/** Words of a cleaned text → probabilities of all tags. */
class Tagger {
  readonly vocabulary: readonly string[];
  readonly network: LayersModel;
  private readonly indexes: ReadonlyMap<string, number>;

  constructor(
    private readonly train: readonly Project[],
    readonly classes: readonly string[],
  ) {
    this.vocabulary = frequentWords(train.map((row) => row.cleaned!));
    this.indexes = new Map(this.vocabulary.map((word, i) => [word, i + FIRST]));
    this.network = networkOf(this.vocabulary.length + FIRST, classes.length);
  }

  /** Keeps the weights of the epoch with the best weighted f1 on validation. */
  async learn(validation: readonly Project[]): Promise<{ curves: JsonObject[]; best: BestEpoch }> {
    const random = seededRandom(SETTINGS.seed);
    const rows = this.train.map((row) => this.tokensOf(row.cleaned!));
    const curves: JsonObject[] = [];
    let best: BestEpoch = { epoch: 0, f1: -1, threshold: 0.5 };
    let weights: tf.Tensor[] = [];
    this.network.compile({ optimizer: tf.train.adam(SETTINGS.learning_rate), loss: 'binaryCrossentropy' });
    for (let epoch = 1; epoch <= SETTINGS.num_epochs; epoch++) {
      await this.trainEpoch(rows, random);
      const record = this.record(epoch, validation);
      curves.push(record.curve);
      if (record.best.f1 > best.f1) {
        best = record.best;
        tf.dispose(weights);
        weights = this.network.getWeights().map((weight) => weight.clone());
      }
    }
    this.network.setWeights(weights);
    return { curves, best };
  }

  /** Probabilities [texts][classes]. */
  predict(cleaned: readonly string[]): number[][] {
    return tf.tidy(() => {
      const tokens = tf.tensor2d(
        cleaned.map((text) => this.tokensOf(text)),
        undefined,
        'int32',
      );
      return (this.network.predictOnBatch(tokens) as tf.Tensor2D).arraySync();
    });
  }

  /** 0 or 1 per row and tag. */
  truthOf(rows: readonly Project[]): number[][] {
    return rows.map((row) => this.classes.map((tag) => Number(row.target.includes(tag))));
  }

  private record(epoch: number, validation: readonly Project[]): { curve: JsonObject; best: BestEpoch } {
    const predicted = this.predict(validation.map((row) => row.cleaned!));
    const { threshold, f1 } = bestThreshold(this.truthOf(validation), predicted, THRESHOLDS);
    const train = this.predict(this.train.map((row) => row.cleaned!));
    const curve = {
      epoch,
      train_loss: logLoss(this.truthOf(this.train), train),
      validation_loss: logLoss(this.truthOf(validation), predicted),
      validation_f1: f1,
      threshold,
    };
    return { curve, best: { epoch, f1, threshold } };
  }

  private async trainEpoch(rows: readonly number[][], random: () => number): Promise<void> {
    const truth = this.truthOf(this.train);
    const order = shuffledIndexes(rows.length, random);
    for (let start = 0; start < order.length; start += SETTINGS.batch_size) {
      const batch = order.slice(start, start + SETTINGS.batch_size);
      // Words are hidden here: a seeded dropout layer of TensorFlow.js hides the same units in every step.
      const tokens = batch.map((i) =>
        rows[i]!.map((token) => (token !== PAD && random() < SETTINGS.word_dropout ? UNKNOWN : token)),
      );
      const x = tf.tensor2d(tokens, undefined, 'int32');
      const y = tf.tensor2d(batch.map((i) => truth[i]!));
      await this.network.trainOnBatch(x, y);
      tf.dispose([x, y]);
    }
  }

  private tokensOf(cleaned: string): number[] {
    const known = (cleaned.match(/\S+/g) ?? []).map((word) => this.indexes.get(word) ?? UNKNOWN);
    return Array.from({ length: SETTINGS.max_words }, (_, i) => known[i] ?? PAD);
  }
}

function networkOf(words: number, classes: number): LayersModel {
  const { seed, embedding_dim, hidden_dim, max_words } = SETTINGS;
  const tokens = input({ shape: [max_words], dtype: 'int32', name: 'tokens' });
  const vectors = layers
    .embedding({
      name: 'word_vectors',
      inputDim: words,
      outputDim: embedding_dim,
      embeddingsInitializer: initializers.randomUniform({ minval: -0.25, maxval: 0.25, seed }),
    })
    .apply(tokens) as SymbolicTensor;
  const pooled = layers
    .concatenate({ name: 'text_vector' })
    .apply([
      layers.globalMaxPooling1d({ name: 'maximum' }).apply(vectors) as SymbolicTensor,
      layers.globalAveragePooling1d({ name: 'mean' }).apply(vectors) as SymbolicTensor,
    ]) as SymbolicTensor;
  const dense = (name: string, units: number, activation: 'relu' | 'sigmoid', from: SymbolicTensor): SymbolicTensor =>
    layers
      .dense({ name, units, activation, kernelInitializer: initializers.glorotUniform({ seed: seed + units }) })
      .apply(from) as SymbolicTensor;
  const outputs = dense('probabilities', classes, 'sigmoid', dense('hidden', hidden_dim, 'relu', pooled));
  return modelOf({ name: 'embedding_net', inputs: tokens, outputs });
}

function frequentWords(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of text.match(/\S+/g) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count >= SETTINGS.min_word_freq)
    .map(([word]) => word)
    .sort();
}

/** @throws Error when the server's cleaning differs from the trainer's on any text of the data set. */
function requireSameCleaning(rows: readonly Project[]): void {
  const different = rows.find((row) => cleanText(row.input.text as string) !== row.cleaned);
  if (different) throw new Error(`Project ${different.id} is cleaned differently in Python and in TypeScript.`);
}

function evaluate(
  tagger: Tagger,
  test: readonly Project[],
  threshold: number,
): { metrics: Record<string, number>; performance: object } {
  const truth = tagger.truthOf(test);
  const probabilities = tagger.predict(test.map((row) => row.cleaned!));
  const predicted = atThreshold(probabilities, threshold);
  const slices = test.map((row) => row.slices);
  const performance = performanceOf({ truth, predicted, slices, classes: tagger.classes }, 'micro');
  const { precision, recall, f1 } = performance.overall;
  const metrics = {
    precision,
    recall,
    f1,
    slices_f1: performance.slices.overall.f1,
    micro_f1: reportOf(truth, predicted, 'micro').f1,
    exact_match: exactMatch(truth, predicted),
    roc_auc: rocAuc(truth, probabilities),
    log_loss: logLoss(truth, probabilities),
  };
  return { metrics, performance };
}

function behaviourOf(tagger: Tagger, threshold: number): { score: number; results: object } {
  const cases = readContract(MODEL).behavioral!;
  const outputs = predictRows(
    tagger,
    cases.map(({ text }) => ({ text })),
    threshold,
  );
  const entries = cases.map(({ type, text, tags }, i) => {
    const { probabilities: _, ...prediction } = outputs[i]!;
    const predicted = prediction.predicted_tags as string[];
    return { kept: tags.every((tag) => predicted.includes(tag)), entry: { input: { text, tags }, prediction, type } };
  });
  const of = (kept: boolean): object[] => entries.filter((each) => each.kept === kept).map(({ entry }) => entry);
  return { score: of(true).length / cases.length, results: { passed: of(true), failed: of(false) } };
}

function predictRows(tagger: Tagger, inputs: readonly JsonObject[], threshold: number): JsonObject[] {
  const texts = inputs.map((row) => row.text as string);
  const cleaned = texts.map((text) => cleanText(text));
  return tagger.predict(cleaned).map((row, i) => ({
    input_text: texts[i]!,
    preprocessed_text: cleaned[i]!,
    predicted_tags: tagger.classes.filter((_, column) => row[column]! >= threshold),
    probabilities: Object.fromEntries(tagger.classes.map((tag, column) => [tag, row[column]!])),
  }));
}
