import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

import { ask } from '../../support/http/ask.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import type { Json } from '../../support/http/get-json.js';
import { TempFolder, unpackFileStore } from '../../support/stores/mlflow-fixtures.js';

describe('the history of a metric', () => {
  let folder: TempFolder;
  let cache: TempFolder;
  let app: TestApp;

  beforeAll(async () => {
    folder = unpackFileStore('3');
    cache = new TempFolder();
    app = await createTestApp({
      SOURCES: 'mlflow',
      MLFLOW_TRACKING_URI: folder.path,
      MLFLOW_CACHE_DIR: cache.path,
      STATE_DIR: cache.at('state'),
      REFRESH_INTERVAL_MS: '0',
    });
  });
  afterAll(async () => {
    await app.close();
    folder.remove();
    cache.remove();
  });

  const send = async (path: string): Promise<Json> => (await ask(app.baseUrl, path)).json;
  const bestRun = async () => (await send('/models/adder')).data.best_run_id as string;
  const write = (runId: string, lines: string) => {
    const run = readdirSync(folder.path, { recursive: true, encoding: 'utf8' }).find(
      (path) => basename(path) === runId,
    )!;
    folder.write(join(run, 'metrics', 'f1'), lines);
  };

  it('is every value that was logged, in the order of the steps', async () => {
    const { data } = await send(`/runs/${await bestRun()}/metrics/f1`);

    expect([data.metric, data.value, data.total]).toEqual(['f1', 0.9, 2]);
    expect(data.history.map(({ step, value }: Json) => [step, value])).toEqual([
      [1, 0.45],
      [2, 0.9],
    ]);
    expect(data.history[1].timestamp).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('is thinned evenly when it is long, and keeps its ends', async () => {
    const runId = await bestRun();
    write(runId, Array.from({ length: 5001 }, (_, i) => `1700000000000 ${i / 5000} ${i}`).join('\n'));

    const [few, most] = [await send(`/runs/${runId}/metrics/f1?points=6`), await send(`/runs/${runId}/metrics/f1`)];

    expect(few.data.total).toBe(5001);
    expect(few.data.history.map(({ step }: Json) => step)).toEqual([0, 1000, 2000, 3000, 4000, 5000]);
    expect(most.data.history).toHaveLength(1000);
  });

  it('reads what Python writes for no number, and leaves out lines that nobody can read', async () => {
    const runId = await bestRun();
    write(runId, '1700000000000 inf 2\nnonsense\n1700000000000 nan 1\n1700000000000 1e-05 3\n');

    const { data } = await send(`/runs/${runId}/metrics/f1`);

    expect(data.history.map(({ value }: Json) => value)).toEqual([null, null, 0.00001]);
  });
});
