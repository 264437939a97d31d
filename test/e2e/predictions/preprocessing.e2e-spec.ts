import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { createManagedApp, refresh } from '../../support/http/admin.js';
import { ask } from '../../support/http/ask.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import type { Json } from '../../support/http/get-json.js';
import { TestStore } from '../../support/stores/build-store.js';
import type { Run } from '../../../src/domain/run.js';
import { addTokenRun, colourRun, images, tokenEncoding } from '../../support/stores/preprocessed-runs.js';

const python = (
  JSON.parse(readFileSync(join(__dirname, '..', '..', 'fixtures', 'tokenizers', 'cases.json'), 'utf8')) as {
    cases: Record<
      string,
      { texts: { text: string; ids: number[] | null; input_ids: number[]; attention_mask: number[] }[] }
    >;
  }
).cases.wordpiece!.texts;
/** `colourRun` from an image or its pixels, beside a number. */
const eitherRun: Partial<Run> = {
  ...colourRun,
  signature: {
    input: {
      type: 'object',
      properties: {
        photo: { type: 'string', format: 'image' },
        pixels: { type: 'array', items: { type: 'array', items: { type: 'array', items: { type: 'number' } } } },
        factor: { type: 'integer', maximum: 255 },
      },
      required: ['factor'],
      oneOf: [{ required: ['photo'] }, { required: ['pixels'] }],
    },
    output: colourRun.signature!.output,
  },
  encode: {
    tensors: [
      {
        kind: 'one-of',
        of: [
          {
            kind: 'image',
            dtype: 'float32',
            field: 'photo',
            width: 4,
            height: 4,
            channels: 3,
            resize: { filter: 'box' },
          },
          { kind: 'array', dtype: 'float32', field: 'pixels', shape: [3, 4, 4] },
        ],
      },
    ],
  },
  examples: [{ input: { photo: images['colour.png']!, factor: 1 }, output: {} }],
};

/** What the model makes of the tokens that Python made. */
const sumOf = ({ input_ids: ids, attention_mask: mask }: (typeof python)[number]): number =>
  ids.reduce((sum, id, i) => sum + id * mask[i]!, 0);

