import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Json } from '../../../../../test/support/http/get-json.js';
import { TempFolder } from '../../../../../test/support/stores/mlflow-fixtures.js';
import { MlflowStub } from '../../../../../test/support/stores/mlflow-stub.js';
import { loadConfig } from '../../../../config/load-config.js';
import { createRunSource } from '../../../create-run-source.js';
import type { RunSource, SourceModel, SourceRun } from '../../../run-source.js';

const NEVER_ANSWERS = 'never answers';

describe('a tracking server that misbehaves', () => {
  let stub: MlflowStub;
  let cache: TempFolder;

  beforeEach(async () => {
    stub = await MlflowStub.start();
    cache = new TempFolder();
  });
  afterEach(async () => {
    await stub.stop().catch(() => undefined);
    cache.remove();
  });

  const makeSource = (environment: Record<string, string> = {}): RunSource =>
    createRunSource(
      loadConfig({
        SOURCES: 'mlflow',
        MLFLOW_TRACKING_URI: stub.url,
        MLFLOW_CACHE_DIR: cache.path,
        MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
        ...environment,
      }),
    );
  /** Waits so briefly for a server that never answers only: a busy machine may be as slow. */
  const patience = (what: string): Record<string, string> =>
    what === NEVER_ANSWERS ? { MLFLOW_HTTP_REQUEST_TIMEOUT: '1' } : {};
  const bestOf = async (source: RunSource): Promise<SourceRun> =>
    (await source.listModels())[0]!.runs.find(({ run }) => run?.name === 'best')!;
  const problemOf = (work: Promise<unknown>): Promise<{ code?: string; message: string }> =>
    work.then(
      () => ({ message: 'none' }),
      (error: Error & { code?: string }) => error,
    );
  const codesOf = ([model]: readonly SourceModel[]) =>
    Object.fromEntries(model!.runs.map(({ run, reasons }) => [run!.name, reasons.map(({ code }) => code)]));
  const filesBelow = (folder: string) =>
    existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];

  const FAULTS: readonly [what: string, fault: NonNullable<MlflowStub['fault']>, said: RegExp][] = [
    [
      'refuses the credentials',
      (_, r) => !!r.writeHead(401).end('You are not authenticated.'),
      /credentials \(401\).*TOKEN/,
    ],
    ['answers with a page', (_, r) => !!r.writeHead(200).end('<html>Sign in</html>'), /not JSON/],
    [
      'answers with a page of a proxy that failed',
      (_, r) => !!r.writeHead(502).end('<html>Bad Gateway</html>'),
      /answers 502/,
    ],
    ['refuses its name', (_, r) => !!r.writeHead(403).end('Invalid Host header'), /--allowed-hosts/],
    [
      'answers half',
      (_, r) => {
        r.writeHead(200, { 'Content-Length': '1000' }).write('{"exp', () => r.destroy());
        return true;
      },
      /was cut off/,
    ],
    [NEVER_ANSWERS, () => true, /within 1000 ms/],
    ['sends elsewhere', (_, r) => !!r.writeHead(302, { Location: 'http://192.0.2.1/' }).end(), /another host/],
    ['redirects in a loop', (q, r) => !!r.writeHead(302, { Location: q.url }).end(), /in a loop/],
    [
      'says that it has failed',
      (_, r) => !!r.writeHead(500).end('{"error_code":"INTERNAL_ERROR","message":"x"}'),
      /INTERNAL_ERROR/,
    ],
  ];

  it.each(FAULTS)('stops a first start when it %s, and says what to look at', async (what, fault, said) => {
    stub.fault = fault;

    const { message } = await problemOf(makeSource(patience(what)).listModels());

    expect(message).toMatch(said);
    expect(message).toContain(`MLflow at ${stub.url} cannot be read: `);
  });

  it.each(FAULTS)('keeps what it gave last, runs and all, when it %s later', async (what, fault, said) => {
    const source = makeSource(patience(what));
    const before = await source.listModels();
    stub.fault = fault;

    const after = await source.listModels();

    expect(after).toEqual(before);
    expect(source.warnings).toEqual([expect.stringMatching(said)]);
    stub.fault = undefined;
    await source.listModels();
    expect(source.warnings).toEqual([]);
  });

  it('starts from what the last process has left when the server is away, and opens what was fetched', async () => {
    const first = makeSource();
    const { folder } = await (await bestOf(first)).open();
    await stub.stop();
    const second = makeSource();

    const best = await bestOf(second);

    expect(second.warnings).toEqual([
      expect.stringMatching(/(ECONNREFUSED|connection was cut).*last known listing is served\.$/),
    ]);
    expect((await best.open()).folder).toBe(folder);
    await stub.restart();
    await second.listModels();
    expect(second.warnings).toEqual([]);
  });

  it('does not take half of a new reading for the last one', async () => {
    await makeSource().listModels();
    stub.fault = (request, response) =>
      request.url!.includes('runs/search') && !!response.writeHead(500).end('{"error_code":"INTERNAL_ERROR"}');
    await makeSource().listModels();
    await stub.stop();

    expect((await bestOf(makeSource())).reasons).toEqual([]);
  });

  it.each(['3', '2'] as const)(
    'starts from what the last process has left, but for a run whose words nobody could read (MLflow %s)',
    async (version) => {
      await stub.stop();
      stub = await MlflowStub.start(version);
      stub.fault = (request, response) =>
        stub.asksForFilesOf('best', request) && !!response.writeHead(500).end('{"error_code":"INTERNAL_ERROR"}');
      await makeSource().listModels();
      await stub.stop();

      expect(codesOf(await makeSource().listModels())).toMatchObject({
        best: ['ARTIFACT_UNAVAILABLE'],
        second: [],
        child: [],
      });
    },
  );

  it.each([
    ['MLflow 3', '3', false],
    ['MLflow 2', '2', false],
    ['MLflow 2 without a tag that says where the model is', '2', true],
  ] as const)('starts so after days in which nothing was asked twice (%s)', async (_what, version, isUntagged) => {
    await stub.stop();
    stub = await MlflowStub.start(version);
    if (isUntagged) {
      stub.editRun = (run: Json) => ({ ...run, data: { ...run.data, tags: [] } });
      stub.fault = ({ url }, response) =>
        /artifacts\/list\?run_id=\w+$/.test(url!) &&
        !!response.end(JSON.stringify({ files: [{ path: 'model', is_dir: true }] }));
    }
    const source = makeSource();
    const before = codesOf(await source.listModels());
    expect(before).toMatchObject({ best: [], child: [] });
    const answers = join(cache.at('answers'), readdirSync(cache.at('answers'))[0]!);
    for (let day = 1; day <= 3; day++) {
      const yesterday = Date.now() / 1000 - 25 * 3600;
      for (const name of readdirSync(answers)) utimesSync(join(answers, name), yesterday, yesterday);
      await source.listModels();
    }
    await stub.stop();

    expect(codesOf(await makeSource().listModels())).toEqual(before);
  });

  it('repeats what may pass, and honours Retry-After', async () => {
    let failures = 2;
    stub.fault = (_, response) => failures-- > 0 && !!response.writeHead(503, { 'Retry-After': '0' }).end('busy');
    const source = makeSource({ MLFLOW_HTTP_REQUEST_MAX_RETRIES: '2' });

    expect(await source.listModels()).toHaveLength(1);
    expect(source.warnings).toEqual([]);
  });

  it('asks for a download again that arrived short, and never keeps half a file', async () => {
    const best = await bestOf(makeSource({ MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1' }));
    let failures = 1;
    stub.fault = (request, response) => {
      if (!request.url!.includes('model.onnx') || failures-- <= 0) return false;
      return !!response.writeHead(200).end('half');
    };

    const { folder } = await best.open();

    expect(readFileSync(join(folder, 'model.onnx')).length).toBeGreaterThan(50);
    failures = 10;
    const other = await bestOf(makeSource({ MLFLOW_CACHE_DIR: cache.at('other') }));
    expect(await problemOf(other.open())).toMatchObject({
      code: 'ARTIFACT_UNAVAILABLE',
      message: expect.stringMatching(/arrived with 4\.$/) as string,
    });
    expect(filesBelow(cache.at('other', 'folders'))).toEqual([]);
    expect(filesBelow(cache.at('other', 'incoming'))).toEqual([]);
  });

  it('fetches a cached file again whose digest is wrong, and says so when it cannot', async () => {
    const best = await bestOf(makeSource());
    const { folder } = await best.open();
    const file = join(folder, 'model.onnx');
    const right = readFileSync(file);

    writeFileSync(file, Buffer.alloc(right.length));
    await best.open();
    expect(readFileSync(file)).toEqual(right);

    writeFileSync(file, Buffer.alloc(right.length));
    await stub.stop();
    expect(await problemOf(best.open())).toMatchObject({ code: 'ARTIFACT_UNAVAILABLE' });
  });

  it('lists and says what cannot be opened when the disk takes nothing', async () => {
    cache.write('file', '');
    const best = await bestOf(makeSource({ MLFLOW_CACHE_DIR: cache.at('file') }));

    expect(await problemOf(best.open())).toMatchObject({
      code: 'ARTIFACT_UNAVAILABLE',
      message: 'The cache for downloaded models cannot be written (ENOTDIR).',
    });
  });

  it('downloads nothing above the limit, whatever size the server announces', async () => {
    const best = await bestOf(makeSource({ MLFLOW_MAX_MODEL_BYTES: '100' }));
    expect(await problemOf(best.open())).toMatchObject({ code: 'ARTIFACT_TOO_LARGE' });

    const liar = await bestOf(makeSource({ MLFLOW_MAX_MODEL_BYTES: '10000' }));
    stub.fault = (request, response) =>
      request.url!.includes('model.onnx') && !!response.writeHead(200).end(Buffer.alloc(20_000));
    expect(await problemOf(liar.open())).toMatchObject({ code: 'ARTIFACT_TOO_LARGE' });
    expect(filesBelow(cache.at('incoming'))).toEqual([]);
  });

  it.each(['../../evil', '/etc/passwd', 'a/../../b', 'a\\b', 'C:/x'])('writes nothing at the path %s', async (path) => {
    const best = await bestOf(makeSource());
    stub.fault = (request, response) =>
      request.url!.includes('artifacts/directories') &&
      !!response.writeHead(200).end(JSON.stringify({ files: [{ path, is_dir: false, file_size: 1 }] }));

    expect(await problemOf(best.open())).toMatchObject({ code: 'ARTIFACT_OUTSIDE_RUN' });
  });

  it('gives a run a verdict when only its files are away', async () => {
    stub.fault = (request, response) =>
      request.url!.includes('artifact_file_path=MLmodel') &&
      !!response.writeHead(500).end('{"error_code":"INTERNAL_ERROR","message":"bucket is gone"}');
    const source = makeSource();

    expect((await bestOf(source)).reasons.map(({ code }) => code)).toEqual(['ARTIFACT_UNAVAILABLE']);
    expect(source.warnings).toEqual([]);

    stub.fault = undefined;
    expect((await bestOf(source)).reasons).toEqual([]);
  });

  it('sends credentials to the server and to nobody else', async () => {
    const foreign: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      foreign.push(request.headers.authorization);
      response.end('{}');
    });
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const seen = new Set<string | undefined>();
    stub.fault = (request, response) => {
      seen.add(request.headers.authorization);
      if (!request.url!.includes('model.onnx')) return false;
      const { port } = other.address() as AddressInfo;
      return !!response.writeHead(302, { Location: `http://127.0.0.1:${port}/stolen` }).end();
    };

    const best = await bestOf(makeSource({ MLFLOW_TRACKING_TOKEN: 's3cret' }));
    const problem = await problemOf(best.open());

    expect(problem).toMatchObject({
      code: 'ARTIFACT_UNAVAILABLE',
      message: expect.stringMatching(/another host/) as string,
    });
    expect([...seen]).toEqual(['Bearer s3cret']);
    expect(foreign).toEqual([]);
    await makeSource({
      MLFLOW_TRACKING_USERNAME: 'ds',
      MLFLOW_TRACKING_PASSWORD: 'pw',
      MLFLOW_TRACKING_TOKEN: 'x',
    }).listModels();
    expect([...seen].at(-1)).toBe(`Basic ${Buffer.from('ds:pw').toString('base64')}`);
    other.close();
  });

  it('asks once for what does not change: a second reading costs only the lists', async () => {
    const source = makeSource();
    const first = await source.listModels();
    stub.asked.length = 0;

    const second = await source.listModels();

    expect(stub.asked.map((line) => line.split('?')[0])).toEqual([
      'POST /api/2.0/mlflow/experiments/search',
      'POST /api/2.0/mlflow/runs/search',
    ]);
    for (const [i, run] of second[0]!.runs.entries()) expect(run).toBe(first[0]!.runs[i]);

    stub.asked.length = 0;
    await makeSource().listModels();
    expect(stub.asked.filter((line) => line.includes('MLmodel'))).toEqual([]);
  });
});
