import { execFile } from 'node:child_process';
import { join } from 'node:path';

import type { Run } from '../../src/domain/run.js';
import type { Signature } from '../../src/domain/signature.js';
import { LocalStateStore } from '../../src/sources/local/local-state-store.js';
import { TestStore } from '../support/build-store.js';

const PROGRAM = join(__dirname, '..', '..', 'dist', 'cli', 'check-models.js');

const check = (folder: string) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [PROGRAM, folder], { timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });

describe('models:check', () => {
  let store: TestStore;

  beforeEach(() => {
    store = new TestStore().addModel('adder');
  });

  afterEach(() => store.remove());

  it('prints a table of verdicts and ends well when every model has a run to serve', async () => {
    store.addRun('adder', 'good', { metrics: { f1: 0.9 } }).addRun('adder', 'failed', { status: 'FAILED' });

    const { code, stdout } = await check(store.folder);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^MODEL +RUN +METRIC +VERDICT\nadder +good +f1 0\.9000 +best: served\n/);
    expect(stdout).toContain("STATUS_NOT_FINISHED: The run's status is FAILED.\n    →");
    expect(stdout).toContain('Every model has a run to serve.');
  });

  it('tells what a server over the store would: why a run serves, what is pinned, what breaks clients, what would win', async () => {
    store.addRun('adder', 'good', { metrics: { f1: 0.9 } }).addRun('adder', 'second', { metrics: { f1: 0.8 } });
    const { signature } = store.readJson('adder/runs/good/run.json') as unknown as Run;
    const relied: Signature = {
      ...signature,
      output: { ...signature.output, properties: { ...signature.output.properties, more: { type: 'number' } } },
    };
    await new LocalStateStore(store.folder).update('adder', (state) => ({
      ...state,
      served: { run_id: 'gone', at: 'then', contract: 'x', signature: relied },
      pin: { run_id: 'second', reason: 'For the audit.', by: 'Ada', at: 'then' },
    }));

    const { code, stdout } = await check(store.folder);

    expect(code).toBe(0);
    expect(stdout).toContain('CONTRACT_BREAKING: The output "more" is gone. (/output/properties/more)');
    expect(stdout).toMatch(/adder +second +f1 0\.8000 +best: served/);
    expect(stdout).toContain('adder: It is pinned by Ada: For the audit.');
    expect(stdout).toContain(
      'To win: A FINISHED run with f1 above 0.8 (or the same, and started later), and no change',
    );
  });

  it('prints what is worth knowing of a run that may be served', async () => {
    store.addRun('adder', 'lonely');

    const { code, stdout } = await check(store.folder);

    expect(code).toBe(0);
    expect(stdout).toContain('  warning EXAMPLES_FEW: The run has one example.\n    → Record several examples');
  });

  it('tries every run, not only the best', async () => {
    store.addRun('adder', 'good', { metrics: { f1: 0.9 } });
    store.addRun('adder', 'wrong', { examples: [{ input: { a: 1, b: 1 }, output: { sum: 3 } }] });

    const { code, stdout } = await check(store.folder);

    expect(code).toBe(0);
    expect(stdout).toContain('SELF_TEST_FAILED');
  });

  it('ends with code 1 when a model has nothing to serve', async () => {
    store.addRun('adder', 'good').addModel('empty');

    const { code, stdout } = await check(store.folder);

    expect(code).toBe(1);
    expect(stdout).toContain('Nothing to serve for: empty.');
  });

  it('names the pointer and the rule of a broken card', async () => {
    store.write('adder/card.json', { ...store.readJson('adder/card.json'), task: 'guessing' });

    const { code, stdout } = await check(store.folder);

    expect(code).toBe(1);
    expect(stdout).toContain('card.json /task: must be one of "binary-classification"');
  });

  it('says so when the folder cannot be read', async () => {
    const { code, stderr } = await check(join(store.folder, 'nowhere'));

    expect(code).toBe(1);
    expect(stderr).toContain('cannot be read');
    expect(stderr).not.toMatch(/ at .*\.js/);
  });
});