describe('a model that takes images, and one that takes texts for a tokenizer', () => {
  const store = new TestStore().addModel('colours').addRun('colours', 'colours-1', colourRun, 'onnx-colours');
  let app: TestApp;
  beforeAll(async () => {
    store
      .addModel('texts')
      .addModel('unmasked')
      .addModel('either')
      .addRun('either', 'either-1', eitherRun, 'onnx-colours');
    addTokenRun(store, 'texts', 'texts-1', { metrics: { f1: 0.5 } });
    const encode = tokenEncoding({ tensors: { input_ids: 'input_ids' } });
    addTokenRun(store, 'unmasked', 'unmasked-1', { encode }, 'onnx-tokens-unmasked');
    app = await createManagedApp(store);
  });
  afterAll(async () => {
    await app.close();
    store.remove();
  });

  const predict = (model: string, inputs: unknown[]) =>
    ask(app.baseUrl, `/models/${model}/predictions`, { method: 'POST', body: { inputs } });
  const answersOf = async (model: string, inputs: object[]): Promise<Json[]> =>
    (await predict(model, inputs)).json.data.predictions as Json[];

  it("answers with Python's tokens, for one text as for many of different lengths together", async () => {
    const together = await answersOf(
      'texts',
      python.map(({ text }) => ({ text })),
    );
    const alone = await Promise.all(python.map(({ text }) => answersOf('texts', [{ text }])));

    expect(together.map(({ sum }) => sum)).toEqual(python.map(sumOf));
    expect(alone.map(([answer]) => answer.sum)).toEqual(python.map(sumOf));
  });

  it('fills no row up whose model does not know that it is filled', async () => {
    const rows = python.filter(({ ids }) => ids && ids.length <= 12);
    const means = rows.map(({ ids }) => ids!.reduce((sum, id) => sum + id, 0) / ids!.length);

    const together = await answersOf(
      'unmasked',
      rows.map(({ text }) => ({ text })),
    );

    together.forEach(({ sum }, i) => expect(sum).toBeCloseTo(means[i]!, 3));
    const { warnings } = (await ask(app.baseUrl, '/runs/unmasked-1')).json.data.verdict;
    expect(warnings.map(({ code }: Json) => code)).toContain('ROWS_ONE_BY_ONE');
  });

  it('answers for an image, bare or as a data URL', async () => {
    const [one, other, grey] = await answersOf('colours', [
      { photo: images['colour.png'] },
      { photo: `data:image/png;base64,${images['colour.png']}` },
      { photo: images['grey.png'] },
    ]);

    expect(one.red).toBeGreaterThan(0.2);
    expect(other).toEqual(one);
    expect(grey.red).toBe(grey.blue);
  });

  it('names the row and the field of an image that is none, and computes nothing', async () => {
    const cut = images['colour.jpg']!.slice(0, 400);
    const { status, json } = await predict('colours', [
      { photo: images['colour.png'] },
      { photo: cut },
      { photo: 'x' },
    ]);

    expect([status, json.detail]).toEqual([
      422,
      [
        { loc: ['body', 'inputs', 1, 'photo'], msg: 'the image is broken or incomplete', type: 'value_error.image' },
        {
          loc: ['body', 'inputs', 2, 'photo'],
          msg: 'value is not a PNG or JPEG image in base64',
          type: 'value_error.image',
        },
      ],
    ]);
  });

  it('names what is wrong with images and with everything else of all rows in one answer, row by row', async () => {
    const cut = images['colour.jpg']!.slice(0, 400);
    const { status, json } = await predict('either', [
      { photo: cut, factor: 1 },
      { photo: images['colour.png'], factor: 'x' },
      { photo: cut, factor: 'y' },
      { photo: 7, factor: 1 },
      'no row',
      { photo: cut, factor: 300 },
    ]);

    expect(status).toBe(422);
    expect(json.detail.map(({ loc, type }: Json) => [loc.slice(2).join('.'), type])).toEqual([
      ['0.photo', 'value_error.image'],
      ['1.factor', 'type_error.integer'],
      ['2.factor', 'type_error.integer'],
      ['2.photo', 'value_error.image'],
      ['3.photo', 'type_error.str'],
      ['4', 'type_error.dict'],
      ['5.factor', 'value_error.number.not_le'],
      ['5.photo', 'value_error.image'],
    ]);
    const encoded = await predict('either', [
      { pixels: [[[1]]], factor: 1 },
      { photo: cut, factor: 1 },
    ]);
    expect(encoded.json.detail.map(({ loc, type }: Json) => [loc.slice(2).join('.'), type])).toEqual([
      ['0.pixels', 'value_error.list.min_items'],
      ['1.photo', 'value_error.image'],
    ]);
  });

  it('names a text that is too long', async () => {
    const { status, json } = await predict('texts', [{ text: 'a' }, { text: 'word '.repeat(5_000) }]);

    expect(status).toBe(422);
    expect(json.detail).toMatchObject([{ loc: ['body', 'inputs', 1, 'text'], ctx: { limit_value: 20_000 } }]);
  });

  it('answers other requests while it splits long texts', async () => {
    const long = { text: 'the bright small model '.repeat(800) };
    const order: string[] = [];
    const slow = answersOf(
      'texts',
      Array.from({ length: 40 }, () => long),
    ).then(() => order.push('texts'));
    const quick = ask(app.baseUrl, '/livez').then(() => order.push('livez'));

    await Promise.all([slow, quick]);

    expect(order).toEqual(['livez', 'texts']);
  });

  it('is documented: an image is a text in base64', async () => {
    const { json } = await ask(app.baseUrl, '/models/colours/schema');

    expect(json.data.input.properties.photo).toMatchObject({
      type: 'string',
      format: 'image',
      contentEncoding: 'base64',
    });
    expect(JSON.stringify((await ask(app.baseUrl, '/openapi.json')).json)).toContain('"contentEncoding":"base64"');
  });

  it('is replaced by a better run, which repeats the examples of the one before', async () => {
    addTokenRun(store, 'texts', 'texts-2', { metrics: { f1: 0.9 }, encode: tokenEncoding({ padding: 'max_length' }) });
    const requests = Array.from({ length: 20 }, () => predict('texts', [{ text: 'rain' }]));
    await refresh(app);

    expect((await Promise.all(requests)).map(({ status }) => status)).toEqual(requests.map(() => 200));
    const { json } = await predict('texts', [{ text: 'rain' }]);
    expect(json.data.run_id).toBe('texts-2');
    expect(json.data.predictions[0].sum).toBe((await answersOf('texts', [{ text: 'rain' }]))[0].sum);
  });

  it('is refused when its tokenizer is not the one that was trained with', async () => {
    addTokenRun(store, 'texts', 'texts-3', { metrics: { f1: 0.95 } });
    store.write('texts/runs/texts-3/tokenizer.json', '{}');
    await refresh(app);

    const { verdict } = (await ask(app.baseUrl, '/runs/texts-3')).json.data;
    expect(verdict.reasons.map(({ code }: Json) => code)).toEqual(['CHECKSUM_MISMATCH']);
  });
});
