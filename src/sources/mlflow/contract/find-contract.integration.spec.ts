import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { TempFolder, unpackDatabase, unpackFileStore } from '../../../../test/support/stores/mlflow-fixtures.js';
import type { RecordedVersion } from '../../../../test/support/stores/mlflow-fixtures.js';
import { MlflowStub } from '../../../../test/support/stores/mlflow-stub.js';
import { loadConfig } from '../../../config/load-config.js';
import { createRunSource } from '../../create-run-source.js';
import type { SourceRun } from '../../run-source.js';

const contract = {
  run_id: 'not what counts',
  metrics: { f1: NaN },
  signature: {
    input: {
      type: 'object',
      properties: { a: { type: 'number', unit: 'metres', minimum: 0 }, b: { type: 'number' } },
      required: ['a', 'b'],
    },
    output: { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] },
  },
  encode: {
    tensors: [
      {
        kind: 'columns',
        tensor: 'x',
        dtype: 'float32',
        columns: [
          { kind: 'number', field: 'a' },
          { kind: 'number', field: 'b' },
        ],
      },
    ],
  },
  decode: { kind: 'regression', tensor: 'y', fields: ['sum'] },
  examples: [{ input: { a: 1, b: 2 }, output: { sum: 3 } }],
  self_test: { tolerance: 0.001 },
};

const folders: TempFolder[] = [];
const stubs: MlflowStub[] = [];
afterAll(async () => {
  folders.forEach((folder) => folder.remove());
  await Promise.all(stubs.map((stub) => stub.stop()));
});

/** The folders of the run named "best" inside an unpacked store: of its artifacts, and of its logged model. */
function foldersOfBest(store: TempFolder): { artifacts: string; model: string } {
  const files = readdirSync(store.path, { recursive: true, encoding: 'utf8' });
  const model = files
    .filter((path) => basename(path) === 'MLmodel')
    .find((path) => /pandas_orient/.test(readFileSync(store.at(path), 'utf8')))!;
  const runId = /^run_id: (\w+)$/m.exec(readFileSync(store.at(model), 'utf8'))![1]!;
  const experiment = /^(.*?)[\\/](?:models[\\/]m-\w+|\w{32})[\\/]artifacts/.exec(model)![1]!;
  return { artifacts: join(experiment, runId, 'artifacts'), model: dirname(model) };
}

