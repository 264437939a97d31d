import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonObject } from '../../../src/lib/json/json.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { ask } from '../../support/http/ask.js';
import { images } from '../../support/stores/preprocessed-runs.js';

const PATH = '/models/written-digits/predictions';
const run = JSON.parse(
  readFileSync(join(__dirname, '../../../models/written-digits/runs/conv-net/run.json'), 'utf8'),
) as { examples: { input: JsonObject; output: JsonObject }[] };
const exampleOf = (field: string) => run.examples.find(({ input }) => field in input)!;
const [image, pixels] = [exampleOf('image'), exampleOf('pixels')];
const choice = { msg: "give exactly one of 'image' or 'pixels'", type: 'value_error.one_of' };

describe('the digits', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await createTestApp();
  });
  afterAll(() => app.close());

  const predict = (...inputs: object[]) => ask(app.baseUrl, PATH, { method: 'POST', body: { inputs } });

  it('are read from images and from numbers, in one request, in their order', async () => {
    const { status, json } = await predict(pixels.input, image.input, image.input, pixels.input);

    expect(status).toBe(200);
    expect(json.data.predictions.map(({ digit }: JsonObject) => digit)).toEqual(
      [pixels, image, image, pixels].map(({ output }) => output.digit),
    );
    expect(json.data.predictions[1].probability).toBeCloseTo(image.output.probability as number, 4);
    expect(json.data.predictions[3].probability).toBeCloseTo(pixels.output.probability as number, 4);
  });

  it('are read from an image of another size and with colours', async () => {
    const { status, json } = await predict({ image: images['colour.png'] });

    expect([status, json.data.predictions.length]).toEqual([200, 1]);
  });

  it('need exactly one of image and pixels', async () => {
    const { status, json } = await predict({}, pixels.input, { ...pixels.input, ...image.input });

    expect(status).toBe(422);
    expect(json.detail).toMatchObject([
      { loc: ['body', 'inputs', 0], ...choice },
      { loc: ['body', 'inputs', 2], ...choice },
    ]);
  });

  it('name the row of a broken image, among rows of numbers', async () => {
    const { status, json } = await predict(pixels.input, image.input, pixels.input, {
      image: 'iVBORw0KGgoAAAANSUhEUg==',
    });

    expect(status).toBe(422);
    expect(json.detail.map(({ loc }: { loc: unknown }) => loc)).toEqual([['body', 'inputs', 3, 'image']]);
  });

  it('come as numbers in an address, and an image is refused there with what to do', async () => {
    const numbers = await ask(app.baseUrl, `${PATH}?pixels=${JSON.stringify(pixels.input.pixels)}`);
    const picture = await ask(app.baseUrl, `${PATH}?image=${encodeURIComponent(image.input.image as string)}`);

    expect(numbers.json.data.predictions[0].digit).toBe(pixels.output.digit);
    expect(picture.status).toBe(422);
    expect(picture.json.detail).toEqual([
      {
        loc: ['query', 'image'],
        msg: 'an image is too long for an address: send it in the body of a POST',
        type: 'value_error.image.query',
      },
    ]);
  });

  it('are described with both ways, an example of each, and the choice between them', async () => {
    const { json } = await ask(app.baseUrl, '/openapi.json');
    const { post, get } = json.paths[PATH];
    const [row] = Object.values(json.components.schemas as Record<string, JsonObject>).filter(({ oneOf }) => oneOf);
    const { several_rows: several } = post.requestBody.content['application/json'].examples;

    expect(row).toMatchObject({ oneOf: [{ required: ['image'] }, { required: ['pixels'] }] });
    expect(row!.description).toContain('Give exactly one of `image` or `pixels`.');
    expect(several.value.inputs.flatMap(Object.keys)).toEqual(expect.arrayContaining(['image', 'pixels']));
    expect(get.parameters.map(({ name }: { name: string }) => name)).toEqual(['pixels', 'include']);
  });
});
