import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';

import { createAdapter } from '../../../src/bootstrap/app.setup.js';
import { AppConfig } from '../../../src/config/app-config.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { ConfigModule } from '../../../src/config/config.module.js';
import { AppError } from '../../../src/domain/app-error.js';
import { HealthModule } from '../../../src/health/health.module.js';
import { ModelsModule } from '../../../src/models/models.module.js';
import { HttpModule } from '../../../src/http/http.module.js';
import { HttpEndpoint } from '../../../src/http/endpoint/http-endpoint.js';
import { PredictionsModule } from '../../../src/predictions/predictions.module.js';
import { PredictionsService } from '../../../src/predictions/predictions.service.js';
import { ModelHost } from '../../../src/engines/model-host.js';
import { RefreshService } from '../../../src/registry/refresh/refresh.service.js';
import { ModelRegistryService } from '../../../src/registry/model-registry.service.js';
import type { LoadedRun } from '../../../src/registry/loading/loaded-run.js';
import { ModelsService } from '../../../src/models/models.service.js';
import { ReadinessService } from '../../../src/health/readiness.service.js';
import { RunsModule } from '../../../src/runs/runs.module.js';
import { RunsService } from '../../../src/runs/runs.service.js';
import { ask } from '../../support/http/ask.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import { aFakeRegistry } from '../../support/registry/fake-registry.js';

let app: INestApplication | undefined;

/** The module under test and the HTTP module, over a registry they are given; nothing of a store or an engine starts. */
function compile(module: new () => object, registry: ModelRegistryService): Promise<TestingModule> {
  return Test.createTestingModule({ imports: [ConfigModule.forRoot(loadConfig({})), HttpModule, module] })
    .overrideProvider(ModelRegistryService)
    .useValue(registry)
    .overrideProvider(RefreshService)
    .useValue({ statuses: [], checks: [] })
    .overrideProvider(ModelHost)
    .useValue({})
    .compile();
}

/** Serves that on a free loopback port. @returns its address. */
async function serve(module: new () => object, registry = aFakeRegistry()): Promise<string> {
  const testing = await compile(module, registry);
  app = testing.createNestApplication(createAdapter(loadConfig({})), { bodyParser: false, logger: false });
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('each module answers over HTTP with a registry it is given', () => {
  it('health says what is loaded', async () => {
    const address = await serve(HealthModule);

    const { json } = await ask(address, '/health');

    expect(json).toMatchObject({ data: { status: 'ok', models: [{ name: 'adder' }] } });
  });

  it('models tells why the best run is the best, in the envelope', async () => {
    const address = await serve(ModelsModule);

    const { json } = await ask(address, '/models/adder/selection');

    expect(Object.keys(json as object)).toEqual(['message', 'method', 'status-code', 'timestamp', 'url', 'data']);
    expect(json).toMatchObject({
      url: `${address}/models/adder/selection`,
      data: { best_run_id: 'adder-1', ranking: [{ rank: 1, run_id: 'adder-1', value: 0.5 }] },
    });
  });

  it('models gives the contract in the body and as a header', async () => {
    const { headers, json } = await ask(await serve(ModelsModule), '/models/adder/schema');

    expect(json.data.contract).toBe('0123456789abcdef');
    expect(headers['contract-hash']).toBe('0123456789abcdef');
  });

  it('models lets nobody change anything without a key', async () => {
    const { status, headers } = await ask(await serve(ModelsModule), '/models/adder/pin', { method: 'DELETE' });

    expect({ status, code: headers['x-error-code'] }).toEqual({ status: 403, code: 'ADMIN_KEY_NOT_SET' });
  });

  it('runs shows one run', async () => {
    const { json } = await ask(await serve(RunsModule), '/runs/adder-1');

    expect(json.data).toMatchObject({ run_id: 'adder-1', is_best: true, backend: 'fake' });
  });

  it.each(['/runs?limit=1&offset=1', '/models/adder/runs?limit=1&offset=1'])(
    'runs links the pages of %s',
    async (path) => {
      const { headers, json } = await ask(await serve(RunsModule), path);

      expect(json.data).toEqual({ runs: [], total: 1 });
      expect(headers.link).toContain(`${path.replace('offset=1', 'offset=0')}>; rel="prev"`);
    },
  );

  it('runs sends no links with a page that has no rows', async () => {
    const { headers } = await ask(await serve(RunsModule), '/runs?limit=0');

    expect(headers).not.toHaveProperty('link');
  });

  it('runs converts and checks a query by its DTO', async () => {
    const { status, json } = await ask(await serve(RunsModule), '/runs?top=many');

    expect(status).toBe(422);
    expect(json.detail).toEqual([
      { loc: ['query', 'top'], msg: 'value is not a valid integer', type: 'type_error.integer' },
    ]);
  });

  it('runs answers an error of its service by code, in either format', async () => {
    const getRun = () => {
      throw new AppError('RUN_NOT_FOUND', { runId: 'nope' });
    };
    const address = await serve(RunsModule, aFakeRegistry({ getRun }));

    const [own, problem] = await Promise.all([
      ask(address, '/runs/nope'),
      ask(address, '/runs/nope', { headers: { Accept: 'application/problem+json' } }),
    ]);

    expect(own.headers['x-error-code']).toBe('RUN_NOT_FOUND');
    expect(own.json).toMatchObject({ 'status-code': 404, detail: expect.stringMatching(/^Invalid run ID: .*"nope"/) });
    expect(problem.json).toMatchObject({ type: 'urn:bestrun:error:RUN_NOT_FOUND', status: 404 });
  });

  it('predictions hands rows to the run and shapes its answer', async () => {
    const served = {
      run: { run_id: 'adder-1' },
      onRequestFields: [],
      predictText: () => Promise.resolve('[{"sum":3}]'),
      codec: { decoder: { primaryFields: ['sum'] } },
    } as unknown as LoadedRun;
    const registry = aFakeRegistry({ useRun: (_registered, work) => work(served) });
    const testing = await compile(PredictionsModule, registry);
    const head = {
      method: 'POST',
      url: '/models/adder/predictions',
      headers: { host: 'a.example' },
      connection: { remoteAddress: '127.0.0.1', localPort: 5000, isEncrypted: false },
    };

    const answer = await testing.get(HttpEndpoint).find(head)!({
      requestId: 'a',
      receivedAtMs: performance.now(),
      signal: new AbortController().signal,
      readBody: () => Buffer.from('{"inputs":[{"a":1,"b":2}]}'),
    });

    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({
      url: 'http://a.example/models/adder/predictions',
      data: { model: 'adder', run_id: 'adder-1', predictions: [{ sum: 3 }] },
    });
  });
});

describe('the modules of one application', () => {
  it('share one registry and one configuration', async () => {
    const testApp = await createTestApp();
    const registries = [HealthModule, ModelsModule, RunsModule, PredictionsModule].map((module) =>
      testApp.app.select(module).get(ModelRegistryService, { strict: false }),
    );
    const held = [ModelsService, RunsService, PredictionsService, ReadinessService].map(
      (service) => (testApp.app.get<object>(service, { strict: false }) as { registry: ModelRegistryService }).registry,
    );
    await testApp.close();

    expect(new Set([...registries, ...held]).size).toBe(1);
    expect(Object.isFrozen(testApp.app.get(AppConfig))).toBe(true);
  });
});
