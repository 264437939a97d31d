import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { describeRunSource } from '../../../../test/contracts/run-source.contract.js';
import type { RunSourceSubject } from '../../../../test/contracts/run-source.contract.js';
import { TempFolder, unpackDatabase, unpackFileStore } from '../../../../test/support/stores/mlflow-fixtures.js';
import type { RecordedVersion } from '../../../../test/support/stores/mlflow-fixtures.js';
import { MlflowStub } from '../../../../test/support/stores/mlflow-stub.js';
import { loadConfig } from '../../../config/load-config.js';
import { createRunSource } from '../../create-run-source.js';
import type { RunSource } from '../../run-source.js';

const folders: TempFolder[] = [];
const stubs: MlflowStub[] = [];
afterAll(async () => {
  folders.forEach((folder) => folder.remove());
  await Promise.all(stubs.map((stub) => stub.stop().catch(() => undefined)));
});

const keep = (folder: TempFolder): TempFolder => {
  folders.push(folder);
  return folder;
};

const sourceOf = (trackingUri: string, cacheDir: string, environment: Record<string, string> = {}): RunSource =>
  createRunSource(
    loadConfig({
      SOURCES: 'mlflow',
      MLFLOW_TRACKING_URI: trackingUri,
      MLFLOW_CACHE_DIR: cacheDir,
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
      ...environment,
    }),
  );

const RUNS = {
  servable: ['best', 'second', 'child', 'not-a-number'],
  unservable: {
    pickle: 'FORMAT_UNSUPPORTED',
    'no-metric': 'NOT_EXAMINED',
    failed: 'NOT_EXAMINED',
    parent: 'NOT_EXAMINED',
  },
  deleted: ['deleted'],
} as const;

/** Leaves only half of the MLmodel file of the run named "best" in a file store. */
const damageBestIn = (folder: TempFolder): void => {
  const files = readdirSync(folder.path, { recursive: true, encoding: 'utf8' });
  const named = files.find((path) => path.endsWith('mlflow.runName') && read(folder, path) === 'best')!;
  const run = join(named, '..', '..');
  const output = files.find((path) => path.startsWith(join(run, 'outputs', 'm-')) && path.endsWith('meta.yaml'));
  const model = output
    ? join(run, '..', 'models', basename(dirname(output)), 'artifacts')
    : join(run, 'artifacts', 'model');
  const text = read(folder, join(model, 'MLmodel'));
  writeFileSync(folder.at(model, 'MLmodel'), text.slice(0, text.indexOf('flavors:') + 12));
};

const read = (folder: TempFolder, path: string) => readFileSync(folder.at(path), 'utf8');

describe.each(['2', '3'] as RecordedVersion[])('MLflow %s', (version) => {
  describeRunSource(`a file store of MLflow ${version}`, (): RunSourceSubject => {
    const folder = keep(unpackFileStore(version));
    return {
      ...RUNS,
      makeSource: () => sourceOf(`file://${folder.path}`, folder.at('cache')),
      takeAway: () => rmSync(folder.path, { recursive: true }),
      damageBest: () => damageBestIn(folder),
    };
  });

  describeRunSource(`mlflow.db of MLflow ${version}`, (): RunSourceSubject => {
    const folder = keep(unpackDatabase(version));
    return {
      ...RUNS,
      makeSource: () => sourceOf(`sqlite:///${folder.at('mlflow.db')}`, folder.at('cache')),
      takeAway: () => rmSync(folder.at('mlflow.db')),
    };
  });

  describeRunSource(`a tracking server of MLflow ${version}`, async (): Promise<RunSourceSubject> => {
    const stub = await MlflowStub.start(version);
    stubs.push(stub);
    return {
      ...RUNS,
      makeSource: () => sourceOf(stub.url, keep(new TempFolder()).path),
      takeAway: () => stub.stop(),
    };
  });
});

