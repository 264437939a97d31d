/** The requests of each workload: always the same, but not all alike, so that nothing answers from a cache. */
import { HEAVY_WIDTH, randomNumbers } from '../stores/heavy-model.mjs';

const DIFFERENT = 64;

const post = (model, inputs) => ({
  method: 'POST',
  path: `/models/${model}/predictions`,
  body: JSON.stringify({ inputs }),
});
const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));

function passengers() {
  const random = randomNumbers(42);
  return () => ({
    age: Math.round(random() * 800) / 10,
    sex: random() < 0.5 ? 'F' : 'M',
    pclass: 1 + Math.floor(random() * 3),
  });
}

/** One passenger per request. */
export function singleRequests() {
  const next = passengers();
  return times(DIFFERENT, () => post('titanic-survival', [next()]));
}

/** A thousand passengers per request. */
export function batchRequests() {
  const next = passengers();
  return times(4, () => post('titanic-survival', times(1000, next)));
}

const subjects = [
  'Transfer learning',
  'Graph neural networks',
  'Object detection',
  'Question answering',
  'Time series',
];
const means = ['with transformers', 'in PyTorch', 'using TensorFlow and Keras', 'for self-supervised pretraining'];
const ends = [
  'A walk through the code, and what we learned from it.',
  'Have a look at http://example.com/demo for more!',
];

/** One project text of some twenty words per request. */
export function textRequests() {
  return times(subjects.length * means.length * ends.length, (i) => {
    const parts = [subjects[i % 5], `${means[Math.floor(i / 5) % 4]}.`, ends[Math.floor(i / 20)]];
    return post('project-tags', [
      { text: `${parts.join(' ')} This is number ${i} of the projects that we have made.` },
    ]);
  });
}

/** One row for the heavy network per request. */
export function heavyRequests() {
  const random = randomNumbers(99);
  return times(DIFFERENT, () => post('heavy', [{ x: times(HEAVY_WIDTH, () => Math.fround(random())) }]));
}

/** A GET without a body. */
export const getRequests = (path) => [{ method: 'GET', path }];
