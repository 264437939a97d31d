import { join } from 'node:path';
import { parseArgs } from 'node:util';

import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

import type { JsonObject } from '../../src/lib/json.js';
import { useFastEmbeddingGradient } from './embedding-gradient.js';
import { PROJECT_ROOT, readPrepared } from './prepared.js';
import { trainProjectTags } from './project-tags.js';
import { trainTitanic } from './titanic.js';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      models: { type: 'string', default: join(PROJECT_ROOT, 'models') },
      fixtures: { type: 'string', default: join(PROJECT_ROOT, 'test', 'fixtures', 'held-out') },
    },
  });
  if (!values.data) throw new Error('Say where the data is: --data DIR, a folder with titanic/ and tagifai/.');
  tf.enableProdMode();
  // It has every kernel that gradients need, which wasm has not, and one thread: the same digits every time.
  await tf.setBackend('cpu');
  useFastEmbeddingGradient();
  const output = { models: values.models, fixtures: values.fixtures };
  const titanic = join(values.data, 'titanic', 'titanic.csv');
  await trainTitanic(output, readPrepared<JsonObject, number>('titanic-survival', titanic));
  console.log('titanic-survival: trained the TensorFlow.js runs');
  const projects = join(values.data, 'tagifai', 'projects-2021.json');
  await trainProjectTags(output, readPrepared<JsonObject, string[]>('project-tags', projects));
  console.log('project-tags: trained the TensorFlow.js runs');
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
