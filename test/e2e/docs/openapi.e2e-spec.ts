import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { FieldSchema } from '../../../src/domain/signature.js';
import type { Run } from '../../../src/domain/run.js';
import { DocsService } from '../../../src/docs/docs.service.js';
import { ask } from '../../support/http/ask.js';
import { TestStore, sumEncoding } from '../../support/stores/build-store.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import type { Json } from '../../support/http/get-json.js';
import {
  exampleAddress,
  firstExample,
  listOperations,
  resolveRef,
  schemaChecker,
} from '../../support/docs/open-api.js';
import type { TestOperation } from '../../support/docs/open-api.js';

const ROOT = join(__dirname, '..', '..', '..');
const JSON_TYPE = 'application/json';

/** Runs the linter, offline; gives its report. */
function lint(documents: readonly Json[]): { status: number | null; report: string } {
  const folder = mkdtempSync(join(tmpdir(), 'bestrun-lint-'));
  const files = documents.map((document, i) => {
    const file = join(folder, `document-${i}.json`);
    writeFileSync(file, JSON.stringify(document));
    return file;
  });
  const cli = join(ROOT, 'node_modules', '@redocly', 'cli', 'bin', 'cli.js');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [cli, 'lint', ...files, '--config', join(ROOT, 'redocly.yaml'), '--format', 'json'],
    { encoding: 'utf8', env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' } },
  );
  rmSync(folder, { recursive: true });
  return { status, report: stdout || stderr };
}