describe('experiments that are found by *', () => {
  const tags = (name: string, goal = 'maximize') =>
    Object.entries({ 'bestrun.name': name, 'bestrun.metric': 'f1', 'bestrun.goal': goal }).map(([key, value]) => ({
      key,
      value,
    }));
  const experiment = (id: string, more: ReturnType<typeof tags>) => ({
    experiment_id: id,
    name: `experiment ${id}`,
    lifecycle_stage: 'active',
    tags: more,
  });
  let stub: MlflowStub;
  let source: RunSource;
  let answers: [route: string, answer: object][];
  beforeEach(async () => {
    stub = await MlflowStub.start('3');
    stubs.push(stub);
    stub.fault = ({ url = '' }, response) => {
      const answer = answers.find(([route]) => url.includes(route))?.[1];
      if (!answer) return false;
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
      return true;
    };
    source = sourceOf(stub.url, keep(new TempFolder()).path, { MLFLOW_EXPERIMENTS: '*' });
  });
  const listing = async () =>
    (await source.listModels()).map(({ location, card, runs }) => [location, card?.title, runs.length > 0]);

  it('keep a name that a newer one claims, and their runs', async () => {
    answers = [
      ['experiments/search', { experiments: [experiment('2', tags('adder')), experiment('1', tags('adder'))] }],
    ];

    expect(await listing()).toEqual([
      ['adder', 'experiment 1', true],
      ['adder (experiment experiment 2)', undefined, false],
    ]);
  });

  it('keep the name that they had, although an older one claims it now', async () => {
    answers = [
      ['experiments/search', { experiments: [experiment('2', tags('adder')), experiment('1', tags('other'))] }],
    ];
    await listing();
    answers = [
      ['experiments/search', { experiments: [experiment('2', tags('adder')), experiment('1', tags('adder'))] }],
    ];

    expect(await listing()).toEqual([
      ['adder', 'experiment 2', true],
      ['adder (experiment experiment 1)', undefined, false],
    ]);
  });

  it('say which tags are misspelt, whether they can be served without them or not', async () => {
    const misspelt = (name: string, key: string) => [...tags(name), { key, value: 'x' }];
    answers = [
      [
        'experiments/search',
        {
          experiments: [
            experiment('1', misspelt('adder', 'bestrun.titel')),
            experiment('2', [{ key: 'bestrun.metrik', value: 'f1' }]),
          ],
        },
      ],
    ];

    const [adder, other] = await source.listModels();

    expect(adder!.card).toBeDefined();
    expect(source.warnings).toEqual([
      'Model adder: The tag "bestrun.titel" has no effect: there is no such tag; "bestrun.title" is probably meant.',
    ]);
    expect(other).toMatchObject({ location: 'experiment-2', card: undefined });
    expect(other!.issues.join(' ')).toContain('"bestrun.metric" is probably meant');
  });

  it('say what is wrong when their owner wants them served', async () => {
    answers = [
      ['experiments/search', { experiments: [experiment('1', tags('adder', 'Maximal')), experiment('2', [])] }],
    ];

    answers.push(['runs/search', { runs: [] }]);

    const [model, ...rest] = await source.listModels();

    expect(model).toMatchObject({ location: 'adder', card: undefined });
    expect(model!.issues.join()).toContain('bestrun.goal');
    expect(rest).toEqual([]);
  });
});

describe('a registered model whose version is a copy of another', () => {
  it('has the files of that one', async () => {
    const stub = await MlflowStub.start('3');
    stubs.push(stub);
    const copy = { name: 'Live', version: '1', source: 'models:/Adder/2', status: 'READY', creation_timestamp: 1 };
    stub.fault = ({ url = '' }, response) => {
      if (!decodeURIComponent(url).includes('Live')) return false;
      const answer = url.includes('registered-models/get')
        ? { registered_model: { name: 'Live' } }
        : { model_versions: [copy] };
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
      return true;
    };
    const source = sourceOf(stub.url, keep(new TempFolder()).path, {
      MLFLOW_EXPERIMENTS: '',
      MLFLOW_MODELS: 'Live@latest',
    });

    const [model] = await source.listModels();

    const [run] = model!.runs;
    expect([run!.run?.run_id, run!.reasons]).toEqual(['live-v1', []]);
    expect(readdirSync((await run!.open()).folder, { recursive: true })).toContain('model.onnx');
  });
});
