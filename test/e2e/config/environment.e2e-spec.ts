import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ask } from '../../support/http/ask.js';
import { TestStore } from '../../support/stores/build-store.js';
import { ServerProcess } from '../../support/http/server-process.js';

describe('the environment of a server', () => {
  let store: TestStore;
  let folder: string;
  let server: ServerProcess | undefined;

  beforeAll(() => (store = new TestStore().addModel('adder').addRun('adder', 'only')));
  afterAll(() => store.remove());
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'bestrun-env-'))));
  afterEach(async () => {
    await server?.remove();
    server = undefined;
    rmSync(folder, { recursive: true });
  });

  const start = (environment: Record<string, string>) => (server = ServerProcess.start(environment, folder));
  const asOperator = { NODE_ENV: 'production' };

  it('is completed by a file .env in the working directory, and wins over it', async () => {
    const lines = [`MODELS_DIR=${store.folder}`, 'DEFAULT_MODEL=nobody', 'MAX_ROWS_PER_REQUEST=1 # one', 'PORT=1'];
    writeFileSync(join(folder, '.env'), lines.join('\n'));

    const baseUrl = await start({ ...asOperator, DEFAULT_MODEL: 'adder' }).ready();

    const row = { a: 1, b: 2 };
    const answer = await ask(baseUrl, '/models/adder/predictions', { method: 'POST', body: { inputs: [row, row] } });
    expect([answer.status, answer.json.detail]).toEqual([422, expect.anything()]);
  });

  it('may go without .env, and a test never reads one', async () => {
    writeFileSync(join(folder, '.env'), 'PORT=abc');

    const baseUrl = await start({ MODELS_DIR: store.folder }).ready();

    expect((await ask(baseUrl, '/readyz')).status).toBe(200);
  });

  it('stops the start when .env cannot be read', async () => {
    mkdirSync(join(folder, '.env'));

    const { code } = await start({ ...asOperator, MODELS_DIR: store.folder }).exited;

    expect([code, server!.stderr]).toEqual([1, expect.stringContaining('The file .env cannot be read (EISDIR)')]);
  });

  it('has its misspelt variables named in a warning, without their values', async () => {
    await start({ MODELS_DIR: store.folder, WORKER: 'hidden', PATHS: 'x' }).ready();

    const warnings = server!.log.filter(({ level, variable }) => level === 'warn' && variable !== undefined);
    expect(warnings.map(({ msg }) => msg)).toEqual([
      'WORKER is not a variable of bestrun and is ignored. Did you mean WORKERS?',
    ]);
    expect(server!.stdout).not.toContain('hidden');
  });

  it('has them named, too, when the value of another variable ends the start', async () => {
    const { code } = await start({ MODELS_DIR: store.folder, WORKER: 'hidden', WORKERS: 'abc' }).exited;

    expect(code).toBe(1);
    expect(server!.stderr).toContain('WORKER is not a variable of bestrun and is ignored. Did you mean WORKERS?');
    expect(server!.stderr).toMatch(/The configuration cannot be used:\n {2}WORKERS must/);
  });
});
