import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

import { compareOutput, comparisonOf } from '../../../src/codec/examples-match.js';
import type { JsonObject } from '../../../src/lib/json/json.js';
import type { Run } from '../../../src/domain/run.js';
import { SHIPPED_MODELS, createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { getJson } from '../../support/http/get-json.js';

const HELD_OUT = join(__dirname, '..', '..', 'fixtures', 'held-out');

interface HeldOut {
  readonly tolerance: number;
  readonly rows: readonly { readonly input: JsonObject; readonly output: JsonObject }[];
}

const readJson = <T>(...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8')) as T;
const listDirs = (...path: string[]) =>
  readdirSync(join(...path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

const runs = listDirs(SHIPPED_MODELS).flatMap((model) =>
  listDirs(SHIPPED_MODELS, model, 'runs').map((name) => ({ model, name })),
);

describe('every shipped run', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await createTestApp();
  });

  afterAll(() => app.close());

  it('has rows that its trainer predicted', () => {
    const known = listDirs(HELD_OUT).flatMap((model) =>
      readdirSync(join(HELD_OUT, model)).map((file) => `${model}/${basename(file, '.json')}`),
    );

    expect(known.sort()).toEqual(runs.map(({ model, name }) => `${model}/${name}`).sort());
  });

  it.each(runs)('answers held-out rows as its trainer did: $model/$name', async ({ model, name }) => {
    const { tolerance, rows } = readJson<HeldOut>(HELD_OUT, model, `${name}.json`);
    const run = readJson<Run>(SHIPPED_MODELS, model, 'runs', name, 'run.json');
    const body = JSON.stringify({ inputs: rows.map(({ input }) => input), include: run.decode.on_request ?? [] });

    const answer = await getJson(`${app.baseUrl}/runs/${run.run_id}/predictions`, { method: 'POST', body });

    const comparison = comparisonOf(run, tolerance);
    const differences = rows.flatMap(
      ({ output }, i) => compareOutput(answer.data.predictions[i], output, comparison) ?? [],
    );
    expect(rows.length).toBeGreaterThanOrEqual(50);
    expect(tolerance).toBeLessThanOrEqual(1e-3);
    expect(answer.data).toMatchObject({ model, run_id: run.run_id });
    expect(differences).toEqual([]);
  });
});
