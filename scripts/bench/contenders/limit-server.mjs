/**
 * The limit: what a bare node:http server with ONNX Runtime inline can do. It parses, computes and answers the same
 * predictions, and does nothing else: no validation, no limits, no envelope, no isolation; a slow call stops everything.
 * `node limit-server.mjs STORE…`; writes `{"port":…}` on standard output when it is ready.
 */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { projectRoot } from '../../lib/project.mjs';
import { onlyRun } from '../stores/bench-stores.mjs';

const require = createRequire(import.meta.url);
const { InferenceSession, Tensor } = require('onnxruntime-node');
const sharp = require('sharp');
const { cleanText } = require(join(projectRoot, 'dist', 'codec', 'text', 'text-cleaning.js'));

const decoders = {
  binary: decodeBinary,
  'multi-class': decodeClass,
  'multi-label': decodeLabels,
  regression: decodeNumber,
};
const predictors = new Map();
for (const store of process.argv.slice(2)) {
  for (const model of readdirSync(store)) {
    const path = `/models/${model}/predictions`;
    if (!predictors.has(path)) predictors.set(path, await load(store, model));
  }
}

async function load(store, model) {
  const { run, file } = onlyRun(store, model);
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const { tensors } = run.encode;
  const encode = encoderOf(run.encode, tensors[0]);
  const decode = decoders[run.decode.kind](run);
  return async (inputs) => {
    const { feed, texts } = await encode(inputs);
    const output = (await session.run(feed))[run.decode.tensor];
    const predictions = inputs.map((row, i) => decode(output, i, row, texts?.[i]));
    return { model, run_id: run.run_id, predictions };
  };
}

function encoderOf({ prepare }, tensor) {
  if (prepare) return encodeTexts(tensor);
  return tensor.kind === 'one-of' ? encodePictures(tensor) : encodeNumbers(tensor);
}

/** Pixels as numbers, or grey images of the model's own size, decoded here one after the other. */
function encodePictures({ tensor, of: [image, array] }) {
  const { shape, divide } = array;
  const size = image.width * image.height;
  return async (rows) => {
    const data = new Float32Array(rows.length * size);
    for (const [i, row] of rows.entries()) {
      const encoded = row[image.field];
      const values = encoded
        ? await sharp(Buffer.from(encoded, 'base64')).toColourspace('b-w').raw().toBuffer()
        : row[array.field].flat();
      const scale = encoded ? 255 : divide;
      for (let at = 0; at < size; at++) data[i * size + at] = values[at] / scale;
    }
    return { feed: { [tensor]: new Tensor('float32', data, [rows.length, ...shape]) } };
  };
}

/** One array field as it is, or columns of numbers and one-hot categories, as run.json of the shipped runs uses them. */
function encodeNumbers({ tensor, columns, shape, field }) {
  if (shape) {
    const [width] = shape;
    return (rows) => {
      const data = new Float32Array(rows.length * width);
      rows.forEach((row, i) => data.set(row[field], i * width));
      return { feed: { [tensor]: new Tensor('float32', data, [rows.length, width]) } };
    };
  }
  const cells = columns.flatMap(({ kind, field: name, values }) =>
    kind === 'number' ? [(row) => row[name]] : values.map((value) => (row) => (row[name] === value ? 1 : 0)),
  );
  return (rows) => {
    const data = new Float32Array(rows.length * cells.length);
    let at = 0;
    for (const row of rows) for (const cell of cells) data[at++] = cell(row);
    return { feed: { [tensor]: new Tensor('float32', data, [rows.length, cells.length]) } };
  };
}

function encodeTexts({ tensor, rank }) {
  return (rows) => {
    const texts = rows.map(({ text }) => cleanText(text));
    return { texts, feed: { [tensor]: new Tensor('string', texts, rank === 1 ? [rows.length] : [rows.length, 1]) } };
  };
}

function decodeBinary({ decode: { labels, field, probability_field: probabilityField, threshold = 0.5 } }) {
  return ({ data, dims }, i) => {
    const width = dims[1] ?? 1;
    const probability = data[i * width + width - 1];
    return { [field]: labels[probability >= threshold ? 1 : 0], [probabilityField]: probability };
  };
}

function decodeLabels({ decode: { labels, field, threshold } }) {
  return ({ data }, i, { text }, cleaned) => ({
    input_text: text,
    preprocessed_text: cleaned,
    [field]: labels.filter((_label, column) => data[i * labels.length + column] >= threshold),
  });
}

function decodeClass({ decode: { labels, field, probability_field: probabilityField } }) {
  return ({ data }, i) => {
    const row = data.subarray(i * labels.length, (i + 1) * labels.length);
    const probability = Math.max(...row);
    return { [field]: labels[row.indexOf(probability)], [probabilityField]: probability };
  };
}

function decodeNumber({ decode: { fields } }) {
  return ({ data }, i) => ({ [fields[0]]: data[i] });
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    const predict = predictors.get(request.url);
    const status = predict ? 200 : 404;
    const data = predict ? await predict(JSON.parse(Buffer.concat(chunks).toString()).inputs) : {};
    const body = JSON.stringify({ data });
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
