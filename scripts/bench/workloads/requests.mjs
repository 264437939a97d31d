/** The requests of each workload: always the same, but not all alike, so that nothing answers from a cache. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { projectRoot } from '../../lib/project.mjs';
import { HEAVY_WIDTH, randomNumbers } from '../stores/heavy-model.mjs';
import { featureNames } from '../stores/wide-model.mjs';

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

/** The rows of a request. */
export const passengerRows = ({ body }) => JSON.parse(body).inputs;

/** One passenger per request. */
export function singleRequests() {
  const next = passengers();
  return times(DIFFERENT, () => post('titanic-survival', [next()]));
}

/** A thousand passengers per request. */
export const batchRequests = () => passengerBatches(1000);

/** So many passengers per request. */
export function passengerBatches(rows) {
  const next = passengers();
  return times(4, () => post('titanic-survival', times(rows, next)));
}

/** So many rows per request for the model of so many features. */
export function wideRequests(width, rows) {
  const random = randomNumbers(width + 1);
  const names = featureNames(width);
  const row = () => Object.fromEntries(names.map((name) => [name, Math.round(random() * 1e4) / 1e4]));
  return times(4, () => post(`wide-${width}`, times(rows, row)));
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

/**
 * One digit per request: held-out ones, each as a PNG or as the numbers of its pixels.
 *
 * @param field  `image` or `pixels`.
 */
export function digitRequests(field) {
  const fixture = join(projectRoot, 'test', 'fixtures', 'held-out', 'written-digits', 'mlp.json');
  const inputs = JSON.parse(readFileSync(fixture, 'utf8')).rows.map(({ input }) => input);
  return inputs.filter((input) => field in input).map((input) => post('written-digits', [input]));
}

/** A GET without a body. */
export const getRequests = (path) => [{ method: 'GET', path }];

/** What axios 1.x sends in Node when it is given an object to post. */
const axiosHeaders = {
  Accept: 'application/json, text/plain, */*',
  'Content-Type': 'application/json',
  'User-Agent': 'axios/1.13.2',
  'Accept-Encoding': 'gzip, compress, deflate, br',
  Connection: 'keep-alive',
};

/** What Chrome sends with a `fetch` from a page of another origin. */
const browserHeaders = {
  Host: '127.0.0.1',
  Connection: 'keep-alive',
  'sec-ch-ua-platform': '"Windows"',
  'User-Agent':
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'sec-ch-ua': '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
  'Content-Type': 'application/json',
  'sec-ch-ua-mobile': '?0',
  Accept: '*/*',
  Origin: 'https://app.example.com',
  'Sec-Fetch-Site': 'cross-site',
  'Sec-Fetch-Mode': 'cors',
  'Sec-Fetch-Dest': 'empty',
  Referer: 'https://app.example.com/',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
};

/** The origin that `browserHeaders` come from, for the server's list of allowed ones. */
export const BROWSER_ORIGIN = browserHeaders.Origin;

/** What a reverse proxy that ends TLS adds. */
const proxyHeaders = {
  Host: '127.0.0.1',
  'X-Forwarded-For': '203.0.113.7',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'api.example.com',
  'X-Real-IP': '203.0.113.7',
};

const withHeaders = (headers) => singleRequests().map((request) => ({ ...request, headers }));

/** One passenger per request, as axios sends it. */
export const axiosRequests = () => withHeaders(axiosHeaders);
/** One passenger per request, as a page of another origin sends it. */
export const browserRequests = () => withHeaders(browserHeaders);
/** One passenger per request, as a reverse proxy passes it on. */
export const proxyRequests = () => withHeaders(proxyHeaders);
/** One passenger per request, with the method that says it may be repeated. */
export const putRequests = () => singleRequests().map((request) => ({ ...request, method: 'PUT' }));

/** One passenger per request, to one run instead of the best one. */
export function runRequests(runId) {
  return singleRequests().map((request) => ({ ...request, path: `/runs/${runId}/predictions` }));
}

/**
 * One passenger per request, but one request in a hundred is invalid (422) and one in a hundred is a GET. Their number,
 * 199, has no divisor in common with any number of connections, so that each connection gets to send each of them.
 */
export function mixedRequests() {
  const valid = singleRequests();
  const requests = times(199, (i) => valid[i % valid.length]);
  const invalid = { ...post('titanic-survival', [{ age: 'ten', sex: 'X' }]), expectedStatus: 422 };
  for (const place of [20, 120]) requests[place] = invalid;
  requests[70] = { method: 'GET', path: '/health' };
  requests[170] = { method: 'GET', path: '/models' };
  return requests;
}
