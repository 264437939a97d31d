import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { EncodeSpec, TokenizerEncoding } from '../../../src/domain/encode-spec.js';
import type { Run } from '../../../src/domain/run.js';
import type { TestStore } from './build-store.js';

const FIXTURES = join(__dirname, '..', '..', 'fixtures');
const TOKENIZER = readFileSync(join(FIXTURES, 'tokenizers', 'wordpiece.json'), 'utf8');

/** Images by file name, in base64: test/fixtures/images/make-images.py. */
export const images = (
  JSON.parse(readFileSync(join(FIXTURES, 'images', 'cases.json'), 'utf8')) as { images: Record<string, string> }
).images;

const number = { type: ['number', 'null'] } as const;

/** Fixture `onnx-colours`: the mean red, green and blue of an image, each from 0 to 1. */
export const colourRun: Partial<Run> = {
  signature: {
    input: {
      type: 'object',
      properties: {
        photo: { type: 'string', format: 'image', contentEncoding: 'base64', contentMediaType: 'image/png' },
      },
      required: ['photo'],
    },
    output: { type: 'object', properties: { red: number, green: number, blue: number } },
  },
  encode: {
    tensors: [
      {
        kind: 'image',
        dtype: 'float32',
        field: 'photo',
        width: 4,
        height: 4,
        channels: 3,
        resize: { filter: 'bilinear' },
      },
    ],
  },
  decode: { kind: 'regression', tensor: 'y', fields: ['red', 'green', 'blue'] },
  examples: [
    { input: { photo: images['colour.png']! }, output: {} },
    { input: { photo: images['grey.jpg']! }, output: {} },
  ],
};

/** How the fixtures of tokens split texts. */
export function tokenEncoding(more: Partial<TokenizerEncoding> = {}): EncodeSpec {
  const sha256 = createHash('sha256').update(TOKENIZER).digest('hex');
  const tensors = { input_ids: 'input_ids', attention_mask: 'attention_mask', token_type_ids: 'token_type_ids' };
  return {
    tensors: [
      {
        kind: 'tokenizer',
        field: 'text',
        tokenizer: { path: 'tokenizer.json', sha256 },
        max_length: 12,
        padding: 'longest',
        tensors,
        ...more,
      },
    ],
  };
}

/** Fixture `onnx-tokens`: the sum of the ids of a text's tokens. */
export const tokenRun: Partial<Run> = {
  signature: {
    input: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
    output: { type: 'object', properties: { sum: number } },
  },
  encode: tokenEncoding(),
  examples: [
    { input: { text: 'The bright small model.' }, output: {} },
    { input: { text: 'rain' }, output: {} },
  ],
};

/** Adds a run with the tokenizer that `tokenEncoding` names. */
export function addTokenRun(
  store: TestStore,
  model: string,
  name: string,
  run: Partial<Run> = {},
  fixture = 'onnx-tokens',
): void {
  store.addRun(model, name, { ...tokenRun, ...run }, fixture).write(`${model}/runs/${name}/tokenizer.json`, TOKENIZER);
}
