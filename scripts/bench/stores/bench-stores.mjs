/** The stores that the contenders serve, written into a temporary folder. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { projectRoot } from '../../lib/project.mjs';
import { HEAVY_WIDTH, heavyModel, randomNumbers } from './heavy-model.mjs';
import { WIDTHS, featureNames, wideModel } from './wide-model.mjs';

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));
const writeJson = (file, value) => writeFileSync(file, JSON.stringify(value));

/** The small tabular model and the text model, each with its best ONNX run alone. */
export function writeLightStore(folder) {
  copyBestOnnxRun('titanic-survival', folder);
  copyBestOnnxRun('project-tags', folder);
  return folder;
}

/** The digits alone, with their best ONNX run: a server that decodes images starts a thread for them. */
export function writeImageStore(folder) {
  copyBestOnnxRun('written-digits', folder);
  return folder;
}

/** The small tabular model beside the heavy one. */
export async function writeMixedStore(folder) {
  copyBestOnnxRun('titanic-survival', folder);
  await writeHeavyModel(join(folder, 'heavy'));
  return folder;
}

/** One model with many runs: the smallest run that ships, under many names and with many metrics. */
export function writeManyRunsStore(folder, count) {
  const shipped = join(projectRoot, 'models', 'titanic-survival');
  const run = readJson(join(shipped, 'runs', 'rule-baseline', 'run.json'));
  const target = join(folder, 'many-runs');
  writeCard(target, { ...readJson(join(shipped, 'card.json')), name: 'many-runs', selection: byF1 });
  for (let i = 0; i < count; i++) {
    const runFolder = join(target, 'runs', `run-${i}`);
    cpSync(join(shipped, 'runs', 'rule-baseline', run.model.path), join(runFolder, run.model.path), {
      recursive: true,
    });
    const metrics = { ...run.metrics, f1: (i + 1) / (count + 1) };
    writeJson(join(runFolder, 'run.json'), { ...run, run_id: `many-runs-${i}`, name: `run-${i}`, metrics });
  }
  return folder;
}

/** What `folder` of a model's only run holds: its run.json and the path of its artifact. */
export function onlyRun(store, model) {
  const runs = join(store, model, 'runs');
  const folder = join(runs, readdirSync(runs)[0]);
  const run = readJson(join(folder, 'run.json'));
  return { run, file: join(folder, run.model.path) };
}

const byF1 = { metric: 'f1', goal: 'maximize' };

function writeCard(folder, card) {
  mkdirSync(folder, { recursive: true });
  writeJson(join(folder, 'card.json'), card);
}

/** The best by the card's metric and guardrails; the order of equals is the registry's: newest first. */
function copyBestOnnxRun(model, store) {
  const folder = join(projectRoot, 'models', model);
  const card = readJson(join(folder, 'card.json'));
  const { metric, goal, guardrails = [] } = card.selection;
  const keeps = (run) =>
    guardrails.every(({ metric: name, minimum = -Infinity, maximum = Infinity }) => {
      const value = run.metrics[name] ?? NaN;
      return value >= minimum && value <= maximum;
    });
  const sign = goal === 'maximize' ? -1 : 1;
  const [best] = readdirSync(join(folder, 'runs'))
    .map((name) => ({ name, run: readJson(join(folder, 'runs', name, 'run.json')) }))
    .filter(({ run }) => run.model.format === 'onnx' && keeps(run))
    .sort(
      (a, b) =>
        sign * (a.run.metrics[metric] - b.run.metrics[metric]) ||
        Date.parse(b.run.started_at) - Date.parse(a.run.started_at),
    );
  cpSync(join(folder, 'card.json'), join(store, model, 'card.json'), { recursive: true });
  cpSync(join(folder, 'runs', best.name), join(store, model, 'runs', best.name), { recursive: true });
}

async function writeHeavyModel(folder) {
  const bytes = heavyModel();
  const random = randomNumbers(7);
  const rows = Array.from({ length: 3 }, () => ({
    x: Array.from({ length: HEAVY_WIDTH }, () => Math.fround(random())),
  }));
  const numbers = { type: 'array', items: { type: 'number' }, minItems: HEAVY_WIDTH, maxItems: HEAVY_WIDTH };
  await writeGeneratedModel(folder, {
    name: 'heavy',
    bytes,
    rows,
    numbersOf: ({ x }) => x,
    input: { type: 'object', properties: { x: numbers }, required: ['x'] },
    encode: { tensors: [{ kind: 'array', tensor: 'x', dtype: 'float32', field: 'x', shape: [HEAVY_WIDTH] }] },
  });
}

/** Linear models of few and of many features. */
export async function writeWideStore(folder) {
  for (const width of WIDTHS) {
    const names = featureNames(width);
    const random = randomNumbers(width + 2);
    const properties = Object.fromEntries(names.map((name) => [name, { type: 'number', minimum: 0, maximum: 1 }]));
    const columns = names.map((field) => ({ kind: 'number', field }));
    await writeGeneratedModel(join(folder, `wide-${width}`), {
      name: `wide-${width}`,
      bytes: wideModel(width),
      rows: [Object.fromEntries(names.map((name) => [name, Math.fround(random())]))],
      numbersOf: (row) => names.map((name) => row[name]),
      input: { type: 'object', properties, required: names },
      encode: { tensors: [{ kind: 'columns', tensor: 'x', dtype: 'float32', columns }] },
    });
  }
  return folder;
}

/** A model with one run of a generated network, which has one input `x` and one output `y`. */
async function writeGeneratedModel(folder, { name, bytes, rows, numbersOf, input, encode }) {
  const { examples, msPerCall } = await computeExamples(bytes, rows, numbersOf);
  const file = join(folder, 'runs', 'generated', 'model.onnx');
  mkdirSync(dirname(file), { recursive: true });
  writeCard(folder, {
    name,
    title: name,
    description: `A generated network; one call took ${msPerCall.toFixed(1)} ms when it was written.`,
    task: 'regression',
    selection: byF1,
  });
  writeFileSync(file, bytes);
  writeJson(join(dirname(file), 'run.json'), {
    run_id: `${name}-generated`,
    name: 'generated',
    status: 'FINISHED',
    started_at: '2026-01-01T00:00:00Z',
    ended_at: '2026-01-01T00:00:01Z',
    params: {},
    metrics: { f1: 1 },
    performance: {},
    tags: { ms_per_call: msPerCall.toFixed(1) },
    signature: {
      input,
      output: { type: 'object', properties: { y: { type: ['number', 'null'] } }, required: ['y'] },
    },
    model: { format: 'onnx', path: 'model.onnx', sha256: createHash('sha256').update(bytes).digest('hex') },
    encode,
    decode: { kind: 'regression', tensor: 'y', fields: ['y'] },
    examples,
  });
}

/** What the network answers, and how long one call takes (the fastest of a few, on one thread). */
async function computeExamples(bytes, rows, numbersOf) {
  const { InferenceSession, Tensor } = createRequire(import.meta.url)('onnxruntime-node');
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const examples = [];
  let msPerCall = Infinity;
  for (const input of rows) {
    const began = performance.now();
    const data = Float32Array.from(numbersOf(input));
    const { y } = await session.run({ x: new Tensor('float32', data, [1, data.length]) });
    msPerCall = Math.min(msPerCall, performance.now() - began);
    examples.push({ input, output: { y: y.data[0] } });
  }
  await session.release();
  return { examples, msPerCall };
}