describe('the API document of the shipped models', () => {
  let app: TestApp;
  let document: Json;
  let operations: TestOperation[];

  beforeAll(async () => {
    app = await createTestApp();
    document = (await ask(app.baseUrl, '/openapi.json')).json;
    operations = listOperations(document);
  });
  afterAll(() => app.close());

  it('is OpenAPI 3.1 with title, licence, version and a server', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({ title: 'bestrun', license: { identifier: 'MIT' } });
    expect(document.info.version).toBe(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version);
    expect(document.servers).toEqual([{ url: '/', description: 'This server' }]);
    expect(Object.keys(document.components.securitySchemes)).toEqual(['ApiKeyHeader']);
  });

  it('has no problem in the eyes of the linter', () => {
    const { status, report } = lint([document]);

    expect(JSON.parse(report).totals).toMatchObject({ errors: 0, warnings: 0 });
    expect(status).toBe(0);
  });

  it('is the committed docs/openapi.json (npm run openapi writes it)', () => {
    const committed = JSON.parse(readFileSync(join(ROOT, 'docs', 'openapi.json'), 'utf8'));

    expect(document).toEqual(committed);
  });

  it('lists every live route and no other', () => {
    const models = Object.keys(document.paths).filter((path) => /^\/models\/[^{]+\/predictions$/.test(path));
    const live = liveRoutes(app).flatMap((route) =>
      route.includes('/models/{model}/predictions')
        ? models.map((path) => route.replace('/models/{model}/predictions', path))
        : [route],
    );

    expect(operations.map(({ name }) => name).sort()).toEqual(live.sort());
  });

  it('gives every operation a unique id, a summary, a known section and its errors', () => {
    const ids = operations.map(({ operation }) => operation.operationId as string);
    const sections = document.tags.map(({ name }: Json) => name);

    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, operation } of operations) {
      expect([name, operation.summary]).toEqual([name, expect.stringMatching(/\S/)]);
      expect(sections).toContain(operation.tags[0]);
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['200', '500']));
    }
  });

  it('has the sections of the API, described', () => {
    expect(document.tags.map(({ name }: Json) => name)).toEqual([
      'General',
      'Models',
      'Runs',
      'Prediction',
      'Parameters',
      'Performance',
      'Operation',
      'Documentation',
    ]);
    expect(document.tags.every(({ description }: Json) => description.length > 0)).toBe(true);
  });

  it('leaves no answer without schema and example, and every example fits its schema', () => {
    const check = schemaChecker(document);
    for (const { name, operation } of operations) {
      for (const [status, response] of Object.entries<Json>(operation.responses)) {
        for (const [type, media] of Object.entries<Json>(resolveRef(document, response).content ?? {})) {
          const location = `${name} ${status} ${type}`;
          expect([location, isEmptySchema(document, media.schema)]).toEqual([location, false]);
          const examples = media.examples
            ? Object.values<Json>(media.examples).map(({ value }) => value)
            : [media.example];
          expect([location, examples.length > 0 && examples.every((example) => example !== undefined)]).toEqual([
            location,
            true,
          ]);
          for (const example of examples) expect([location, check(media.schema, example)]).toEqual([location, '']);
        }
      }
    }
  });

  it('writes no default into bodies and fields: a generator of TypeScript types makes what has one required', () => {
    const withDefault = (schema: Json, place: string): string[] => [
      ...(schema.default === undefined ? [] : [place]),
      ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
        withDefault(field as Json, `${place}.${name}`),
      ),
      ...(schema.items ? withDefault(schema.items, `${place}[]`) : []),
    ];
    const found = Object.entries(document.components.schemas).flatMap(([name, schema]) =>
      withDefault(schema as Json, name),
    );

    expect(found).toEqual([]);
    expect(document.components.schemas.PredictionsRequestDto.properties.shape.description).toContain('`rows` unless');
  });

  it('says of every body that refuses unknown members that it does', () => {
    const { schemas } = document.components;
    const closed = ['PredictionsRequestDto', 'PinRequestDto', 'RollbackRequestDto', 'RefreshRequestDto'];

    expect(closed.map((name) => schemas[name].additionalProperties)).toEqual(closed.map(() => false));
  });

  it('gives every path parameter an example', () => {
    const parameters = operations.flatMap(({ name, operation }) =>
      (operation.parameters ?? []).map((parameter: Json) => ({ name, ...parameter })),
    );

    expect(parameters.filter((parameter) => parameter.in === 'path' && parameter.example === undefined)).toEqual([]);
  });

  it('describes what every GET really answers', async () => {
    const check = schemaChecker(document);
    for (const entry of operations.filter(({ method }) => method === 'GET')) {
      const media = entry.operation.responses[200].content;
      if (!media[JSON_TYPE]) continue;
      const { status, json } = await ask(app.baseUrl, exampleAddress(entry));

      expect([entry.name, status, check(media[JSON_TYPE].schema, json)]).toEqual([entry.name, 200, '']);
    }
  });

  it('shows bodies that work, and answers that are the real ones', async () => {
    const check = schemaChecker(document);
    // Those that need the operator's key change which run serves: tests of their own show them.
    for (const entry of operations.filter(({ operation }) => operation.requestBody && !operation.security)) {
      const { examples, example, schema } = entry.operation.requestBody.content[JSON_TYPE];
      const bodies: [string, Json][] = examples
        ? Object.entries<Json>(examples).map(([key, { value }]) => [key, value])
        : [['', example ?? resolveRef(document, schema).example]];
      const answers = entry.operation.responses[200].content[JSON_TYPE];
      for (const [key, body] of bodies) {
        const { status, json } = await ask(app.baseUrl, exampleAddress(entry), { method: entry.method, body });

        expect([entry.name, key, status, check(answers.schema, json)]).toEqual([entry.name, key, 200, '']);
        const visible = answers.examples?.[key]?.value;
        if (visible) expect(rounded(json.data)).toEqual(rounded(visible.data));
      }
    }
  });

  it('shows the real answer to a row that breaks the contract', async () => {
    const responses = document.paths['/models/titanic-survival/predictions'].post.responses;
    const documented = responses[422].content[JSON_TYPE].examples.missing_field.value;

    const { json } = await ask(app.baseUrl, '/models/titanic-survival/predictions', {
      method: 'POST',
      body: { inputs: [{ sex: 'M' }] },
    });

    expect(documented.detail).toEqual([
      { loc: ['body', 'inputs', 0, 'age'], msg: 'field required', type: 'value_error.missing' },
    ]);
    expect(json.detail).toEqual(documented.detail);
  });

  it('takes each model’s fields from its signature, with unit, range and enum', () => {
    const { age, sex } = document.components.schemas.TitanicSurvivalInput.properties;

    expect(age).toMatchObject({ type: 'number', minimum: 0, maximum: 150, 'x-unit': 'years' });
    expect(age.description).toMatch(/Unit: years\. Range: 0 to 150\.$/);
    expect(sex.enum).toEqual(expect.arrayContaining(['M', 'F']));
    expect(document.paths['/models/titanic-survival/predictions'].post.operationId).toBe('predictTitanicSurvival');
  });

  it('marks fields that come on request only', () => {
    const { ProjectTagsOutput, ProjectTagsPredictionsRequest } = document.components.schemas;
    const parameters = document.paths['/models/project-tags/predictions'].get.parameters;

    expect(ProjectTagsOutput.required).not.toContain('probabilities');
    expect(ProjectTagsOutput.properties.probabilities.description).toContain('Only when `include` names');
    expect(ProjectTagsPredictionsRequest.properties.include.items.enum).toEqual(['probabilities', 'notes']);
    expect(parameters.map(({ name }: Json) => name)).toEqual(['text', 'include']);
  });

  it('shows two texts as the example of the payload for texts', () => {
    expect(document.components.schemas.PredictPayload.example).toEqual({
      texts: [
        { text: 'Transfer learning with transformers for self-supervised learning.' },
        { text: 'Generative adversarial networks in both PyTorch and TensorFlow.' },
      ],
    });
  });

  it('offers the fields of all models on GET /predict, none required, one model’s filled in', () => {
    const { parameters } = document.paths['/predict'].get;

    expect(parameters.map(({ name }: Json) => name)).toEqual(expect.arrayContaining(['age', 'sex', 'text']));
    expect(parameters.some(({ required }: Json) => required)).toBe(false);
    expect(parameters.find(({ name }: Json) => name === 'text')).not.toHaveProperty('example');
    expect(firstExample(document.paths['/predict'].put.requestBody.content[JSON_TYPE])).toEqual({ age: 10, sex: 'M' });
  });

  it('is the same again when it is asked for again', async () => {
    const docs = app.app.get(DocsService);

    expect(await docs.getDocument()).toBe(await docs.getDocument());
  });
});

