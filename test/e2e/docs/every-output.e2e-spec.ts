import { ask } from '../../support/http/ask.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import type { Json } from '../../support/http/get-json.js';
import { resolveRef, schemaChecker } from '../../support/docs/open-api.js';
import { TestStore } from '../../support/stores/build-store.js';
import { FORM_CASES, FORM_ROWS, formRun } from '../../support/stores/form-runs.js';

const named = FORM_CASES.map((form, i) => ({ ...form, model: `form-${i}` }));

describe('models with every kind of output field', () => {
  const store = new TestStore();
  let app: TestApp;
  let document: Json;
  let collection: Json;

  beforeAll(async () => {
    for (const form of named)
      store.addModel(form.model).addRun(form.model, `${form.model}-run`, formRun(form), 'onnx-forms');
    app = await createTestApp({ MODELS_DIR: store.folder });
    document = (await ask(app.baseUrl, '/openapi.json')).json;
    collection = (await ask(app.baseUrl, '/postman.json')).json;
  });
  afterAll(async () => {
    await app.close();
    store.remove();
  });

  it.each(named)('answer as the document says, and show it: $what', async ({ model, decode }) => {
    const path = `/models/${model}/predictions`;
    const body = { inputs: FORM_ROWS, include: decode.on_request ?? [] };
    const { status, json } = await ask(app.baseUrl, path, { method: 'POST', body });
    expect(status).toBe(200);

    const { post } = document.paths[path];
    const media = resolveRef(document, post.responses['200']).content['application/json'];
    const check = schemaChecker(document);
    expect(check(media.schema, json)).toBe('');
    const examples = Object.values<Json>(media.examples ?? {});
    expect(examples.length).toBeGreaterThan(0);
    for (const { value } of examples) expect(check(media.schema, value)).toBe('');
    expect(JSON.stringify(collection)).toContain(model);
    const single = await ask(app.baseUrl, path, { method: 'POST', body: { ...body, inputs: FORM_ROWS.slice(0, 1) } });
    expect(single.json.data.predictions).toEqual(json.data.predictions.slice(0, 1));
  });
});
