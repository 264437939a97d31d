import { Test } from '@nestjs/testing';

import { AppConfig } from '../../../src/config/app-config.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { ConfigModule } from '../../../src/config/config.module.js';
import { HealthController } from '../../../src/health/health.controller.js';
import { HealthModule } from '../../../src/health/health.module.js';
import { ModelsController } from '../../../src/models/models.controller.js';
import { ModelsModule } from '../../../src/models/models.module.js';
import { HttpEndpoint } from '../../../src/http/endpoint/http-endpoint.js';
import { PredictionsModule } from '../../../src/predictions/predictions.module.js';
import { PredictionsService } from '../../../src/predictions/predictions.service.js';
import { ModelHost } from '../../../src/engines/model-host.js';
import { ModelRegistryService } from '../../../src/registry/model-registry.service.js';
import type { LoadedRun } from '../../../src/registry/loading/loaded-run.js';
import { ModelsService } from '../../../src/models/models.service.js';
import { ReadinessService } from '../../../src/health/readiness.service.js';
import { RunsController } from '../../../src/runs/runs.controller.js';
import { RunsModule } from '../../../src/runs/runs.module.js';
import { RunsService } from '../../../src/runs/runs.service.js';
import { createTestApp } from '../../support/create-test-app.js';
import { aFakeRegistry } from '../../support/fake-registry.js';

/** One module alone, its registry replaced by a fake through injection. */
async function moduleOf(module: new () => object, registry = aFakeRegistry()) {
  const testing = await Test.createTestingModule({ imports: [ConfigModule.forRoot(loadConfig({})), module] })
    .overrideProvider(ModelRegistryService)
    .useValue(registry)
    .overrideProvider(ModelHost)
    .useValue({})
    .compile();
  return testing;
}

describe('each module works with a registry it is given', () => {
  it('health says what is loaded', async () => {
    const testing = await moduleOf(HealthModule);

    const { status, models } = testing.get(HealthController).getHealth();

    expect({ status, names: models.map(({ name }) => name) }).toEqual({ status: 'ok', names: ['adder'] });
  });

  it('models tells why the best run is the best', async () => {
    const testing = await moduleOf(ModelsModule);

    expect(testing.get(ModelsController).getSelection('adder')).toMatchObject({
      best_run_id: 'adder-1',
      ranking: [{ rank: 1, run_id: 'adder-1', value: 0.5 }],
    });
  });

  it('runs shows one run', async () => {
    const testing = await moduleOf(RunsModule);

    expect(testing.get(RunsController).getRun('adder-1')).toMatchObject({
      run_id: 'adder-1',
      is_best: true,
      backend: 'fake',
    });
  });

  it('predictions hands rows to the run and shapes its answer', async () => {
    const served = {
      onRequestFields: [],
      predictText: () => Promise.resolve('[{"sum":3}]'),
      codec: { decoder: { primaryFields: ['sum'] } },
    } as unknown as LoadedRun;
    const registry = aFakeRegistry({ useRun: (_registered, work) => work(served) });
    const testing = await moduleOf(PredictionsModule, registry);
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
    const { app } = testApp;

    const registries = [HealthModule, ModelsModule, RunsModule, PredictionsModule].map((module) =>
      app.select(module).get(ModelRegistryService, { strict: false }),
    );
    const held = [ModelsService, RunsService, PredictionsService, ReadinessService].map(
      (service) => (app.get<object>(service, { strict: false }) as { registry: ModelRegistryService }).registry,
    );
    await testApp.close();

    expect(new Set([...registries, ...held]).size).toBe(1);
    expect(Object.isFrozen(app.get(AppConfig))).toBe(true);
  });
});