describe('the API document of a store with odd names', () => {
  const names = ['x.1', '__proto__', 'a b', '13', 'include'];
  const number: FieldSchema = { type: 'number' };
  const values = (entries: readonly (readonly [string, unknown])[]) => Object.fromEntries(entries) as never;
  const oddRun = (): Partial<Run> => ({
    signature: {
      input: { type: 'object', properties: values(names.map((name) => [name, number])), required: names },
      output: { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] },
    },
    encode: sumEncoding({ kind: 'number', field: 'x.1' }, { kind: 'number', field: '__proto__' }),
    examples: [{ input: values(names.map((name, i) => [name, i + 1])), output: { sum: 3 } }],
  });
  let store: TestStore;
  let app: TestApp;
  let document: Json;

  beforeAll(async () => {
    store = new TestStore();
    for (const model of ['a-1', 'a1', '3d'])
      store.addModel(model).addRun(model, `${model}-run`, model === '3d' ? oddRun() : {});
    app = await createTestApp({ MODELS_DIR: store.folder });
    document = (await ask(app.baseUrl, '/openapi.json')).json;
  });
  afterAll(async () => {
    await app.close();
    store.remove();
  });

  it('keeps every field name', () => {
    const { parameters } = document.paths['/models/3d/predictions'].get;

    expect(Object.keys(document.components.schemas.Model3dInput.properties).sort()).toEqual([...names].sort());
    expect(parameters.map(({ name }: Json) => name).sort()).toEqual([...names].sort());
  });

  it('gives models that read alike different, legal component names', () => {
    const inputs = Object.keys(document.components.schemas).filter((name) => name.endsWith('Input'));

    expect(inputs).toEqual(['Model3dInput', 'A1Input', 'A1_2Input']);
    expect(Object.keys(document.components.schemas).filter((name) => !/^[A-Za-z][\w.-]*$/.test(name))).toEqual([]);
  });

  it('has no problem in the eyes of the linter', () => {
    const { report } = lint([document]);

    expect(JSON.parse(report).totals).toMatchObject({ errors: 0 });
  });

  it('still shows requests that work', async () => {
    for (const entry of listOperations(document).filter(({ path }) => path.startsWith('/models/3d/'))) {
      const body = entry.operation.requestBody && firstExample(entry.operation.requestBody.content[JSON_TYPE]);
      const { status, json } = await ask(app.baseUrl, exampleAddress(entry), { method: entry.method, body });

      expect([entry.name, status, json.data?.predictions]).toEqual([entry.name, 200, [{ sum: 3 }]]);
    }
  });

  it('shows no texts where no model takes any', () => {
    for (const path of ['/predict', '/prediction', '/runs/{run_id}/predict'])
      expect(document.paths[path].post.requestBody.content[JSON_TYPE]).toEqual({ schema: expect.anything() });
    expect(JSON.stringify(document.components.schemas.PredictPayload)).not.toContain('example');
  });

  it('says of the routes for texts that the default model takes none', () => {
    expect(document.paths['/predict'].post.description).toContain(
      'The model 3d takes no texts, so this answers 422 here.',
    );
  });
});

describe('the API document of a store without models', () => {
  it('has the generic operations, and no problem in the eyes of the linter', async () => {
    const store = new TestStore();
    const app = await createTestApp({ MODELS_DIR: store.folder, ALLOW_EMPTY: 'true' });
    const document = (await ask(app.baseUrl, '/openapi.json')).json;
    await app.close();
    store.remove();

    expect(Object.keys(document.paths)).toContain('/models/{model}/predictions');
    expect(JSON.parse(lint([document]).report).totals).toMatchObject({ errors: 0 });
  });
});

/** Routes the server really has, in the document's spelling; the files that the pages load are no part of the API. */
function liveRoutes({ app }: TestApp): string[] {
  const express = app.getHttpAdapter().getInstance();
  const { stack } = express.router as unknown as {
    stack: { route?: { path: string; methods: Record<string, boolean> } }[];
  };
  return stack.flatMap(({ route }) =>
    route && !route.path.includes('/assets/')
      ? Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path.replace(/:(\w+)/g, '{$1}')}`)
      : [],
  );
}

function isEmptySchema(document: Json, schema: Json): boolean {
  const { type, properties, additionalProperties, allOf, anyOf, minProperties } = resolveRef(document, schema) ?? {};
  if (allOf || anyOf) return (allOf ?? anyOf).some((part: Json) => isEmptySchema(document, part));
  if (type !== 'object') return type === undefined;
  return (
    Object.keys(properties ?? {}).length === 0 && additionalProperties === undefined && minProperties === undefined
  );
}

/** Machines differ in the last digits of a float32. */
function rounded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, item: unknown) =>
    typeof item === 'number' && !Number.isInteger(item) ? Math.round(item * 1e4) / 1e4 : item,
  );
}