async function runsOf(trackingUri: string): Promise<Record<string, SourceRun>> {
  const cache = new TempFolder();
  folders.push(cache);
  const environment = { SOURCES: 'mlflow', MLFLOW_TRACKING_URI: trackingUri, MLFLOW_CACHE_DIR: cache.path };
  const models = await createRunSource(
    loadConfig({ ...environment, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0' }),
  ).listModels();
  const runs = models.find(({ location }) => location === 'adder')!.runs;
  return Object.fromEntries(runs.map((run) => [run.run!.name, run]));
}

/** The run whose artifacts got the contract, by whichever name. */
function withContract(runs: Record<string, SourceRun>): SourceRun {
  return Object.values(runs).find(
    ({ run, reasons }) => run!.self_test !== undefined || reasons.some(({ message }) => /bestrun/.test(message)),
  )!;
}

describe.each(['2', '3'] as RecordedVersion[])('a contract beside a model of MLflow %s', (version) => {
  const unpack = (kind: string): { store: TempFolder; uri: string } => {
    const store = kind === 'files' ? unpackFileStore(version) : unpackDatabase(version);
    folders.push(store);
    return { store, uri: kind === 'files' ? `file://${store.path}` : `sqlite:///${store.at('mlflow.db')}` };
  };

  it.each([
    ['files', 'artifacts'],
    ['files', 'model'],
    ['database', 'artifacts'],
    ['database', 'model'],
  ] as const)('counts (%s, in the folder of the %s), but for what MLflow records', async (kind, place) => {
    const { store, uri } = unpack(kind);
    store.write(join(foldersOfBest(store)[place], 'bestrun', 'run.json'), JSON.stringify(contract));

    const found = withContract(await runsOf(uri));

    expect(found.reasons).toEqual([]);
    expect(found.run).toMatchObject({
      signature: contract.signature,
      encode: contract.encode,
      decode: contract.decode,
      examples: contract.examples,
      self_test: contract.self_test,
      status: 'FINISHED',
    });
    expect(found.run!.run_id).toMatch(/^[0-9a-f]{32}$/);
    expect(found.run!.metrics.f1).toBeGreaterThan(0.6);
    expect(found.run!.params).toMatchObject({ seed: '7' });
  });

  it('counts from the metadata of the MLmodel file', async () => {
    const { store, uri } = unpack('files');
    const file = join(foldersOfBest(store).model, 'MLmodel');
    const text = readFileSync(store.at(file), 'utf8');
    const metadata =
      'metadata:\n  bestrun:\n    examples:\n    - input: {a: 1.0, b: 2.0e+00}\n      output: {sum: 3}\n    self_test:\n      tolerance: 1.0e-03\n';
    writeFileSync(store.at(file), text + metadata);

    const { run, reasons } = withContract(await runsOf(uri));

    expect(reasons).toEqual([]);
    expect(run).toMatchObject({ examples: contract.examples, self_test: contract.self_test, encode: { tensors: [] } });
  });

  it('that is not valid refuses the run, with file and pointer', async () => {
    const { store, uri } = unpack('files');
    const wrong = { ...contract, decode: { kind: 'multi-class', tensor: 'y', labels: 'a', field: 'sum' } };
    store.write(join(foldersOfBest(store).artifacts, 'bestrun', 'run.json'), JSON.stringify(wrong));

    const { reasons } = withContract(await runsOf(uri));

    expect(reasons).toEqual([
      {
        code: 'RUN_FILE_INVALID',
        message: 'bestrun/run.json /decode/labels: must be array.',
        fix: expect.stringContaining('bestrun/run.json') as string,
      },
    ]);
  });

  it('that is no JSON refuses the run', async () => {
    const { store, uri } = unpack('files');
    store.write(join(foldersOfBest(store).artifacts, 'bestrun', 'run.json'), '{"examples": [');

    expect(withContract(await runsOf(uri)).reasons[0]!.message).toMatch(/^bestrun\/run\.json is not JSON: /);
  });

  it('counts from a tracking server', async () => {
    const stub = await MlflowStub.start(version);
    stubs.push(stub);
    let answered = 0;
    stub.fault = ({ url = '' }, response) => {
      const asked = decodeURIComponent(url);
      const isListed = /artifacts\/list\?.*path=bestrun$/.test(asked);
      if (!isListed && !/get-artifact\?.*path=bestrun\/run\.json$/.test(asked)) return false;
      answered += 1;
      const files = [{ path: 'bestrun/run.json', is_dir: false, file_size: 100 }];
      response.writeHead(200).end(JSON.stringify(isListed ? { files } : contract));
      return true;
    };

    const runs = await runsOf(stub.url);

    expect(runs.best).toMatchObject({ reasons: [], run: { examples: contract.examples, decode: contract.decode } });
    expect(answered).toBeGreaterThan(1);
  });
});

describe('a contract among the artifacts of a run of MLflow 3', () => {
  it('does not count for another model than it names', async () => {
    const store = unpackFileStore('3');
    folders.push(store);
    const { artifacts } = foldersOfBest(store);
    store.write(join(artifacts, 'bestrun', 'run.json'), JSON.stringify({ ...contract, model_id: 'm-another' }));

    expect(withContract(await runsOf(`file://${store.path}`))).toBeUndefined();
  });

  it('counts for the model whose id is in its path', async () => {
    const store = unpackFileStore('3');
    folders.push(store);
    const { artifacts, model } = foldersOfBest(store);
    const id = basename(dirname(model));
    store.write(join(artifacts, 'bestrun', id, 'run.json'), JSON.stringify(contract));

    expect(withContract(await runsOf(`file://${store.path}`)).run).toMatchObject({ decode: contract.decode });
  });
});
