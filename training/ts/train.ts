import { join } from 'node:path';
import { parseArgs } from 'node:util';

import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

import { useFastConvolutionGradient } from './convolution-gradient.js';
import { useFastEmbeddingGradient } from './embedding-gradient.js';
import { PROJECT_ROOT, readPrepared } from './prepared.js';
import { trainProjectTags } from './project-tags.js';
import type { Output } from './run-writer.js';
import { trainTitanic } from './titanic.js';
import { trainWrittenDigits } from './written-digits.js';

/** `data` is the folder of `--data`. */
const JOBS: Readonly<Record<string, (output: Output, data: string) => Promise<void>>> = {
  'titanic-survival': (output, data) =>
    trainTitanic(output, readPrepared('titanic-survival', join(data, 'titanic', 'titanic.csv'))),
  'project-tags': (output, data) =>
    trainProjectTags(output, readPrepared('project-tags', join(data, 'tagifai', 'projects-2021.json'))),
  'written-digits': (output) => trainWrittenDigits(output, readPrepared('written-digits')),
};
/** Its data come with scikit-learn. */
const NEEDS_NO_DATA = 'written-digits';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      only: { type: 'string' },
      models: { type: 'string', default: join(PROJECT_ROOT, 'models') },
      fixtures: { type: 'string', default: join(PROJECT_ROOT, 'test', 'fixtures', 'held-out') },
    },
  });
  const { data, only } = values;
  if (only !== undefined && !Object.hasOwn(JOBS, only)) {
    throw new Error(`--only takes one of ${Object.keys(JOBS).join(', ')}.`);
  }
  if (data === undefined && only !== NEEDS_NO_DATA) {
    throw new Error(
      `Say where the data are: --data DIR, a folder with titanic/ and tagifai/ (only --only ${NEEDS_NO_DATA} needs none).`,
    );
  }
  tf.enableProdMode();
  // It has every kernel that gradients need, which wasm has not, and one thread: the same digits every time.
  await tf.setBackend('cpu');
  useFastEmbeddingGradient();
  useFastConvolutionGradient();
  const output = { models: values.models, fixtures: values.fixtures };
  for (const model of only === undefined ? Object.keys(JOBS) : [only]) {
    await JOBS[model]!(output, data ?? '');
    console.log(`${model}: trained the TensorFlow.js runs`);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
