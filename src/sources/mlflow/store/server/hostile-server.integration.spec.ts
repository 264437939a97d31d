import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

import { TempFolder } from '../../../../../test/support/stores/mlflow-fixtures.js';
import { TestStore } from '../../../../../test/support/stores/build-store.js';
import { loadConfig } from '../../../../config/load-config.js';
import { createRunSource } from '../../../create-run-source.js';
import type { RunSource } from '../../../run-source.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const json = (response: ServerResponse, body: unknown) => response.writeHead(200).end(JSON.stringify(body));
const experiment = (i: number, tags: object[] = []) => ({
  experiment_id: String(i),
  name: `e${i}`,
  lifecycle_stage: 'active',
  tags,
});
const served = [
  { key: 'bestrun.metric', value: 'f1' },
  { key: 'bestrun.goal', value: 'maximize' },
];

/** A megabyte of spaces; several after each other are one text. */
const PACKED = gzipSync(Buffer.alloc(1024 * 1024, 32));

const LONG = `${JSON.stringify(experiment(1))},`.repeat(10_000);

describe('a tracking server that is hostile', () => {
  let store: TestStore;
  let cache: TempFolder;
  let server: Server;
  let bytesSent = 0;
  let answer: Answer;
  beforeEach(async () => {
    store = new TestStore().addModel('adder').addRun('adder', 'good');
    cache = new TempFolder();
    bytesSent = 0;
    server = createServer((request, response) => {
      request.resume();
      request.on('end', () => answer(request, response));
      response.on('close', () => (bytesSent += response.socket?.bytesWritten ?? 0));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    cache.remove();
    store.remove();
  });

  const open = (timeoutSeconds: string): RunSource =>
    createRunSource(
      loadConfig({
        SOURCES: 'directory,mlflow',
        MODELS_DIR: store.folder,
        MLFLOW_TRACKING_URI: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        MLFLOW_CACHE_DIR: cache.path,
        MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
        MLFLOW_HTTP_REQUEST_TIMEOUT: timeoutSeconds,
        START_WAIT_MS: '600000',
      }),
    );
  const list = async (timeoutSeconds = '60') => {
    const source = open(timeoutSeconds);
    const models = await source.listModels();
    const problem = source.statuses.find(({ source: kind }) => kind === 'mlflow')!.problem;
    const warnings = source.warnings.join(' ');
    source.close();
    return { models, problem, warnings };
  };

  /** Writes for as long as somebody reads. */
  const endless = (response: ServerResponse, chunk: string | Buffer) => {
    const write = () => {
      while (!response.destroyed && response.write(chunk));
      response.once('drain', write);
    };
    write();
  };

  it.each<[string, Answer, RegExp]>([
    ['an answer without an end', (_, r) => endless(r.writeHead(200), ' '.repeat(65_536)), /more than 67108864 bytes/],
    [
      'a hundred megabytes in a hundred kilobytes',
      (_, r) => r.writeHead(200, { 'Content-Encoding': 'gzip' }).end(Buffer.concat(Array<Buffer>(100).fill(PACKED))),
      /more than 67108864 bytes/,
    ],
    ['pages that lead to themselves', (_, r) => json(r, { experiments: [], next_page_token: 'x' }), /same page again/],
    ['a redirect to another host', (_, r) => r.writeHead(307, { Location: 'http://192.0.2.1/' }).end(), /another host/],
    ['a page for people', (_, r) => r.writeHead(200).end('<html>'), /not JSON/],
    ['a list', (_, r) => json(r, [1, 2]), /not JSON/],
    ['a long answer that is cut off', (_, r) => r.writeHead(200).end(`{"experiments":[${LONG}`), /not JSON/],
    [
      'an entry that is long by itself',
      (_, r) => json(r, { experiments: [experiment(1, [{ key: 'a', value: 'x'.repeat(9_000_000) }])] }),
      /an entry of more than 8388608 characters/,
    ],
  ])('costs itself only with %s', async (_what, given, said) => {
    answer = given;

    const { models, problem } = await list();

    expect(models.map(({ location }) => location)).toEqual(['adder']);
    expect(models[0]!.runs[0]!.reasons).toEqual([]);
    expect(problem).toMatch(said);
    expect(bytesSent).toBeLessThan(100 * 1024 * 1024);
  });

  it('is given up when its answer drips, although something arrives all the time', async () => {
    answer = (_, r) => {
      r.writeHead(200);
      const timer = setInterval(() => r.write(' '), 20);
      r.on('close', () => clearInterval(timer));
    };

    const { models, problem } = await list('1');

    expect(models.map(({ location }) => location)).toEqual(['adder']);
    expect(problem).toMatch(/within 1000 ms|cut off/);
  });

  it('is taken by its word where that makes sense, whatever types it sends', async () => {
    const odd = [null, 7, 'x', [], {}, { experiment_id: {}, name: 5, tags: 'x' }, experiment(1, [...served, {}])];
    answer = ({ url }, r) =>
      json(r, url!.includes('experiments/search') ? { experiments: odd } : { runs: [null, {}, { info: [] }], data: 1 });

    const { models, problem } = await list();

    expect(models.map(({ location }) => location)).toEqual(['adder', 'e1']);
    expect(problem).toBeUndefined();
  });

  it('may have a hundred thousand experiments: those that are not to be served cost nobody a turn', async () => {
    const page = Array.from({ length: 20_000 }, (_, i) => experiment(i));
    let pages = 0;
    answer = (_, r) => json(r, { experiments: page, ...(++pages < 5 && { next_page_token: String(pages) }) });
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);

    const { models, problem } = await list();
    clearInterval(timer);

    expect(models.map(({ location }) => location)).toEqual(['adder']);
    expect(problem).toBeUndefined();
    expect(turns).toBeGreaterThan(20);
  });

  it('is read bit by bit where an answer of its is long', async () => {
    const note = { key: 'note', value: 'n'.repeat(20_000) };
    const page = Array.from({ length: 200 }, (_, i) => experiment(i, i === 7 ? [...served, note] : [note]));
    answer = ({ url }, r) => json(r, url!.includes('experiments/search') ? { experiments: page } : {});
    const parse = jest.spyOn(JSON, 'parse');

    const { models, problem } = await list();
    const longest = Math.max(...parse.mock.calls.map(([text]) => text.length));
    parse.mockRestore();

    expect(models.map(({ location }) => location)).toEqual(['adder', 'e7']);
    expect(problem).toBeUndefined();
    expect(longest).toBeLessThan(512 * 1024);
  });

  it('is read for a bounded number of models, and that is said', async () => {
    const page = Array.from({ length: 1_200 }, (_, i) => experiment(i, served));
    let asked = 0;
    answer = ({ url }, r) => {
      if (url!.includes('experiments/search')) return void json(r, { experiments: page });
      asked += 1;
      json(r, {});
    };

    const { models, warnings } = await list();

    expect(models).toHaveLength(1_001);
    expect(asked).toBe(1_000);
    expect(warnings).toContain('has more than 1000 models: the others are left out.');
  });
});
