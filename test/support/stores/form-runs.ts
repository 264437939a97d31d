import type { DecodeSpec } from '../../../src/domain/decode-spec.js';
import type { Run } from '../../../src/domain/run.js';
import type { OutputFieldSchema } from '../../../src/domain/signature.js';
import type { JsonObject } from '../../../src/lib/json/json.js';

/** A way in which a run of the fixture `onnx-forms` answers, and what it answers to `FORM_ROWS`. */
export interface FormCase {
  readonly what: string;
  readonly decode: DecodeSpec;
  readonly properties: Readonly<Record<string, OutputFieldSchema>>;
  readonly outputs: readonly JsonObject[];
}

/** Rows of the fixture `onnx-forms`, which gives their three numbers back in many forms. */
export const FORM_ROWS: readonly JsonObject[] = [
  { a: 1, b: 0.25, c: 0.5 },
  { a: 0, b: 0.75, c: 0 },
  { a: 2, b: 0.5, c: -1 },
];

const number: OutputFieldSchema = { type: ['number', 'null'] };
const numbers: OutputFieldSchema = { type: 'array', items: number };

/** Every kind of decoding with every type that its output fields can have. */
export const FORM_CASES: readonly FormCase[] = [
  {
    what: 'two classes, as numbers',
    decode: { kind: 'binary', tensor: 'flat', labels: [0, 1], threshold: 1, field: 'label', probability_field: 'p' },
    properties: { label: { type: 'integer', enum: [0, 1] }, p: number },
    outputs: [
      { label: 1, p: 1 },
      { label: 0, p: 0 },
      { label: 1, p: 2 },
    ],
  },
  {
    what: 'two classes, as truth values',
    decode: { kind: 'binary', tensor: 'single', labels: [false, true], field: 'label' },
    properties: { label: { type: 'boolean' } },
    outputs: [{ label: true }, { label: false }, { label: true }],
  },
  {
    what: 'several classes, as texts',
    decode: {
      kind: 'multi-class',
      tensor: 'table',
      labels: ['a', 'b', 'c'],
      field: 'label',
      probability_field: 'p',
      probabilities_field: 'all',
      on_request: ['all'],
    },
    properties: {
      label: { type: ['string', 'null'] },
      p: number,
      all: { type: 'object', additionalProperties: number },
    },
    outputs: [
      { label: 'a', p: 1, all: { a: 1, b: 0.25, c: 0.5 } },
      { label: 'b', p: 0.75, all: { a: 0, b: 0.75, c: 0 } },
      { label: 'a', p: 2, all: { a: 2, b: 0.5, c: -1 } },
    ],
  },
  {
    what: 'several classes, of several types',
    decode: {
      kind: 'multi-class',
      tensor: 'table',
      labels: ['a', 2, true],
      field: 'label',
      probabilities_field: 'all',
    },
    properties: {
      label: { type: ['string', 'integer', 'boolean', 'null'] },
      all: {
        type: 'object',
        properties: { a: number, 2: number, true: number },
        required: ['a', '2', 'true'],
        additionalProperties: false,
      },
    },
    outputs: [
      { label: 'a', all: { a: 1, 2: 0.25, true: 0.5 } },
      { label: 2, all: { a: 0, 2: 0.75, true: 0 } },
      { label: 'a', all: { a: 2, 2: 0.5, true: -1 } },
    ],
  },
  {
    what: 'several labels',
    decode: {
      kind: 'multi-label',
      tensor: 'table',
      labels: ['a', 'b', 'c'],
      threshold: 0.5,
      field: 'labels',
      probabilities_field: 'all',
    },
    properties: {
      labels: { type: 'array', items: { type: 'string' } },
      all: { type: 'object', additionalProperties: { type: 'number' } },
    },
    outputs: [
      { labels: ['a', 'c'], all: { a: 1, b: 0.25, c: 0.5 } },
      { labels: ['b'], all: { a: 0, b: 0.75, c: 0 } },
      { labels: ['a', 'b'], all: { a: 2, b: 0.5, c: -1 } },
    ],
  },
  {
    what: 'numbers',
    decode: { kind: 'regression', tensor: 'table', fields: ['x', 'y', 'z'], multiply: 2, add: 1 },
    properties: { x: { type: 'integer' }, y: number, z: { type: 'number' } },
    outputs: [
      { x: 3, y: 1.5, z: 2 },
      { x: 1, y: 2.5, z: 1 },
      { x: 5, y: 2, z: -1 },
    ],
  },
  {
    what: 'tensors of every type',
    decode: {
      kind: 'tensors',
      fields: { whole: 'whole', flag: 'flag', text: 'text', one: 'single', list: 'table', grid: 'grid' },
      single: ['one'],
    },
    properties: {
      whole: { type: 'integer' },
      flag: { type: 'boolean' },
      text: { type: 'string' },
      one: { type: 'number' },
      list: numbers,
      grid: { type: 'array', items: numbers },
    },
    outputs: [
      { whole: 1, flag: true, text: 'b', one: 1, list: [1, 0.25, 0.5], grid: [[1, 0.25, 0.5]] },
      { whole: 0, flag: false, text: 'a', one: 0, list: [0, 0.75, 0], grid: [[0, 0.75, 0]] },
      { whole: 2, flag: true, text: 'c', one: 2, list: [2, 0.5, -1], grid: [[2, 0.5, -1]] },
    ],
  },
  {
    what: 'several labels, each with a threshold of its own',
    decode: { kind: 'multi-label', tensor: 'table', labels: ['a', 'b', 'c'], threshold: [1, 0.5, 0], field: 'labels' },
    properties: { labels: { type: 'array', items: { type: 'string' } } },
    outputs: [{ labels: ['a', 'c'] }, { labels: ['b', 'c'] }, { labels: ['a', 'b'] }],
  },
  {
    what: 'the best labels with their scores',
    decode: { kind: 'top-k', tensor: 'table', labels: ['a', 2, true], k: 2, field: 'best' },
    properties: {
      best: {
        type: ['array', 'null'],
        items: {
          type: 'object',
          properties: { label: { type: ['string', 'integer', 'boolean'] }, score: number },
          required: ['label', 'score'],
        },
      },
    },
    outputs: [
      {
        best: [
          { label: 'a', score: 1 },
          { label: true, score: 0.5 },
        ],
      },
      {
        best: [
          { label: 2, score: 0.75 },
          { label: 'a', score: 0 },
        ],
      },
      {
        best: [
          { label: 'a', score: 2 },
          { label: 2, score: 0.5 },
        ],
      },
    ],
  },
  {
    what: 'a vector of length 1',
    decode: { kind: 'embedding', tensor: 'table', normalize: true, field: 'vector' },
    properties: { vector: { ...numbers, minItems: 3, maxItems: 3 } },
    outputs: [
      { vector: [0.8728716, 0.2182179, 0.4364358] },
      { vector: [0, 1, 0] },
      { vector: [0.8728716, 0.2182179, -0.4364358] },
    ],
  },
  {
    what: 'a vector that is the mean of tokens',
    decode: { kind: 'embedding', tensor: 'states', pooling: 'mean', mask: 'x', field: 'vector' },
    properties: { vector: { type: 'array', items: { type: 'number' } } },
    // Numbers weigh themselves here: sum of squares by sum.
    outputs: [{ vector: [0.75, -0.75] }, { vector: [0.75, -0.75] }, { vector: [3.5, -3.5] }],
  },
  {
    what: 'a vector that is the first token',
    decode: { kind: 'embedding', tensor: 'states', pooling: 'cls', field: 'vector' },
    properties: { vector: { type: 'array', items: { type: 'number' } } },
    outputs: [{ vector: [1, -1] }, { vector: [0, 0] }, { vector: [2, -2] }],
  },
  {
    what: 'an interval and what lies between, from columns and a tensor of its own',
    decode: {
      kind: 'interval',
      tensor: 'table',
      low: 2,
      high: 'flat',
      field: 'range',
      value: 1,
      value_field: 'middle',
      multiply: 10,
    },
    properties: {
      range: {
        type: 'object',
        properties: { low: number, high: number },
        required: ['low', 'high'],
        additionalProperties: false,
      },
      middle: number,
    },
    outputs: [
      { range: { low: 5, high: 10 }, middle: 2.5 },
      { range: { low: 0, high: 0 }, middle: 7.5 },
      { range: { low: -10, high: 20 }, middle: 5 },
    ],
  },
  {
    what: 'several heads',
    decode: {
      kind: 'heads',
      heads: [
        { kind: 'multi-class', tensor: 'table', labels: ['a', 'b', 'c'], field: 'label', probabilities_field: 'all' },
        { kind: 'regression', tensor: 'single', fields: ['price'], add: 1 },
        { kind: 'tensors', fields: { box: 'grid', text: 'text' } },
        { kind: 'interval', tensor: 'table', low: 1, high: 0, field: 'range' },
      ],
      on_request: ['all'],
      primary: ['label', 'price'],
    },
    properties: {
      label: { type: 'string' },
      price: { type: 'number' },
      box: { type: 'array', items: numbers },
      text: { type: 'string' },
      range: { type: 'object', additionalProperties: number },
      all: { type: 'object', additionalProperties: number },
    },
    outputs: [
      {
        label: 'a',
        price: 2,
        box: [[1, 0.25, 0.5]],
        text: 'b',
        range: { low: 0.25, high: 1 },
        all: { a: 1, b: 0.25, c: 0.5 },
      },
      {
        label: 'b',
        price: 1,
        box: [[0, 0.75, 0]],
        text: 'a',
        range: { low: 0.75, high: 0 },
        all: { a: 0, b: 0.75, c: 0 },
      },
      {
        label: 'a',
        price: 3,
        box: [[2, 0.5, -1]],
        text: 'c',
        range: { low: 0.5, high: 2 },
        all: { a: 2, b: 0.5, c: -1 },
      },
    ],
  },
];

/** The run of a case, for `TestStore.addRun(model, name, run, 'onnx-forms')`. */
export function formRun({ decode, properties, outputs }: FormCase): Partial<Run> {
  const names = ['a', 'b', 'c'];
  return {
    signature: {
      input: {
        type: 'object',
        properties: Object.fromEntries(names.map((name) => [name, { type: 'number' }])),
        required: names,
      },
      output: {
        type: 'object',
        properties,
        required: Object.keys(properties).filter((name) => !decode.on_request?.includes(name)),
      },
    },
    encode: {
      tensors: [
        {
          kind: 'columns',
          tensor: 'x',
          dtype: 'float32',
          columns: names.map((field) => ({ kind: 'number', field })),
        },
      ],
    },
    decode,
    examples: FORM_ROWS.map((input, i) => ({ input, output: outputs[i]! })),
  };
}
